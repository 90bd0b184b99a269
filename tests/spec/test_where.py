"""Predicates of derived events: what they mean, and what they may not say."""

from __future__ import annotations

import datetime as dt

import ibis
import pandas as pd
import pytest

from journeylib.errors import JourneyFileError
from journeylib.journey.where import parse, translate

ROWS = pd.DataFrame(
    {
        "n": [1, 2, 3, 4],
        "event": ["ad", "mail", "ad hoc", None],
        "value": [1.5, None, -2.0, 10.0],
        "at": [dt.datetime(2020, 1, day, 12) for day in (1, 2, 3, 4)],
        "flag": [True, False, None, True],
        "odd name": ["it's", "b", "c", "d"],
    }
)


@pytest.mark.parametrize(
    ("where", "rows"),
    [
        ("event = 'ad'", [1]),
        ("event <> 'ad'", [2, 3]),
        ("not event = 'ad'", [2, 3]),
        ("event != 'ad' or event is null", [2, 3, 4]),
        ("event in ('ad', 'mail')", [1, 2]),
        ("event not in ('ad', 'mail')", [3]),
        ("event like 'ad%'", [1, 3]),
        ("event not like 'ad%'", [2]),
        ("event ilike 'AD'", [1]),
        ("event is not null", [1, 2, 3]),
        ("value > 1", [1, 4]),
        ("value >= 1.5 and value < 10", [1]),
        ("value between -2 and 1.5", [1, 3]),
        ("not value between -2 and 1.5", [4]),
        ("value = -2", [3]),
        ("1 < value", [1, 4]),
        ("at >= '2020-01-03'", [3, 4]),
        ("at between '2020-01-02' and '2020-01-03'", [2]),
        ("at < date '2020-01-02'", [1]),
        ("at <= timestamp '2020-01-02 12:00'", [1, 2]),
        ("at in ('2020-01-02T12:00', '2020-01-03')", [2]),
        ("flag", [1, 4]),
        ("not flag", [2]),
        ("flag is true", [1, 4]),
        ("\"odd name\" = 'it''s'", [1]),
        ("(event = 'ad' or value > 5) and flag", [1, 4]),
        ("event = 'ad' or event = 'mail' and value > 5", [1]),
    ],
)
def test_what_it_means(where: str, rows: list[int]) -> None:
    table = ibis.memtable(ROWS)
    kept = table.filter(translate(where, lambda name: table[name])).to_pandas()
    assert sorted(kept["n"]) == rows


@pytest.mark.parametrize(
    "where",
    [
        *("", "event =", "event = 'ad", "select 1", "drop table events", "event = 'a'; select 1"),
        *("event in (select 'ad')", "exists (select 1)", "events.event = 'ad'", "event = null"),
        *("length(event) = 2", "value + 1 > 2", "event || 'x' = 'adx'", "cast(n as text) = '1'"),
        *(
            "at > now()",
            "at > date '2020-13-01'",
            "value",
            "n",
            "'ad'",
            "case when flag then 1 end",
        ),
    ],
)
def test_what_is_refused(where: str) -> None:
    table = ibis.memtable(ROWS)
    with pytest.raises(JourneyFileError):
        translate(where, lambda name: table[name])


@pytest.mark.parametrize("where", ["event = 3", "value > 'x'", "at > 'soon'", "flag = 'yes'"])
def test_values_that_cannot_be_compared(where: str) -> None:
    assert parse(where)
    table = ibis.memtable(ROWS)
    with pytest.raises(JourneyFileError) as caught:
        translate(where, lambda name: table[name])
    assert where in str(caught.value) and caught.value.fix
