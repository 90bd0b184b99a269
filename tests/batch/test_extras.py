"""Files that a report writes beside its page: with the run, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from books import write_book

from journeylib.reporting import read_plan, run, run_batch
from journeylib.reporting.extras import keep_or_clear, offered

WRITE = (
    "import os, pathlib\n"
    "folder = pathlib.Path(os.environ['JOURNEY_RUN_FILES'])\n"
    "folder.mkdir()\n"
    "_ = (folder / 'scores.csv').write_text('customer-' + '0007')"
)
PARAMETERS = ("parameters", "cutoff = ''  # last day watched")


def test_what_a_kernel_writes_comes_with_the_run_and_is_not_shown(tmp_path: Path) -> None:
    book = write_book(tmp_path / "notebooks" / "scores.ipynb", "# Scores", PARAMETERS, WRITE)
    record = run(book, progress=False)
    assert record.verdict == "ok", record.error
    assert (record.folder / "files" / "scores.csv").read_text().count("customer-0007") == 1
    for name in ("report.html", "run.json", "run.ipynb"):
        assert "customer-0007" not in (record.folder / name).read_text()
    assert not list((tmp_path / "reports" / ".staging").glob("*"))


def test_a_run_that_fails_afterwards_leaves_no_files(tmp_path: Path) -> None:
    book = write_book(tmp_path / "notebooks" / "bad.ipynb", "# Bad", PARAMETERS, WRITE, "1 / 0")
    record = run(book, progress=False)
    assert record.verdict == "failed"
    assert (record.folder / "report.html").is_file()
    assert not (record.folder / "files").exists()


def test_a_secret_in_such_a_file_fails_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_DB", "postgres://me:open-sesame@host")
    code = WRITE.replace("'customer-' + '0007'", "os.environ['SHOP_DB']")
    assert code != WRITE
    write_book(tmp_path / "notebooks" / "leak.ipynb", "# Leak", PARAMETERS, code)
    plan = tmp_path / "reports" / "reports.toml"
    plan.parent.mkdir()
    plan.write_text('[batch]\nsecrets = ["SHOP_DB"]\n[[report]]\nid = "leak"\nnotebook = "leak"\n')
    batch = run_batch(read_plan(plan), progress=False)
    (outcome,) = batch.outcomes
    folder = next((tmp_path / "reports" / "runs" / "leak").iterdir())
    assert (outcome.record.verdict, outcome.record.error.name) == ("failed", "SecretFound")
    assert "files" in outcome.record.error.message
    assert not (folder / "files").exists()
    assert "SHOP_DB" in (folder / "run.json").read_text()


def test_no_files_are_no_matter(tmp_path: Path) -> None:
    assert offered(tmp_path) == {"JOURNEY_RUN_FILES": str(tmp_path / "files")}
    assert keep_or_clear(tmp_path, True, {"A": "secret"}) == []
    (tmp_path / "files" / "deep").mkdir(parents=True)
    (tmp_path / "files" / "deep" / "x.txt").write_text("all fine")
    assert keep_or_clear(tmp_path, True, {"A": "secret"}) == []
    assert (tmp_path / "files" / "deep" / "x.txt").is_file()
    assert keep_or_clear(tmp_path, True, {"A": "fine"}) == ["A"]
    assert not (tmp_path / "files").exists()
