"""Rows of repeated events: which event a row waits for, and the clock that starts anew."""

from __future__ import annotations

import pandas as pd
import pytest

import journeylib as jl
from journeylib.errors import DataError

# anna buys at 2 and 5 and is watched to 9; the row from 5 is split at 7;
# ben enters late at 1, buys at 4, is away until 6, and is watched to 8
ROWS = pd.DataFrame(
    [
        ("ben", 6, 8, 0),
        ("anna", 0, 2, 1),
        ("anna", 5, 7, 0),
        ("anna", 7, 9, 0),
        ("anna", 2, 5, 1),
        ("ben", 1, 4, 1),
    ],
    columns=["who", "start", "time", "event"],
)


@pytest.fixture
def spells() -> jl.Spells:
    return jl.spells_from_frame(ROWS, start="start", id="who", unit="days")


def test_event_numbers(spells: jl.Spells) -> None:
    found = jl.event_number(spells).frame
    assert found["event_number"].tolist() == [2, 1, 3, 3, 2, 1]
    assert found["stop"].tolist() == ROWS["time"].tolist()
    assert jl.event_number(spells, at_most=2).frame["event_number"].tolist() == [2, 1, 2, 2, 2, 1]


def test_gap_times(spells: jl.Spells) -> None:
    gaps = jl.gap_time(spells)
    rows = gaps.frame[["id", "start", "stop", "cause", "event_number"]]
    assert rows.values.tolist() == [
        ["ben", 2, 4, 0, 2],
        ["anna", 0, 2, 1, 1],
        ["anna", 0, 2, 0, 3],
        ["anna", 2, 4, 0, 3],
        ["anna", 0, 3, 1, 2],
        ["ben", 1, 4, 1, 1],
    ]
    assert gaps.per == "episode" and not gaps.single
    assert "anew at each event" in gaps.clock.starts
    assert gaps.unit == "days"


def test_episodes_are_numbered_apart() -> None:
    """Two campaigns of one customer overlap; each counts its own events."""
    d = pd.DataFrame(
        {
            "id": [1, 1, 1, 1],
            "start": [0, 3, 0, 4],
            "stop": [3, 6, 4, 6],
            "cause": [1, 0, 1, 0],
            "campaign": ["a", "a", "b", "b"],
        }
    )
    base = jl.spells_from_frame(ROWS, start="start", id="who")
    both = base.with_table(d, per="campaign", single=False)
    assert jl.event_number(both).frame["event_number"].tolist() == [1, 2, 1, 2]
    assert jl.gap_time(both).frame["stop"].tolist() == [3, 3, 4, 2]
    assert jl.gap_time(both).frame["episode"].tolist() == ["a / 1", "a / 2", "b / 1", "b / 2"]


def test_refusals(spells: jl.Spells) -> None:
    with pytest.raises(DataError, match="event_number"):
        jl.event_number(jl.event_number(spells))
    with pytest.raises(DataError, match="at_most=0"):
        jl.event_number(spells, at_most=0)
