"""What runs and when: needs, resume, only what failed, stale reports, values from the data."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from books import write_book

from journeylib.cli import main
from journeylib.errors import PlanError
from journeylib.reporting import Batch, Plan, read_plan, run_batch
from journeylib.reporting.batch import as_json, table
from journeylib.reporting.store import Store

READS = (
    "import os, json\nfrom pathlib import Path\n"
    "runs = Path(os.environ['JOURNEY_REPORTS'], 'runs')\n"
    "print(sorted({json.loads(p.read_text())['report_id'] for p in runs.glob('*/*/run.json')}))"
)


def project(root: Path, plan: str, **books: str) -> Path:
    for name, code in books.items():
        write_book(root / "notebooks" / f"{name}.ipynb", f"# {name}", code)
    path = root / "reports" / "reports.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(plan)
    return path


def report(name: str, notebook: str = "", more: str = "") -> str:
    return f'[[report]]\nid = "{name}"\nnotebook = "{notebook or name}"\n{more}\n'


def statuses(batch: Batch) -> dict[str, str]:
    return {o.report_id: o.status for o in batch.outcomes}


def text_of(batch: Batch, name: str) -> str:
    record = next(o.record for o in batch.outcomes if o.report_id == name)
    assert record is not None and record.folder is not None
    cells = json.loads((record.folder / "run.ipynb").read_text())["cells"]
    return "".join(t for c in cells for o in c.get("outputs", []) for t in o.get("text", []))


def needing(root: Path) -> Plan:
    plan = (
        report("summary", more='needs = ["*"]')
        + report("second", more='needs = ["first"]')
        + report("first", "count", "matrix = {x = [1, 2]}")
        + report("bad")
    )
    path = project(root, plan, summary=READS, second=READS, bad="1 / 0")
    write_book(root / "notebooks" / "count.ipynb", "# c", ("parameters", "x = 0"), "print(x)")
    return read_plan(path)


def test_reports_run_after_those_whose_records_they_read(tmp_path: Path) -> None:
    plan = needing(tmp_path)
    needs = {job.id: job.needs for job in plan.jobs}
    assert needs["summary"] == ("second", "first-1", "first-2", "bad")
    assert needs["second"] == ("first-1", "first-2")
    batch = run_batch(plan, workers=3, progress=False)
    assert text_of(batch, "second").count("first-") == 2
    assert text_of(batch, "summary") == "['bad', 'first-1', 'first-2', 'second']\n"
    assert statuses(batch)["bad"] == "failed"
    write_book(tmp_path / "notebooks" / "bad.ipynb", "# good", "1")
    assert statuses(run_batch(plan, only=("bad",), progress=False)) == {"bad": "ok"}
    planned = {o.report_id: o.reason for o in run_batch(plan, dry_run=True).outcomes}
    assert planned == {
        "summary": "a report it needs is newer", "second": "", "first-1": "", "first-2": "",
        "bad": "",
    }  # fmt: skip
    again = statuses(run_batch(plan, progress=False))
    assert again.pop("summary") == "ok"
    assert set(again.values()) == {"skipped"}
    assert set(statuses(run_batch(plan, progress=False)).values()) == {"skipped"}


@pytest.mark.parametrize(
    ("needs", "words"),
    [
        ({"a": "b", "b": "a"}, "need each other: a -> b -> a|need each other: b -> a -> b"),
        ({"a": "bb", "b": "*"}, "'bb', which is no report(.|\n)*did you mean 'b'"),
    ],
)
def test_needs_that_cannot_be_met_are_an_error(
    tmp_path: Path, needs: dict[str, str], words: str
) -> None:
    plan = "".join(report(k, "x", f'needs = ["{v}"]') for k, v in needs.items())
    with pytest.raises(PlanError, match=words):
        read_plan(project(tmp_path, plan, x="1"))


def test_a_failure_keeps_the_last_good_report_and_marks_it_stale(tmp_path: Path) -> None:
    path = project(tmp_path, report("a") + report("b"), a="1", b="1")
    assert run_batch(read_plan(path), progress=False).exit_code == 0
    write_book(tmp_path / "notebooks" / "a.ipynb", "# a", "1 / 0")
    batch = run_batch(read_plan(path), progress=False)
    made = next(o for o in batch.outcomes if o.report_id == "a")
    assert (made.status, made.stale, batch.exit_code) == ("failed", True, 1)
    assert made.shown is not None and made.shown.ok
    assert "is kept)" in table(batch) and "1 stale" in table(batch)
    (told, other) = as_json(batch)["reports"]
    assert (told["stale"], told["shown"]) == (True, made.shown.run_id)
    assert other["stale"] is False


def test_only_what_failed(tmp_path: Path) -> None:
    path = project(tmp_path, report("a") + report("b"), a="1 / 0", b="1")
    run_batch(read_plan(path), progress=False)
    batch = run_batch(read_plan(path), only_failed=True, force=True, progress=False)
    assert statuses(batch) == {"a": "failed"}
    assert "b" in Store(path.parent).report_ids()


def test_a_stopped_batch_is_resumed_where_it_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = "[batch]\nworkers = 1\n" + report("a") + report("b") + report("c")
    # the last one takes so long that it is still at work when the batch is stopped
    path = project(tmp_path, plan, a="1", b="1 / 0", c="import time; time.sleep(5)")
    run_batch(read_plan(path), progress=False)

    def stopping(*_: object) -> None:
        if len(list(Store(path.parent).history("b"))) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr("journeylib.reporting.progress.Bar.finished", stopping)
    with pytest.raises(KeyboardInterrupt):
        run_batch(read_plan(path), force=True, progress=False)
    monkeypatch.undo()
    assert len(list(Store(path.parent).history("c"))) == 1
    planned = {o.report_id: o.reason for o in run_batch(
        read_plan(path), resume=True, dry_run=True).outcomes}  # fmt: skip
    assert planned == {"a": "", "b": "", "c": "forced"}
    assert main(["batch", str(path), "--resume", "--json"]) == 0
    done = {r["id"]: r["status"] for r in json.loads(capsys.readouterr().out)["reports"]}
    assert done == {"a": "skipped", "b": "skipped", "c": "ok"}
    # it came to its end: there is nothing to resume, and what failed is tried again
    assert statuses(run_batch(read_plan(path), resume=True, dry_run=True))["b"] == "would run"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = tmp_path / "data" / "shop"
    folder.mkdir(parents=True)
    (folder / "journey.toml").write_text(
        'name = "Shop"\nunit = "days"\n[source]\npath = "events.parquet"\n[columns]\n'
        'id = "id"\nat = "at"\nevent = "event"\nchannel = "medium"\n'
        '[stages]\npurchase = ["order"]\n[window]\ncutoff = "data"\n'
        "[churn]\ninactivity_days = 30\n"
    )
    sizes = {"mail": 30, "search": 50, "tiny": 3, "radio": 40}
    rows = [(f"{m}{k}", m) for m, n in sizes.items() for k in range(n)] * 2
    frame = pd.DataFrame(rows, columns=["id", "medium"])
    frame["at"] = pd.Timestamp("2026-01-01") + pd.to_timedelta(range(len(frame)), unit="h")
    frame.assign(event="order").to_parquet(folder / "events.parquet")
    write_book(
        tmp_path / "notebooks" / "n.ipynb",
        ("parameters", "journey = 'shop'\nsegment = ''"),
        "print(segment)",
    )
    return tmp_path


def each(entry: str) -> str:
    more = f'parameters = {{journey = "shop"}}\nmatrix = {{segment = {entry}}}'
    return report("r", "n", more)


def test_values_from_the_data_the_largest_first_without_small_groups(shop: Path) -> None:
    plan = read_plan(project(shop, each('"each:channel"')))
    assert [job.parameters["segment"] for job in plan.jobs] == ["search", "radio", "mail"]
    assert [job.id for job in plan.jobs] == ["r-search", "r-radio", "r-mail"]
    capped = read_plan(project(shop, each('{each = "medium", most = 3, least = 1}')))
    assert [job.parameters["segment"] for job in capped.jobs] == ["search", "radio", "mail"]
    capped = read_plan(project(shop, each('{each = "channel", least = 1, most = 9}')))
    assert [job.parameters["segment"] for job in capped.jobs][-1] == "tiny"


def test_values_from_the_data_have_as_many_customers_as_the_report_may_show(shop: Path) -> None:
    def segments(minimum: int, entry: str = '"each:channel"') -> list[str]:
        more = f'parameters = {{journey = "shop", minimum = {minimum}}}'
        text = report("r", "n", f"{more}\nmatrix = {{segment = {entry}}}")
        return [job.parameters["segment"] for job in read_plan(project(shop, text)).jobs]

    assert segments(35) == ["search", "radio"]
    assert segments(2) == ["search", "radio", "mail", "tiny"]
    assert segments(35, '{each = "channel", least = 20}') == ["search", "radio", "mail"]


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ('"each:chanel"', "no column 'chanel'"),
        ('"each:"', "need a column"),
        ('{each = "channel", most = 0}', "whole numbers"),
        ('{each = "channel", top = 3}', "whole numbers"),
        ('{each = "channel", least = 1000}', "no value of 'channel' has 1000 customers"),
    ],
)
def test_values_that_cannot_be_had(shop: Path, entry: str, words: str) -> None:
    with pytest.raises(PlanError, match=words):
        read_plan(project(shop, each(entry)))
