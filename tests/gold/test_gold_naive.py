"""Each shortcut errs in the direction that is known, on data where it is known."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

import journeylib as jl

Table = Callable[[str], pd.DataFrame]


def test_heart_immortal_time(shared_csv: Table) -> None:
    heart = shared_csv("classic/heart.csv.gz")
    columns = heart[["start", "stop", "event", "id", "transplant"]]
    spells = jl.spells_from_frame(columns, stop="stop", start="start", id="id")
    contrast = jl.naive_exposure(spells, "transplant")
    assert round(contrast.naive, 3) == 0.266
    assert round(contrast.value, 3) == 1.136
    assert contrast.low < 1 < contrast.high
    assert contrast.error < 0.25


@pytest.mark.parametrize("at", [30, 90, 300])
def test_online_retail_competing_outcomes(shared_csv: Table, gold, at: float) -> None:
    table = shared_csv("online_retail_survival.csv.gz")[["time", "cause"]]
    spells = jl.spells_from_frame(table, cause="cause", causes=["repeat", "cancel"], unit="days")
    result = gold("online_retail")
    times = result["aj_all"]["groups"]["all"]["time"]
    for contrast, state in zip(jl.naive_incidence(spells, at), (1, 2), strict=True):
        right = result["aj_all"]["groups"]["all"]["pstate"][times.index(at)][state]
        assert contrast.value == pytest.approx(100 * right, rel=1e-8)
        assert contrast.naive > contrast.value
    alone = result["km_naive_repeat"]["groups"]["all"]["surv"][times.index(at)]
    assert jl.naive_incidence(spells, at)[0].naive == pytest.approx(100 * (1 - alone), rel=1e-8)


def test_bpic_competing_outcomes(shared_csv: Table) -> None:
    table = shared_csv("bpic2012_survival.csv.gz")[["time", "cause"]]
    names = ["approved", "declined", "cancelled"]
    spells = jl.spells_from_frame(table, cause="cause", causes=names, unit="days")
    told = jl.naive_incidence(spells, 30)
    assert len(told) == 3
    assert all(c.error > 1 for c in told)  # percentage points
    assert sum(c.naive for c in told) > 100 > sum(c.value for c in told)


def test_oulad_delayed_entry(shared_csv: Table, gold) -> None:
    table = shared_csv("oulad_survival.csv.gz")[["entry", "exit", "event"]]
    spells = jl.spells_from_frame(table, start="entry", stop="exit", unit="days")
    result, at = gold("oulad"), 230
    right, naive = (
        result[name]["groups"]["all"]["surv"][-1]
        for name in ("km_left_truncated", "km_ignoring_truncation")
    )
    contrast = jl.naive_entry(spells, at)
    assert contrast.value == pytest.approx(100 * right, rel=1e-8)
    assert contrast.naive == pytest.approx(100 * naive, rel=1e-8)
    assert contrast.error > 0


def test_cdnow_average_of_converters(shared_csv: Table) -> None:
    table = shared_csv("cdnow_survival.csv.gz")[["time", "event"]]
    contrast = jl.naive_average(jl.spells_from_frame(table, unit="days"))
    assert contrast.naive < 120
    assert pd.isna(contrast.value)  # fewer than half come back at all
    assert "not reached" in repr(jl.contrasts(contrast))


def test_what_does_not_apply_is_left_out_or_refused() -> None:
    spells = jl.spells_from_frame(pd.DataFrame({"time": [1, 2], "event": [1, 0]}))
    assert jl.naive_entry(spells, 1) is None
    assert jl.contrasts(None, jl.naive_average(spells), None).frame["shortcut"].tolist() == [
        "average over those who got there"
    ]
    with pytest.raises(jl.errors.DataError, match="one cause only"):
        jl.naive_incidence(spells, 1)
