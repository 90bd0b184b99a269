"""spells_from_frame: durations that somebody already has, and what is refused."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

import journeylib as jl
from journeylib.errors import DataError


def frame(text: str) -> pd.DataFrame:
    lines = [line.split() for line in text.strip().splitlines()]
    return pd.DataFrame(lines[1:], columns=lines[0]).apply(
        lambda c: pd.to_numeric(c, errors="coerce") if c.name not in ("who", "why") else c
    )


def values(spells: jl.Spells, *names: str) -> list[list[Any]]:
    return spells.frame[["start", "stop", "cause", *names]].to_numpy().tolist()


SIMPLE = "time event age\n3 1 40\n5 0 50\n0 1 60"


def test_one_row_a_customer() -> None:
    spells = jl.spells_from_frame(frame(SIMPLE), unit="weeks")
    assert values(spells, "age") == [[0, 3, 1, 40], [0, 5, 0, 50], [0, 0, 1, 60]]
    assert (spells.unit, spells.causes, spells.single) == ("weeks", ("event",), True)
    assert spells.audit.kept == {"rows given": 3}
    assert dict(spells.audit.notes) == {"zero duration, at risk at 0": 1}


def test_a_zero_duration_is_kept() -> None:
    assert values(jl.spells_from_frame(frame("time event\n0 1\n0 0"))) == [[0, 0, 1], [0, 0, 0]]


def test_true_and_false_are_event_and_censored() -> None:
    df = pd.DataFrame({"time": [1, 2], "event": [True, False]})
    assert values(jl.spells_from_frame(df)) == [[0, 1, 1], [0, 2, 0]]


def test_delayed_entry() -> None:
    df = frame("entry exit died\n2 5 1\n0 3 0")
    spells = jl.spells_from_frame(df, stop="exit", cause="died", start="entry")
    assert values(spells) == [[2, 5, 1], [0, 3, 0]]
    assert spells.causes == ("died",) and spells.clock.enters == "at entry"


def test_several_rows_of_one_id() -> None:
    df = frame("who from to event\na 0 2 0\nb 0 9 1\na 2 4 1")
    spells = jl.spells_from_frame(df, stop="to", start="from", id="who")
    assert not spells.single
    assert spells.frame["id"].tolist() == ["a", "b", "a"]
    assert spells.columns("who") == ("id",)


def test_several_causes_are_named_in_order() -> None:
    df = frame("time event\n1 0\n2 1\n3 2")
    assert jl.spells_from_frame(df, causes=["bought", "left"]).causes == ("bought", "left")
    assert jl.spells_from_frame(df).causes == ("cause 1", "cause 2")


def test_causes_in_words() -> None:
    df = frame("time why\n1 bought\n2 left\n3 open\n4 bought")
    causes = {"left": "left", "bought": "bought"}
    spells = jl.spells_from_frame(df, cause="why", causes=causes)
    assert spells.causes == ("left", "bought")
    assert spells.frame["cause"].tolist() == [2, 1, 0, 2]


def test_what_is_given_is_not_changed() -> None:
    df = frame(SIMPLE)
    before = df.copy()
    spells = jl.spells_from_frame(df)
    mine = spells.frame
    mine["stop"] = 99.0
    assert df.equals(before) and spells.frame["stop"].tolist() == [3, 5, 0]


@pytest.mark.parametrize(
    ("text", "how", "said"),
    [
        ("time event\n1 1", {"stop": "tme"}, "did you mean 'time'"),
        ("time event", {}, "the frame is empty"),
        ("time event\nx 1", {}, "1 missing time(s), first in row 0"),
        ("time event\n1 1\n-1 1", {}, "1 negative time(s), first in row 1"),
        ("time event\ninf 1", {}, "1 infinite time(s)"),
        ("time event\n1 x", {}, "1 missing value(s)"),
        ("time event\n1 0.5", {}, "must hold 0 for censored"),
        ("time event\n1 -1", {}, "must hold 0 for censored"),
        ("time why\n1 bought", {"cause": "why"}, "pass causes={value: name}"),
        ("time event\n1 2", {"causes": ["one"]}, "goes up to 2, but 1 cause(s)"),
        ("time event\n1 1", {"causes": {}}, "causes is an empty mapping"),
        ("from time event\n1 1 1", {"start": "from"}, "have time <= from, first row 0 (1 to 1)"),
        ("from time event\n2 1 1", {"start": "from"}, "have time <= from, first row 0 (2 to 1)"),
        ("from time event\n0 0 1", {"start": "from"}, "have time <= from"),
        ("who time event\na 1 0\na 2 1", {"id": "who"}, "no start column is given"),
        (
            "who from time event\na 0 3 0\na 2 4 1",
            {"id": "who", "start": "from"},
            "1 row(s) overlap an earlier row of the same id, first row 1",
        ),
        ("time event stop\n1 1 5", {}, "may not be called 'stop'"),
    ],
)
def test_refusals(text: str, how: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError) as caught:
        jl.spells_from_frame(frame(text), **how)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("ids", "said"), [([1, "1"], "mixes ids of type int and str"), (["a", None], "1 missing id(s)")]
)
def test_ids_that_are_in_doubt(ids: list[Any], said: str) -> None:
    df = pd.DataFrame({"id": pd.Series(ids, dtype=object), "time": [1, 2], "event": [0, 1]})
    with pytest.raises(DataError) as caught:
        jl.spells_from_frame(df, id="id")
    assert said in str(caught.value)


def test_times_that_are_dates() -> None:
    df = pd.DataFrame({"time": pd.to_datetime(["2020-01-01"]), "event": [1]})
    with pytest.raises(DataError, match="must hold numbers"):
        jl.spells_from_frame(df)


KINDS = {
    "decimals": lambda c: c.map(lambda v: Decimal(int(v))),
    "objects": lambda c: c.astype(object),
    "categories": lambda c: c.astype("category"),
    "decimals of Arrow": lambda c: c.astype("int64[pyarrow]"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_numbers_of_any_kind_are_numbers(kind: str) -> None:
    given = pd.DataFrame({"time": [3, 5, 5], "event": [1, 0, 2]})
    plain = jl.spells_from_frame(given)
    made = jl.spells_from_frame(given.apply(KINDS[kind]))
    pd.testing.assert_frame_equal(made.frame, plain.frame)
    assert made.causes == plain.causes
    weighed = jl.spells_from_frame(given.assign(w=KINDS[kind](pd.Series([2, 1, 3]))))
    expected = jl.spells_from_frame(given.assign(w=[2, 1, 3]))
    curves = [jl.survival_curve(s, weights="w").frame for s in (weighed, expected)]
    pd.testing.assert_frame_equal(*curves)
    pd.testing.assert_frame_equal(jl.survival_curve(plain, weights=[2, 1, 3]).frame, curves[1])


def test_one_cause_by_its_name() -> None:
    given = pd.DataFrame({"time": [3, 5], "event": [1, 0]})
    assert jl.spells_from_frame(given, causes="order").causes == ("order",)


@pytest.mark.parametrize(
    ("frame", "how", "said"),
    [
        ({"event": [1, np.inf]}, {}, "must hold 0 for censored"),
        ({"time": pd.to_timedelta([3, 5], unit="D")}, {}, "Timedelta"),
        ({"time": [3 + 1j, 5]}, {}, "must hold numbers"),
        ({}, {"causes": {"order": 1}}, "a cause cannot be called 1"),
        ({}, {"causes": ()}, "no cause is named"),
        ({"id": [1, 2]}, {}, "pass id='id'"),
    ],
)
def test_more_refusals(frame: dict[str, Any], how: dict[str, Any], said: str) -> None:
    given = pd.DataFrame({"time": [3, 5], "event": [1, 0]}).assign(**frame)
    with pytest.raises(DataError) as caught:
        jl.spells_from_frame(given, **how)
    assert said in str(caught.value)


def test_two_columns_of_one_name() -> None:
    given = pd.DataFrame([[3, 1, 2.0, 4.0]], columns=["time", "event", "x", "x"])
    with pytest.raises(DataError, match="two columns are called 'x'"):
        jl.spells_from_frame(given)


def test_weights_that_are_not_one_a_row() -> None:
    plain = jl.spells_from_frame(pd.DataFrame({"time": [3, 5], "event": [1, 0]}))
    with pytest.raises(DataError, match="there are 3 weights, but 2 rows"):
        jl.survival_curve(plain, weights=[1, 2, 3])
    with pytest.raises(DataError, match=r"weights cannot be \[1, None\]"):
        jl.survival_curve(plain, weights=[1, None])  # type: ignore[list-item]


def test_spells_made_by_hand_are_checked() -> None:
    rows = pd.DataFrame({"id": [1, 2], "start": [0.0, 0.0], "stop": [3.0, 5.0], "cause": [1, 0]})
    audit = jl.Audit("rows", 2, kept={"given": 2})
    plain = jl.spells_from_frame(pd.DataFrame({"time": [3, 5], "event": [1, 0]}))
    curve = jl.survival_curve(jl.Spells(rows, "days", ("order",), audit))
    pd.testing.assert_frame_equal(curve.frame, jl.survival_curve(plain).frame)
    for cause in ([2, 0], [-1, 0], [1, np.nan]):
        with pytest.raises(DataError, match="cause goes from"):
            jl.Spells(rows.assign(cause=cause), "days", ("order",), audit)
