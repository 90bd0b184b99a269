"""A single run: from JupyterLab, from the command line, and when the world moves under it."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
import psutil
import pytest
from books import emit, write_book

from journeylib.cli import main
from journeylib.errors import PlanError, RunError
from journeylib.reporting import kernels, keys, read_plan, run, run_batch
from journeylib.reporting.execute import execute
from journeylib.reporting.store import Store

PARAMETERS = ("parameters", "days: int = 30  # horizon, days\ncutoff = ''  # last day watched")


@pytest.fixture
def book(tmp_path: Path) -> Path:
    finding = {"findings": [{"name": "median", "value": None, "low": 310.0, "high": None}]}
    return write_book(
        tmp_path / "notebooks" / "churn.ipynb",
        "# Churn\n\nHow **long** do they stay?",
        PARAMETERS,
        "print(days)",
        ("answer", emit(finding=finding, plain="f")),
    )


def test_a_run_by_name_is_a_report_with_a_stable_link(book: Path) -> None:
    record = run(book, {"days": 90, "cutoff": "2018-01-01"}, progress=False)
    reports = book.parent.parent / "reports"
    assert record.report_id == "run-churn-days-90"
    assert record.verdict == "ok"
    assert record.title == "Churn"
    assert record.parameters == {"days": 90, "cutoff": "2018-01-01"}
    assert record.findings[0]["value"] is None
    assert "not reached" in (reports / "run-churn-days-90.html").read_text()
    index = (reports / "index.html").read_text()
    assert "How long do they stay?" in index
    assert "310 to beyond follow-up" in index


def test_a_wrong_parameter_starts_nothing(book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "new_manager", None)
    with pytest.raises(PlanError, match="did you mean 'days'"):
        run(book, {"day": 90}, progress=False)
    assert not (book.parent.parent / "reports").exists()


def test_the_command_runs_and_its_code_tells(
    book: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", str(book), "-p", "days=7", "--out", str(tmp_path / "out")]) == 0
    page = Path(capsys.readouterr().out.strip())
    assert page == tmp_path / "out" / "run-churn-days-7.html"
    assert page.is_file()
    bad = write_book(book.parent / "bad.ipynb", "# Bad", "raise ValueError('no row is left')")
    assert main(["run", str(bad), "--out", str(tmp_path / "out")]) == 1
    seen = capsys.readouterr()
    assert "no row is left" in seen.err
    assert "Traceback" not in seen.err


def test_a_run_from_a_notebook_shows_a_link(book: Path) -> None:
    """As in JupyterLab: inside a kernel, where an event loop is running already."""
    outer = write_book(
        book.parent / "outer.ipynb",
        "from journeylib.reporting import run",
        "record = run('churn.ipynb', {'days': 5})\nrecord",
        "print(record.verdict)",
    )
    done = execute(outer, {})
    assert done.verdict == "ok", done.failure
    assert done.notebook.cells[2].outputs[0].text == "ok\n"
    shown = next(o for o in done.notebook.cells[1].outputs if o.output_type == "execute_result")
    assert "href='../reports/runs/run-churn-days-5/" in shown.data["text/html"]


def test_a_kernel_that_does_not_start_is_tried_once_more(
    book: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = kernels.new_manager, []

    def first_fails() -> Any:
        calls.append(1)
        if len(calls) == 1:
            raise OSError("no more processes")
        return real()

    monkeypatch.setattr(kernels, "new_manager", first_fails)
    assert execute(book, {}).verdict == "ok"
    assert len(calls) == 2


def test_a_kernel_that_never_starts_is_said_so(book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def fails() -> None:
        calls.append(1)
        raise OSError("no more processes")

    monkeypatch.setattr(kernels, "new_manager", fails)
    done = execute(book, {})
    assert (done.verdict, done.failure.name) == ("failed", "KernelStartError")
    assert "no more processes" in done.failure.message
    assert len(calls) == 2


JOURNEY = """
name = "Shop"
unit = "days"
[source]
path = "events.parquet"
[columns]
id = "customer"
at = "at"
event = "event"
[stages]
purchase = ["order"]
[window]
cutoff = "data"
[churn]
inactivity_days = 30
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A journey with its data, in a project that has a plan over it."""
    folder = tmp_path / "data" / "shop"
    folder.mkdir(parents=True)
    (folder / "journey.toml").write_text(JOURNEY)
    write_events(folder / "events.parquet", 3)
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "reports.toml").write_text(
        '[[report]]\nid = "shop"\nnotebook = "shop"\n'
    )
    write_book(
        tmp_path / "notebooks" / "shop.ipynb", "# Shop", ("parameters", "journey = 'shop'"), "1"
    )
    return tmp_path


def write_events(path: Path, n: int) -> None:
    times = pd.date_range("2026-01-01", periods=n)
    frame = pd.DataFrame({"customer": range(n), "at": times, "event": "order"})
    frame.to_parquet(path)


def test_new_data_runs_again_and_the_same_data_does_not(shop: Path) -> None:
    plan = read_plan(shop / "reports" / "reports.toml")
    (first,) = run_batch(plan, progress=False).outcomes
    assert first.verdict == "ok", first.record.error
    assert len(first.record.fingerprint) == 64
    (again,) = run_batch(plan, progress=False).outcomes
    assert (again.status, again.record.run_id) == ("skipped", first.record.run_id)
    write_events(shop / "data" / "shop" / "events.parquet", 4)
    (third,) = run_batch(plan, progress=False).outcomes
    assert third.reason == "data changed"
    assert third.record.fingerprint != first.record.fingerprint


def test_data_that_changes_during_the_run_fail_it(shop: Path) -> None:
    change = "from pathlib import Path\nimport pandas as pd\n" + (
        "path = Path('../data/shop/events.parquet')\npd.read_parquet(path)[:1].to_parquet(path)"
    )
    write_book(
        shop / "notebooks" / "shop.ipynb", "# Shop", ("parameters", "journey = 'shop'"), change
    )
    (made,) = run_batch(read_plan(shop / "reports" / "reports.toml"), progress=False).outcomes
    assert (made.verdict, made.record.error.name) == ("failed", "DataChanged")
    assert "data changed during the run" in made.record.error.message


def test_missing_data_start_no_kernel(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "new_manager", None)
    (shop / "data" / "shop" / "events.parquet").unlink()
    batch = run_batch(read_plan(shop / "reports" / "reports.toml"), progress=False)
    (made,) = batch.outcomes
    assert (made.verdict, made.record.error.name) == ("failed", "SourceError")
    assert "no data file &#39;events.parquet&#39;" in (shop / "reports" / "shop.html").read_text()
    assert batch.exit_code == 1


def test_two_batches_on_one_folder_do_not_meet(shop: Path) -> None:
    plan = read_plan(shop / "reports" / "reports.toml")
    with Store(plan.output).lock(), pytest.raises(RunError, match="another batch"):
        run_batch(plan, progress=False)
    assert not (plan.output / "index.html").exists()


def test_a_killed_batch_leaves_nothing_half_and_the_next_one_finishes_the_rest(
    shop: Path,
) -> None:
    plan = shop / "reports" / "reports.toml"
    reports = "".join(f'[[report]]\nid = "{n}"\nnotebook = "{n}"\n' for n in ("quick", "stuck"))
    reports += 'needs = ["quick"]\n'
    plan.write_text(f"[batch]\nworkers = 1\n{reports}")
    write_book(shop / "notebooks" / "quick.ipynb", "# Quick", "1")
    # sleeps in C and lets nobody else in this process run, the watch over its parent included
    stuck = "import ctypes\nopen('held', 'w').close()\nctypes.PyDLL(None).sleep(600)"
    write_book(shop / "notebooks" / "stuck.ipynb", "# Stuck", stuck)
    command = [sys.executable, "-m", "journeylib.cli", "batch", str(plan)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as batch:
        end = time.monotonic() + 120
        held, store = shop / "notebooks" / "held", Store(plan.parent)
        while not (held.exists() and store.latest("quick")):
            assert time.monotonic() < end
            assert batch.poll() is None
        below = psutil.Process(batch.pid).children(recursive=True)
        batch.kill()
    assert below
    assert psutil.wait_procs(below, 10)[1] == []
    assert [r.verdict for r in Store(plan.parent).history("quick")] == ["ok"]
    assert not (plan.parent / "runs" / "stuck").exists()
    assert list((plan.parent / ".staging").iterdir()) != []
    write_book(shop / "notebooks" / "stuck.ipynb", "# Free", "1")
    first = Store(plan.parent).latest("quick")
    # while somebody edits this package, the quick report has to run again, too
    same = first.parts["journeylib"] == keys.sources_hash()
    outcomes = {o.report_id: o for o in run_batch(read_plan(plan), progress=False).outcomes}
    assert outcomes["quick"].status == ("skipped" if same else "ok")
    assert outcomes["stuck"].status == "ok"
    assert list((plan.parent / ".staging").iterdir()) == []
    assert not list(Path(kernels._short_folder()).glob(f"jk{batch.pid}-*"))


def test_an_interrupted_batch_leaves_no_kernel_and_no_half_run(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_book(shop / "notebooks" / "shop.ipynb", "# Shop", "while True: pass")
    plan = read_plan(shop / "reports" / "reports.toml")
    begin = time.monotonic()

    def interrupt(*_: object) -> None:
        while not any(m.process for m in tuple(kernels._live)):
            assert time.monotonic() - begin < 60
        raise KeyboardInterrupt

    monkeypatch.setattr("journeylib.reporting.schedule._finished", interrupt)
    with pytest.raises(KeyboardInterrupt):
        run_batch(plan, progress=False)
    assert not kernels._live
    assert not list((plan.output / ".staging").iterdir())
