"""The folder of reports: whole runs only, stable links, a lock with an owner."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from journeylib.errors import RunError
from journeylib.reporting.batch import Batch, Outcome
from journeylib.reporting.portal import NOTICE, publish, write_index
from journeylib.reporting.records import Failure, RunRecord
from journeylib.reporting.store import Store


def put(store: Store, run_id: str, verdict: str = "ok", report_id: str = "r") -> RunRecord:
    """A run as it would be stored; its page is its id."""
    error = None if verdict == "ok" else Failure("ValueError", "no row is left", 4)
    record = RunRecord(
        report_id, run_id, title=f"Title {report_id}", verdict=verdict,
        started=f"2026-01-{run_id}T00:00:00+00:00", error=error,
    )  # fmt: skip
    with store.staging() as staged:
        page = f'{NOTICE}<a href="../../../index.html">{run_id}</a>'
        (staged / "report.html").write_text(page)
        (staged / "run.ipynb").write_text("{}")
        store.commit(staged, record)
    return record


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "reports")


def test_the_latest_run_is_the_last_by_id(store: Store) -> None:
    for run_id, verdict in (("01", "ok"), ("03", "failed"), ("02", "ok")):
        put(store, run_id, verdict)
    assert [r.run_id for r in store.history("r")] == ["03", "02", "01"]
    assert store.latest_good("r").run_id == "02"
    assert store.latest("unknown") is None


def test_a_run_is_never_overwritten(store: Store) -> None:
    put(store, "01")
    with pytest.raises(OSError):
        put(store, "01")
    assert store.latest("r").run_id == "01"
    assert list((store.root / ".staging").iterdir()) == []


def test_a_folder_without_a_readable_record_is_no_run(store: Store) -> None:
    put(store, "01")
    for name, text in (("02", None), ("03", "{"), ("04", "[]"), ("05", '{"schema": 1}')):
        (store.runs / "r" / name).mkdir()
        if text is not None:
            (store.runs / "r" / name / "run.json").write_text(text)
    assert store.latest("r").run_id == "01"


def test_the_stable_link_is_a_copy_whose_links_hold(store: Store) -> None:
    put(store, "01")
    publish(store, "r")
    assert (store.root / "r.html").read_text() == f'{NOTICE}<a href="index.html">01</a>'


def test_the_link_keeps_the_last_good_page_and_says_so(store: Store) -> None:
    put(store, "01")
    put(store, "02", "failed")
    publish(store, "r")
    page = (store.root / "r.html").read_text()
    assert ">01</a>" in page
    assert "the last good report, of 1 January 2026" in page
    assert "of 2 January 2026, did not succeed" in page
    assert 'href="runs/r/02/report.html"' in page
    index = write_index(store).read_text()
    assert "Needs attention" in index
    assert "Cell 4: ValueError: no row is left" in index


def test_without_a_good_run_the_link_says_what_failed(store: Store) -> None:
    put(store, "01", "failed")
    publish(store, "r")
    assert ">01</a>" in (store.root / "r.html").read_text()


def test_history_is_bounded_but_the_last_good_run_stays(store: Store) -> None:
    for run_id in ("01", "02", "03"):
        put(store, run_id)
    for run_id in ("04", "05", "06"):
        put(store, run_id, "failed")
    store.prune("r", 2)
    assert [r.run_id for r in store.history("r")] == ["06", "05", "03"]


def test_a_retired_report_leaves_the_index_and_keeps_its_runs(store: Store) -> None:
    put(store, "01")
    put(store, "01", report_id="other")
    publish(store, "r")
    store.retire("r")
    page = write_index(store).read_text()
    assert "Title other" in page
    assert "Title r<" not in page
    assert not (store.root / "r.html").exists()
    assert store.latest("r").run_id == "01"
    store.retire("r", out=False)
    assert "Title r<" in write_index(store).read_text()


def test_the_index_escapes_what_records_say(store: Store) -> None:
    record = put(store, "01", report_id="<b>".replace("<", "x").replace(">", "y"))
    assert record.report_id == "xby"
    text = RunRecord("z", "02", title="<script>x</script>", group="<i>", started="2026-01-01")
    with store.staging() as staged:
        store.commit(staged, text)
    page = write_index(store).read_text()
    assert "<script>x" not in page
    assert "&lt;script&gt;x&lt;/script&gt;" in page
    assert "<i>" not in page


def test_what_dead_processes_left_is_cleared_and_what_living_ones_use_is_not(
    store: Store,
) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    left = store.root / ".staging" / f"{dead.pid}-abc"
    left.mkdir(parents=True)
    with store.staging() as used:
        store.clear_staging()
        assert used.is_dir()
    assert not left.exists()


def test_a_second_holder_is_told_who_holds_the_folder(store: Store) -> None:
    with store.lock(), pytest.raises(RunError, match=r"process \d+ on .+, since 20"), store.lock():
        pass
    with store.lock():
        pass


def test_a_folder_that_cannot_be_made_is_an_error_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = Store(tmp_path / "file" / "reports")
    with pytest.raises(RunError, match="cannot be written to"), store.lock():
        pass
    with pytest.raises(RunError, match="cannot be written to"), store.staging():
        pass


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        ((), 0),
        (("ok", "ok"), 0),
        (("ok", "failed"), 1),
        (("timed_out",), 1),
        (("killed", "ok"), 1),
        (("failed", "invalid"), 7),
    ],
)
def test_the_exit_code_is_by_the_worst_verdict(verdicts: tuple[str, ...], code: int) -> None:
    outcomes = tuple(Outcome("r", "new", RunRecord("r", "1", verdict=v)) for v in verdicts)
    assert Batch(outcomes, Path()).exit_code == code
