"""The project's own plan from raw sample data to pages, with the figures that R gives."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from journeylib.reporting import run_batch

FIGURES = {
    "second-purchase": ["23,570", "11,516 events", "37.5%"],
    "churn-after-silence": ["23,570", "21,788 events"],
    "coupon-by-campaign-type": ["5,657", "746 events", "3,647", "511 events", "14.0%"],
}


def test_every_report_of_the_plan_is_there_and_ok(sample_batch: Any) -> None:
    plan, batch = sample_batch
    assert {o.report_id: o.verdict for o in batch.outcomes} == {j.id: "ok" for j in plan.jobs}
    assert Counter(j.group for j in plan.jobs).keys() >= {"The Complete Journey", "CDNOW"}
    assert len(plan.jobs) >= 8
    for job in plan.jobs:
        assert (plan.output / f"{job.id}.html").stat().st_size < 1.5e6
        assert f"{job.id}.html" in (plan.output / "index.html").read_text()


@pytest.mark.parametrize("report", FIGURES)
def test_the_figures_of_r_are_visible(sample_batch: Any, report: str) -> None:
    plan, _ = sample_batch
    page = re.sub(r"<[^>]+>", " ", (plan.output / f"{report}.html").read_text())
    for figure in FIGURES[report]:
        assert figure in page


def test_a_second_batch_runs_nothing(sample_batch: Any) -> None:
    plan, _ = sample_batch
    before = runs(plan.output)
    batch = run_batch(plan, progress=False)
    assert {o.reason for o in batch.outcomes} == {""}
    assert runs(plan.output) == before


def test_pages_carry_no_customer_id_and_no_machine_path(sample_batch: Any) -> None:
    plan, _ = sample_batch
    for page in plan.output.glob("*.html"):
        text = page.read_text()
        assert str(Path.home()) + "/" not in text
        assert str(plan.root) not in text
        assert "household_id</th>" not in text and "customer_id</th>" not in text


def runs(folder: Path) -> set[str]:
    return {str(p.relative_to(folder)) for p in (folder / "runs").glob("*/*/run.json")}
