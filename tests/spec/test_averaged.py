"""The curve of everybody as the average of its groups, each weighted by its share."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

import journeylib as jl
from journeylib.errors import DataError

ROWS = {
    "start": [0, 0, 0, 2, 0, 1, 0, 0, 3, 0],
    "time": [1, 3, 5, 6, 8, 4, 2, 7, 9, 9.5],
    "event": [1, 1, 0, 1, 0, 1, 1, 0, 1, 0],
    "segment": list("aaaaabbbbb"),
}
# R: summary(survfit(Surv(time, event) ~ segment), times = 6.5)
R_SURVIVAL, R_ERROR = (0.3, 0.6), (0.238746727726, 0.219089023002)


def from_the_start(rows: dict[str, list[float]] = ROWS) -> jl.Spells:
    return jl.spells_from_frame(pd.DataFrame(rows).drop(columns="start"), unit="days")


def of_groups(spells: jl.Spells) -> jl.Curve:
    return jl.averaged(jl.survival_curve(spells, by="segment"), spells)


def test_it_is_the_weighted_mean_of_the_curves_of_r() -> None:
    found = of_groups(from_the_start()).at(6.5).iloc[0]
    between = ((0.3 - 0.45) ** 2 + (0.6 - 0.45) ** 2) / 2 / 10
    assert found["survival"] == pytest.approx(sum(R_SURVIVAL) / 2, abs=1e-12)
    assert found["std_err"] ** 2 == pytest.approx(
        (R_ERROR[0] ** 2 + R_ERROR[1] ** 2) / 4 + between, abs=1e-11
    )
    assert found["low"] < found["survival"] < found["high"]


def test_without_censoring_it_is_kaplan_meier_with_its_errors() -> None:
    drawn = np.random.default_rng(1)
    rows = {"time": drawn.exponential(9, 300).round(1) + 0.1, "event": 1}
    spells = jl.spells_from_frame(pd.DataFrame({**rows, "segment": drawn.choice(list("ab"), 300)}))
    columns = ["time", "at_risk", "entered", "events", "censored", "survival", "std_err", "low"]
    found, whole = of_groups(spells).frame[columns], jl.survival_curve(spells).frame[columns]
    last = len(whole) - 1  # where all had the event, the error of Kaplan-Meier is not a number
    pd.testing.assert_frame_equal(found[:last], whole[:last], check_exact=False, check_dtype=False)
    assert found["survival"].iloc[-1] == 0


def test_a_late_entrant_stands_for_those_who_were_gone_before() -> None:
    spells = jl.spells_from_frame(pd.DataFrame(ROWS), start="start", unit="days")
    groups = jl.survival_curve(spells, by="segment")
    # S(2) = 3/4 in a and S(1) = 1, S(3) = 3/4 in b: one late entrant each counts 4/3
    a, b = 4 + 4 / 3, 4 + 4 / 3
    at = groups.at(6.5)["survival"]
    expected = (a * at[0] + b * at[1]) / (a + b)
    assert of_groups(spells).at(6.5)["survival"][0] == pytest.approx(expected, abs=1e-12)


def test_errors_count_that_what_an_entrant_stands_for_is_an_estimate() -> None:
    spells = jl.spells_from_frame(pd.DataFrame(ROWS), start="start", unit="days")
    found, groups = of_groups(spells).at(6.5).iloc[0], jl.survival_curve(spells, by="segment")
    at = groups.at(6.5)
    whole, lean = 4 + 4 / 3, at["survival"].to_numpy() - found["survival"]
    drawn = lean**2 @ np.full(2, 4 + (4 / 3) ** 2) / (2 * whole) ** 2
    # log S at entry: one of four had the event by 2 in a, and by 3 in b, so 1 / (4 x 3)
    at_entry = np.array([1 / 12, 1 / 12])
    direct = at["std_err"].to_numpy() / 2
    entrants = lean / (2 * whole) * 4 / 3
    cross = direct**2 + entrants**2 * at_entry
    cross -= 2 * at["survival"].to_numpy() / 2 * entrants * at_entry
    assert found["std_err"] ** 2 == pytest.approx(drawn + cross.sum(), abs=1e-12)


def test_a_late_entrant_stands_for_the_lost_too() -> None:
    rows = {**ROWS, "event": [2, 1, 0, 1, 0, 1, 2, 0, 1, 0]}
    spells = jl.spells_from_frame(pd.DataFrame(rows), start="start", unit="days")
    found = jl.averaged(jl.reached(spells, by="segment"), spells).at(6.5)["survival"][0]
    a, b = jl.reached(spells, by="segment").at(6.5)["survival"]
    shares = {"a": 4 + 4 / 3, "b": 4 + 4 / 3}  # as without causes: one of four was gone by then
    expected = (shares["a"] * a + shares["b"] * b) / sum(shares.values())
    assert found == pytest.approx(expected, abs=1e-12)


def test_censoring_that_depends_on_the_group_moves_the_whole_curve_and_not_the_average() -> None:
    drawn, n = np.random.default_rng(7), 60_000
    slow = drawn.random(n) < 0.4
    waits = drawn.exponential(np.where(slow, 60, 20))
    seen = np.minimum(drawn.exponential(np.where(slow, 20, 80)), 60)
    rows = {"time": np.minimum(waits, seen), "event": waits <= seen, "segment": slow}
    spells = jl.spells_from_frame(pd.DataFrame(rows).astype({"event": int}), unit="days")
    truth = 0.4 * math.exp(-30 / 60) + 0.6 * math.exp(-30 / 20)
    found = of_groups(spells).at(30).iloc[0]
    whole = jl.survival_curve(spells).at(30).iloc[0]
    assert abs(found["survival"] - truth) < 3 * found["std_err"]
    assert abs(whole["survival"] - truth) > 10 * whole["std_err"]


def test_it_ends_where_a_group_is_out_of_sight() -> None:
    rows = {"time": [1, 2, 3, 8], "event": [1, 0, 1, 1], "segment": list("aabb")}
    found = of_groups(jl.spells_from_frame(pd.DataFrame(rows)))
    assert found.frame["time"].tolist() == [1, 2]
    assert math.isnan(found.at(3)["survival"][0])


def test_a_group_that_all_left_by_the_event_goes_on_at_zero() -> None:
    rows = {"time": [1, 2, 3, 8], "event": [1, 1, 1, 0], "segment": list("aabb")}
    found = of_groups(jl.spells_from_frame(pd.DataFrame(rows)))
    assert found.at([2, 3, 8])["survival"].tolist() == [0.5, 0.25, 0.25]


def test_competing_outcomes_are_averaged_alike() -> None:
    rows = {"time": [1, 2, 3, 4, 5, 6], "event": [1, 2, 0, 1, 2, 1], "segment": list("aaabbb")}
    spells = jl.spells_from_frame(pd.DataFrame(rows))
    groups = jl.reached(spells, by="segment")
    found = jl.averaged(groups, spells)
    each = groups.at(2.5)["survival"]
    assert found.at(2.5)["survival"][0] == pytest.approx(each.mean(), abs=1e-12)


def test_the_order_of_rows_does_not_matter() -> None:
    mixed = pd.DataFrame(ROWS).sample(frac=1, random_state=3).to_dict("list")
    found, again = (of_groups(from_the_start(rows)).frame for rows in (ROWS, mixed))
    pd.testing.assert_frame_equal(found, again)


def test_what_cannot_be_averaged_is_refused() -> None:
    spells = from_the_start()
    with pytest.raises(DataError, match="one group only"):
        jl.averaged(jl.survival_curve(spells), spells)
    other = spells.with_table(spells.frame.assign(segment="a"))
    with pytest.raises(DataError, match="not those of the curves"):
        jl.averaged(jl.survival_curve(spells, by="segment"), other)
    several = spells.with_table(spells.frame, single=False)
    with pytest.raises(DataError, match="one row a spell"):
        jl.averaged(jl.survival_curve(spells, by="segment"), several)
