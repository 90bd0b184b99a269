"""What the notebook on repeat purchases says of CDNOW is what R says, number by number."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cells import run_cells

import journeylib as jl

Gold = Callable[[str], dict[str, Any]]


@pytest.fixture(scope="module")
def told(samples: Path) -> dict[str, Any]:
    """All names of the notebook, run with the parameters of the plan."""
    return run_cells("08_after_purchase", amount="value", horizon=180.0)


def found(told: dict[str, Any], name: str) -> Any:
    (one,) = [f for f in told["answer"] if f.name == name]
    return one


def test_the_mean_number_of_repeat_purchases(told: dict[str, Any], gold: Gold) -> None:
    r = gold("cdnow")["mean_cumulative_function"]
    at = told["count"].at(r["time"])
    assert at["mean_count"].to_numpy() == pytest.approx(r["mcf"], rel=1e-8)
    assert at["std_err"].to_numpy() == pytest.approx(r["robust_se"], rel=1e-8)
    assert at["at_risk"].tolist() == r["n_risk"]
    one = found(told, "purchase: times per customer within 180 days")
    place = r["time"].index(180)
    assert one.value == pytest.approx(r["mcf"][place], rel=1e-8)
    assert one.std_err == pytest.approx(r["robust_se"][place], rel=1e-8)
    assert one.n == 23_570


def test_the_first_repeat_purchase(told: dict[str, Any], gold: Gold) -> None:
    r = gold("cdnow")["km_second"]["groups"]["all"]
    one = found(told, "reach the second purchase within 180 days")
    place = r["time"].index(180)
    assert one.value == pytest.approx(100 * (1 - r["surv"][place]), rel=1e-8)
    assert one.low == pytest.approx(100 * (1 - r["upper_loglog"][place]), rel=1e-8)
    assert one.high == pytest.approx(100 * (1 - r["lower_loglog"][place]), rel=1e-8)
    assert one.std_err == pytest.approx(100 * r["std_err"][place], rel=1e-8)


@pytest.mark.parametrize(
    ("name", "entry"),
    [
        ("hazard ratio for purchase, first amount (log)", "andersen_gill"),
        ("hazard ratio for purchase, last amount (log) (since the start)", "pwp_total"),
        ("hazard ratio for purchase, last amount (log) (since the last return)", "pwp_gap"),
    ],
)
def test_recurrent_models(told: dict[str, Any], gold: Gold, name: str, entry: str) -> None:
    r, one = gold("cdnow")[entry], found(told, name)
    assert math.log(one.value) == pytest.approx(r["coef"], rel=1e-5)
    assert one.std_err == pytest.approx(r["robust_se"], rel=1e-5)
    assert (one.low, one.high) == pytest.approx((r["hr_lower"], r["hr_upper"]), rel=1e-5)
    assert one.events == r["events"]


def test_two_equal_lines_of_one_day_are_two_items(samples: Path) -> None:
    """Left out as duplicates they would lower what was spent on that day."""
    log = jl.open_log(jl.read_journey("cdnow"))
    assert log.audit.dropped["exact duplicate of another row"] == 255
    spells = jl.repeats(log, "purchase")
    whole = jl.with_exposure(spells, log, "purchase", "spent", "value", together="sum").frame
    rows = log.rows.to_pandas()
    first = rows.groupby("id")["at"].transform("min") == rows["at"]
    spent = rows[first].groupby("id")["value"].sum()
    begun = whole[whole["start"] == 0].drop_duplicates("id").set_index("id")["spent"]
    assert (begun - spent.reindex(begun.index)).abs().max() < 1e-9
