"""The brief in a batch: it runs last, and again when what it read says something else."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from books import emit, write_book

from journeylib.reporting import read_plan, run_batch
from journeylib.reporting.records import RunRecord, collect_checks

ROOT = Path(__file__).resolve().parents[2]
LEDGER = "application/vnd.journey.ledger+json"
CHECK = {"assumption": "no holes", "verdict": "warned", "seen": "1.", "follows": "Ask."}


def share(value: float) -> dict[str, Any]:
    return {"findings": [{"name": "bought", "value": value, "low": value - 2, "high": value + 2,
                          "unit": "%", "std_err": 1.0, "n": 900, "events": 90}]}  # fmt: skip


def write_shares(root: Path, value: float) -> None:
    bundle = {LEDGER: {"checks": [CHECK]}}
    ledger = f"from IPython.display import display\ndisplay({bundle!r}, raw=True)"
    book = root / "notebooks" / "shares.ipynb"
    write_book(
        book, "# Shares\n\nHow many?", ("ledger", ledger), ("answer", emit(finding=share(value)))
    )


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    write_shares(tmp_path, 30.0)
    write_book(tmp_path / "notebooks" / "bad.ipynb", "# Bad", "1 / 0")
    shutil.copyfile(
        ROOT / "notebooks" / "11_brief.ipynb", tmp_path / "notebooks" / "11_brief.ipynb"
    )
    path = tmp_path / "reports" / "reports.toml"
    path.parent.mkdir()
    path.write_text(
        '[[report]]\nid = "brief"\nnotebook = "11_brief"\nneeds = ["*"]\n'
        '[[report]]\nid = "shares"\nnotebook = "shares"\n[[report]]\nid = "bad"\nnotebook = "bad"\n'
    )
    return path


def made(batch: Any, name: str) -> RunRecord:
    return next(o.record for o in batch.outcomes if o.report_id == name)


def ran(batch: Any) -> set[str]:
    return {o.report_id for o in batch.outcomes if o.reason}


def test_the_brief_reads_what_the_others_said(plan: Path) -> None:
    batch = run_batch(read_plan(plan), progress=False)
    brief = made(batch, "brief")
    assert brief.verdict == "ok", brief.error
    assert made(batch, "shares").checks == (CHECK,)
    told = {f["name"]: f["value"] for f in brief.findings}
    assert told["reports that succeeded"] == 1 and told["assumptions that warn"] == 1
    page = (plan.parent / "brief.html").read_text()
    for text in ("bought", "no holes", "What stopped the report", "ZeroDivisionError"):
        assert text in page
    # what was found leads to the report that found it, from the stable page and from the run's
    assert '<a href="shares.html">Shares</a></th>' in page
    whole = (brief.folder / "report.html").read_text()
    assert '<a href="../../../shares.html">Shares</a></th>' in whole

    # nothing new is said: only what failed is tried again, and the brief after it
    again = run_batch(read_plan(plan), progress=False)
    assert "shares" not in ran(again)
    assert made(again, "brief").key == brief.key

    # something else is said: its key changes
    write_shares(plan.parent.parent, 41.0)
    third = run_batch(read_plan(plan), progress=False)
    assert {"shares", "brief"} <= ran(third)
    assert made(third, "brief").key != brief.key
    assert made(third, "brief").parts["needed reports"] != brief.parts["needed reports"]


def test_checks_of_a_notebook_are_those_that_warned_or_failed() -> None:
    checks = [{**CHECK, "verdict": v} for v in ("passed", "warned", "failed", "odd")]
    output = {"data": {LEDGER: {"checks": [*checks, "no check", checks[1]]}}}
    cell = {
        "metadata": {"tags": ["ledger"]},
        "outputs": [output, {"data": {LEDGER: {"checks": 3}}}],
    }
    untagged = {"metadata": {}, "outputs": [output]}
    assert [c["verdict"] for c in collect_checks({"cells": [cell, untagged]})] == [
        "warned",
        "failed",
    ]
