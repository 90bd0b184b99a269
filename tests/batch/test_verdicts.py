"""One batch over notebooks that end in every possible way: the verdict of each is the truth."""

from __future__ import annotations

import json
import threading

import nbformat
import pytest
from books import emit, write_book
from processes import left

from journeylib.reporting import Batch, Plan, read_plan, run_batch
from journeylib.reporting.batch import as_json, table

ATTACK = "<script>document.title='owned'</script><img src=x onerror=alert(1)>{{7*7}}"
PARAMETERS = ("parameters", "days: int = 30  # horizon, days\nlabel = 'x'  # what is shown")
FINDING = {"findings": [{"name": f"share {ATTACK}", "value": 14.0, "low": 12.9, "high": 15.2,
                         "unit": "%", "n": 3647, "events": 604, "group": ATTACK}]}  # fmt: skip

BOOKS = {
    "ok": (
        f"# Time to purchase {ATTACK}\n\nHow long? {ATTACK}",
        PARAMETERS,
        "from pathlib import Path\nimport os\nprint(days, label, Path.cwd().name)",
        emit(html=f"<table class='journey'><tr><th>{ATTACK}</th></tr></table>", plain="t"),
        emit(markdown=f"**Of 100** {ATTACK}", plain="t"),
        "print(os.environ['OMP_NUM_THREADS'])",
        ("answer", emit(finding=FINDING, plain="f")),
        ("provenance", emit(provenance={"data": {"name": ATTACK}}, plain="p")),
    ),
    "raises": ("# Raises\n\nWhy?", PARAMETERS, "1 + 1", "raise ValueError('no <row> is left')"),
    "exits": ("# Exits", "import sys\nsys.exit(0)", "1 + 1"),
    "dies": ("# Dies", "import os\nos._exit(1)"),
    "is_killed": ("# Killed", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"),
    "faults": ("# Faults", "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)"),
    "hangs": ("# Hangs", "import signal\nsignal.signal(2, signal.SIG_IGN)", "while True: pass"),
    "slow_cell": ("# Slow", "1 + 1", "import threading\nthreading.Event().wait(600)"),
    "expected": ("# Expected", ("raises-exception", "1 / 0"), "1 + 1"),
}
PLAN = """
[batch]
timeout = 60
workers = 2
[[report]]
id = "ok"
notebook = "ok"
group = "Group <script>"
title = "Title {label}"
parameters = { days = 90 }
matrix = { label = ["one", "two <b>"] }
[[report]]
id = "hangs"
notebook = "hangs"
timeout = 4
[[report]]
id = "slow"
notebook = "slow_cell"
cell_timeout = 1
[[report]]
id = "typo"
notebook = "ok"
parameters = { dayz = 3 }
[[report]]
id = "ill-typed"
notebook = "ok"
parameters = { days = "three" }
"""
PLAIN = ("raises", "exits", "dies", "is_killed", "faults", "expected")


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Plan, Batch]:
    root = tmp_path_factory.mktemp("project")
    for name, cells in BOOKS.items():
        write_book(root / "notebooks" / f"{name}.ipynb", *cells)
    (root / "notebooks" / "torn.ipynb").write_text('{"cells": [')
    path = root / "reports" / "reports.toml"
    path.parent.mkdir()
    more = (f'[[report]]\nid = "{n}"\nnotebook = "{n}"\n' for n in (*PLAIN, "torn"))
    path.write_text(PLAN + "".join(more))
    plan = read_plan(path)
    return plan, run_batch(plan, progress=False)


def outcome(done: tuple[Plan, Batch], name: str):  # type: ignore[no-untyped-def]
    return next(o for o in done[1].outcomes if o.report_id == name)


@pytest.mark.parametrize(
    ("name", "verdict", "error", "cell", "words"),
    [
        ("ok-one", "ok", None, None, ""),
        ("ok-two-b", "ok", None, None, ""),
        ("expected", "ok", None, None, ""),
        ("raises", "failed", "ValueError", 4, "no <row> is left"),
        ("exits", "failed", "SystemExit", 2, "ended itself early"),
        ("dies", "killed", "DeadKernel", 2, "exit code 1"),
        ("is_killed", "killed", "DeadKernel", 2, "SIGKILL"),
        ("faults", "killed", "DeadKernel", 2, "SIGSEGV"),
        ("hangs", "timed_out", "Timeout", 3, "4 seconds"),
        ("slow", "timed_out", "CellTimeout", 3, "1 seconds"),
        ("typo", "invalid", "PlanError", None, "did you mean 'days'?"),
        ("ill-typed", "invalid", "PlanError", None, "'days' must be int"),
        ("torn", "invalid", "PlanError", None, "cannot be read"),
    ],
)
def test_the_verdict_is_the_truth(
    done: tuple[Plan, Batch], name: str, verdict: str, error: str | None, cell: int, words: str
) -> None:
    record = outcome(done, name).record
    assert record.verdict == verdict
    assert (record.error.name if record.error else None) == error
    if record.error:
        assert record.error.cell == cell
        assert words in record.error.message
        assert record.findings == ()


def test_each_run_is_whole_and_has_a_page_of_its_own(done: tuple[Plan, Batch]) -> None:
    plan, batch = done
    for made in batch.outcomes:
        folder = plan.output / "runs" / made.report_id / made.record.run_id
        names = {p.name for p in folder.iterdir()}
        assert names == {"run.ipynb", "report.html", "run.json"}
        assert (plan.output / f"{made.report_id}.html").is_file()
        assert json.loads((folder / "run.json").read_text())["verdict"] == made.verdict
    assert list((plan.output / ".staging").iterdir()) == []


def test_a_failed_page_says_what_failed_and_how_to_rerun(done: tuple[Plan, Batch]) -> None:
    page = (done[0].output / "raises.html").read_text()
    assert "stopped with an error in cell 4 of the notebook" in page
    assert "no &lt;row&gt; is left" in page
    assert "journey run notebooks/raises.ipynb" in page
    before, _, after = page.partition("<details")
    assert "Traceback" not in before
    assert "Traceback" in after


def test_a_fault_in_c_code_leaves_its_last_words(done: tuple[Plan, Batch]) -> None:
    error = outcome(done, "faults").record.error
    assert "Segmentation fault" in error.traceback


def test_the_index_shows_every_report_and_failures_first(done: tuple[Plan, Batch]) -> None:
    page = (done[0].output / "index.html").read_text()
    places = [page.index(f'href="{o.report_id}.html"') for o in done[1].outcomes]
    assert page.index("Needs attention") < min(places)
    bad = [p for p, o in zip(places, done[1].outcomes, strict=True) if o.verdict != "ok"]
    good = [p for p, o in zip(places, done[1].outcomes, strict=True) if o.verdict == "ok"]
    assert max(bad) < min(good)
    assert "14.0%" in page
    assert "12.9 to 15.2" in page


def test_parameters_arrive_and_the_kernel_runs_beside_its_notebook(
    done: tuple[Plan, Batch],
) -> None:
    folder = outcome(done, "ok-one").record.folder
    text = "".join(
        output.get("text", "")
        for cell in nbformat.read(folder / "run.ipynb", as_version=4).cells
        for output in cell.get("outputs", [])
    )
    assert text == "90 one notebooks\n1\n"
    assert outcome(done, "ok-one").record.parameters == {"days": 90, "label": "one"}
    assert outcome(done, "ok-one").record.rerun == (
        "journey run notebooks/ok.ipynb -p days=90 -p label=one"
    )


def test_attacks_are_shown_and_not_run(done: tuple[Plan, Batch]) -> None:
    for name in ("ok-one.html", "ok-two-b.html", "index.html"):
        page = (done[0].output / name).read_text()
        assert page.count("<script") == page.count("</script>") == 1
        assert "<img src=x" not in page
        assert "&lt;script&gt;" in page
        assert "{{7*7}}" in page


def test_the_exit_code_and_the_table_tell(done: tuple[Plan, Batch]) -> None:
    assert done[1].exit_code == 7
    text = table(done[1])
    assert "cell 4: ValueError: no <row> is left" in text
    assert "3 ok, 2 timed out, 3 not started, 2 failed, 3 stopped" in text
    told = as_json(done[1])
    assert told["exit_code"] == 7
    assert json.loads(json.dumps(told))["reports"][0]["status"] == "ok"


def test_no_process_and_no_thread_is_left(done: tuple[Plan, Batch]) -> None:
    assert left(named="ipykernel_launcher") == []
    assert left(named="forkserver") == []
    assert not [t for t in threading.enumerate() if t.name.startswith("report")]


def test_a_second_batch_runs_what_failed_and_nothing_else(done: tuple[Plan, Batch]) -> None:
    plan, first = done
    names = ("ok", "expected", "raises")
    again = run_batch(plan, only=names, progress=False)
    status = {o.report_id: o.status for o in again.outcomes}
    assert status == {
        "ok-one": "skipped", "ok-two-b": "skipped", "expected": "skipped", "raises": "failed",
    }  # fmt: skip
    for made in again.outcomes:
        same = made.record.run_id == outcome(done, made.report_id).record.run_id
        assert same == (made.report_id != "raises")
    assert again.exit_code == 1
    planned = {o.report_id: o.reason for o in run_batch(plan, dry_run=True).outcomes}
    assert planned["ok-one"] == ""
    assert planned["raises"] == "last run failed"
    assert first.index.is_file()


def test_forcing_makes_a_new_run_beside_the_old_one(done: tuple[Plan, Batch]) -> None:
    plan, _ = done
    old = outcome(done, "expected").record
    (new,) = run_batch(plan, only=("expected",), force=True, progress=False).outcomes
    assert new.record.run_id > old.run_id
    assert (old.folder / "report.html").is_file()


def test_changed_code_runs_again_and_says_why(done: tuple[Plan, Batch]) -> None:
    plan, _ = done
    write_book(plan.root / "notebooks" / "expected.ipynb", "# Expected", "2 + 2")
    (made,) = run_batch(plan, only=("expected",), dry_run=True).outcomes
    assert made.reason == "code changed"
    write_book(plan.root / "notebooks" / "expected.ipynb", *BOOKS["expected"])
    (made,) = run_batch(plan, only=("expected",), dry_run=True).outcomes
    assert made.reason == ""
