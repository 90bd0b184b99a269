"""Who is at risk, enters, is censored and has an event, and when: literal tables in, counts out.

Every table is counted twice: from rows in memory and from a lazy table, where
the database groups them.
"""

from __future__ import annotations

from itertools import count

import ibis
import numpy as np
import pandas as pd
import pytest

import journeylib as jl
from journeylib.errors import DataError

NUMBER = count()
COLUMNS = ["time", "at_risk", "entered", "events", "censored"]


@pytest.fixture(scope="module")
def database():
    return ibis.duckdb.connect()


@pytest.fixture(params=["memory", "database"])
def where(request, database):
    """Spells as they are, or over a lazy table with the same rows."""

    def place(spells: jl.Spells) -> jl.Spells:
        if request.param == "memory":
            return spells
        name = f"spells_{next(NUMBER)}"
        return spells.with_table(database.create_table(name, spells.frame))

    return place


def spells(text: str, **options: object) -> jl.Spells:
    head, *lines = [line.split() for line in text.strip().splitlines()]
    df = pd.DataFrame(lines, columns=head).replace({"-": None})
    words = {"channel", "offer", "size"}
    df = df.astype({name: float for name in df if name not in words})
    names = {"stop": "stop", "cause": "cause"}
    names |= {name: name for name in ("id", "start") if name in df}
    return jl.spells_from_frame(df, **names, **options)


def counts(found: jl.Spells, by: object = None) -> list[tuple]:
    frame = jl.risk_table(found, by).frame
    return list(frame[COLUMNS].astype(int).itertuples(index=False, name=None))


def test_events_come_before_censoring_and_ties_are_one_row(where):
    found = spells("""
        stop cause
        3    1
        3    0
        3    1
        5    0
    """)
    #                             time risk in ev cens
    assert counts(where(found)) == [(3, 4, 0, 2, 1), (5, 1, 0, 0, 1)]


def test_a_zero_duration_is_at_risk_at_zero(where):
    found = spells("""
        stop cause
        0    1
        0    0
        2    1
    """)
    assert counts(where(found)) == [(0, 3, 0, 1, 1), (2, 1, 0, 1, 0)]


def test_whoever_enters_at_t_is_not_at_risk_at_t(where):
    found = spells("""
        start stop cause
        0     4    1
        2     4    0
        4     6    1
    """)
    assert counts(where(found)) == [(2, 1, 1, 0, 0), (4, 2, 1, 1, 1), (6, 1, 0, 1, 0)]


def test_nobody_may_be_at_risk_for_a_while(where):
    found = spells("""
        start stop cause
        1     2    1
        5     6    1
    """)
    assert counts(where(found)) == [
        (1, 0, 1, 0, 0),
        (2, 1, 0, 1, 0),
        (5, 0, 1, 0, 0),
        (6, 1, 0, 1, 0),
    ]


def test_a_split_of_one_stay_neither_enters_nor_is_censored(where):
    whole = spells("""
        id start stop cause
        1  0     9    1
        2  3     7    0
    """)
    split = spells("""
        id start stop cause
        1  0     4    0
        1  4     5    0
        1  5     9    1
        2  3     6    0
        2  6     7    0
    """)
    assert counts(where(split)) == counts(where(whole))


def test_a_pause_is_a_censoring_and_an_entry(where):
    found = spells("""
        id start stop cause
        1  0     4    0
        1  6     9    1
        2  0     9    0
    """)
    assert counts(where(found)) == [(4, 2, 0, 0, 1), (6, 1, 1, 0, 0), (9, 2, 0, 1, 1)]


def test_a_repeated_event_leaves_its_customer_at_risk(where):
    found = spells("""
        id start stop cause
        1  0     2    1
        1  2     5    1
        1  5     6    0
        2  0     6    0
    """)
    assert counts(where(found)) == [(2, 2, 0, 1, 0), (5, 2, 0, 1, 0), (6, 2, 0, 0, 2)]


def test_changing_the_group_leaves_one_and_enters_the_other(where):
    found = spells("""
        id start stop cause offer
        1  0     4    0     no
        1  4     9    1     yes
        2  0     9    0     no
    """)
    frame = jl.risk_table(where(found), "offer").frame
    assert frame[["group", *COLUMNS]].values.tolist() == [
        ["no", 4, 2, 0, 0, 1],
        ["no", 9, 1, 0, 0, 1],
        ["yes", 4, 0, 1, 0, 0],
        ["yes", 9, 1, 0, 1, 0],
    ]


def test_overlapping_episodes_of_one_customer_are_apart(where):
    found = spells("""
        stop cause id2 campaign
        4    1     1   10
        9    0     1   11
    """)
    table = found.frame.rename(columns={"id": "row"}).rename(columns={"id2": "id"})
    found = found.with_table(table, per="campaign")
    assert counts(where(found)) == [(4, 2, 0, 1, 0), (9, 1, 0, 0, 1)]
    assert jl.survival_curve(where(found)).about["n"] == 2
    assert jl.survival_curve(where(found)).about["ids"] == 1


def test_causes_are_counted_apart(where):
    found = spells("""
        stop cause
        1    2
        1    1
        2    0
        2    2
    """)
    frame = jl.risk_table(where(found)).frame
    assert frame[["events", "cause_1", "cause_2"]].values.tolist() == [[2, 1, 1], [1, 0, 1]]


@pytest.mark.parametrize("scale", [1.0, 0.1])
def test_groups_are_texts_in_order_with_missing_last(where, scale):
    found = spells("""
        stop cause visits channel
        10   1     10     web
        20   0     9      -
        30   1     9      app
    """)
    table = found.frame.assign(stop=lambda df: df["stop"] * scale)
    table = where(found.with_table(table))
    assert jl.risk_table(table, "visits").groups.labels == ("9", "10")
    assert jl.risk_table(table, "channel").groups.labels == ("app", "web", "(missing)")
    frame = jl.risk_table(table, ["visits", "channel"]).frame
    assert frame[["group", "visits", "channel"]].values.tolist() == [
        ["9 / app", "9", "app"],
        ["9 / (missing)", "9", "(missing)"],
        ["10 / web", "10", "web"],
    ]


def test_categories_keep_their_order_and_empty_ones_make_no_group():
    found = spells("""
        stop cause size
        1    1     large
        2    1     small
    """)
    kinds = pd.Categorical(["large", "small"], ["small", "medium", "large"], ordered=True)
    found = found.with_table(found.frame.assign(size=kinds))
    assert jl.risk_table(found, "size").groups.labels == ("small", "large")


def test_times_parted_by_rounding_are_tied(where):
    df = pd.DataFrame({"time": [0.3, 0.1 + 0.2, 1.0], "event": [1, 1, 0]})
    frame = jl.risk_table(where(jl.spells_from_frame(df))).frame
    assert frame["time"].tolist() == [0.3, 1.0]
    assert frame["events"].tolist() == [2, 0]


def test_whole_and_broken_times_are_counted_alike():
    """Days are counted in cells, fractions by sorting: the same counts."""
    rng = np.random.default_rng(5)
    df = pd.DataFrame(
        {
            "from": rng.integers(0, 3, 500),
            "to": rng.integers(3, 40, 500),
            "event": rng.integers(0, 3, 500),
            "g": rng.integers(0, 3, 500),
        }
    )
    names = {"stop": "to", "cause": "event", "start": "from"}
    days = jl.risk_table(jl.spells_from_frame(df, **names), "g").frame
    hours = df.assign(**{"from": df["from"] / 24, "to": df["to"] / 24})
    fractions = jl.risk_table(jl.spells_from_frame(hours, **names), "g").frame
    np.testing.assert_allclose(fractions.pop("time") * 24, days.pop("time"))
    pd.testing.assert_frame_equal(fractions, days)


def test_an_empty_table_is_an_error(where):
    found = spells("""
        stop cause
        1    1
    """)
    empty = found.with_table(found.frame.iloc[:0])
    with pytest.raises(DataError, match="nobody is at risk"):
        jl.risk_table(where(empty))


def test_an_unknown_column_is_named(where):
    found = spells("""
        stop cause channel
        1    1     web
    """)
    with pytest.raises(DataError, match="chanel") as error:
        jl.risk_table(where(found), "chanel")
    assert "did you mean 'channel'" in str(error.value)
