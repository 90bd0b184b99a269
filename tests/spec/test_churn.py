"""churn: silence and end events as literal tables, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cases import CHURN, Case
from logs import as_table, expected_table, open_rows

import journeylib as jl
from journeylib.errors import DataError


@pytest.mark.parametrize("case", CHURN, ids=str)
def test_rule(case: Case, tmp_path: Path) -> None:
    spells = jl.churn(open_rows(tmp_path, case.log, **case.file), **case.ask)
    names, rows = expected_table(case.spells)
    assert as_table(spells.frame, names) == rows
    assert {k: n for k, n in spells.audit.dropped.items() if n} == case.dropped
    assert dict(spells.audit.notes) == case.notes
    assert spells.causes == ("churn",)


def test_the_clock_in_words(tmp_path: Path) -> None:
    case = CHURN[0]
    clock = jl.churn(open_rows(tmp_path, case.log, **case.file)).clock
    assert clock.starts == "at the customer's first activity (purchase)"
    assert clock.stops.startswith("at 10 days of silence")


LOG = "id at event\na 2020-01-05 purchase"


def test_churn_that_nobody_defined(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="what churn is has not been said"):
        jl.churn(open_rows(tmp_path, LOG))


@pytest.mark.parametrize("days", [0, -1, float("nan"), float("inf"), "90", True])
def test_days_that_are_none(tmp_path: Path, days: object) -> None:
    with pytest.raises(DataError, match="inactivity_days cannot be"):
        jl.churn(open_rows(tmp_path, LOG), inactivity_days=days)  # type: ignore[arg-type]


@pytest.mark.parametrize("days", [np.int64(5), np.float32(5), np.int8(5)])
def test_days_of_an_array(tmp_path: Path, days: float) -> None:
    log = open_rows(tmp_path, LOG)
    expected = jl.churn(log, inactivity_days=5).frame
    pd.testing.assert_frame_equal(jl.churn(log, inactivity_days=days).frame, expected)
    ways = {"lost": days}
    lost = jl.exits(log, origin="purchase", causes=ways).frame  # type: ignore[arg-type]
    assert lost["stop"].tolist() == expected["stop"].tolist() == [5.0]


def test_activity_that_does_not_exist(tmp_path: Path) -> None:
    log = open_rows(tmp_path, LOG, churn={"inactivity_days": 5, "activity": ["basket"]})
    with pytest.raises(DataError, match="no event, derived event or stage is called 'basket'"):
        jl.churn(log)


def test_where_nobody_pays_any_more_a_customer_is_worth_nothing(tmp_path: Path) -> None:
    """What was paid at the very start of the clock is before it; somebody leaves all the same."""
    log = open_rows(tmp_path, LOG.replace("event", "event value") + " 20\nb 2020-01-20 purchase 5",
                    churn={"inactivity_days": 5, "activity": ["purchase"]})  # fmt: skip
    worth = jl.lifetime_value(jl.churn(log), log, 10, event="purchase").frame.iloc[0]
    assert (worth["n"], worth["events"], worth["value"]) == (2, 0, 0.0)
    assert np.isnan(worth["low"]) and np.isnan(worth["high"])
