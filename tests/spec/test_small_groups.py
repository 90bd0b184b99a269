"""No group under the limit: alone, crossed, exposed, answering, or by predicted risk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from logs import open_rows

import journeylib as jl
from journeylib.privacy import neighbours

LOG = """
    id at          event     channel score
    a  2020-01-05  purchase  web     -
    b  2020-01-05  purchase  web     -
    c  2020-01-05  purchase  web     -
    d  2020-01-05  purchase  shop    -
    e  2020-01-05  purchase  shop    -
    a  2020-01-08  help      -       -
    b  2020-01-08  help      -       -
    c  2020-01-08  call      -       -
    a  2020-01-09  survey    -       3
    b  2020-01-09  survey    -       2
    d  2020-01-09  survey    -       10
    a  2020-01-20  refer     -       -
    d  2020-01-20  refer     -       -
    """


@pytest.fixture
def log(tmp_path: Path) -> jl.EventLog:
    return open_rows(tmp_path, LOG)


def crossing(*pairs: tuple[str, str, int]) -> jl.Spells:
    rows = [(x, y) for x, y, n in pairs for _ in range(n)]
    frame = pd.DataFrame(rows, columns=["x", "y"]).assign(time=1.0, event=1)
    return jl.spells_from_frame(frame)


def sizes(spells: jl.Spells) -> dict[tuple[str, str], int]:
    return spells.frame.groupby(["x", "y"])["id"].nunique().to_dict()


def test_combinations_of_large_groups_may_be_small() -> None:
    spells = crossing(("a", "p", 30), ("a", "q", 25), ("b", "p", 24), ("b", "q", 3))
    assert sizes(jl.pool_small(spells, "x")) == sizes(spells)
    pooled = jl.pool_small(spells, ["x", "y"])
    # 3 alone are too few: the next smallest joins them
    assert sizes(pooled) == {("a", "p"): 30, ("a", "q"): 25, ("other", "other"): 27}
    assert pooled.audit.notes == {"in 2 combination(s) of x and y under 20 customers, pooled": 27}
    apart = jl.pool_small(spells, ["x", "y"], crossed=False)
    assert sizes(apart) == sizes(spells) and not apart.audit.notes


def test_a_column_is_pooled_before_it_is_crossed() -> None:
    spells = crossing(("a", "p", 30), ("b", "p", 20), ("c", "p", 5), ("d", "p", 15), ("a", "q", 22))
    pooled = jl.pool_small(spells, ["x", "y"])
    assert sizes(pooled) == {("a", "p"): 30, ("a", "q"): 22, ("b", "p"): 20, ("other", "p"): 20}


@pytest.mark.parametrize(
    ("groups", "minimum", "joined"),
    [
        ([3, 3, 3], 3, [0, 1, 2]),
        ([3, 2, 3], 3, [0, 1, 1]),
        ([1, 1, 1, 5, 2], 3, [0, 0, 0, 1, 1]),
        ([1, 1], 5, [0, 0]),
        ([4], 1, [0]),
    ],
)
def test_neighbours_join(groups: list[int], minimum: int, joined: list[int]) -> None:
    code = np.repeat(np.arange(len(groups)), groups)
    assert neighbours(code, minimum).tolist() == np.repeat(joined, groups).tolist()


def test_an_exposure_of_few_customers_is_no_column(log: jl.EventLog) -> None:
    spells = jl.time_to(log, "refer", "purchase")
    shown = jl.with_exposures(spells, log, "help, call", minimum=2)
    assert jl.there(shown, "help, call") == ("help",)
    assert shown.audit.notes["too few customers to show, left out: call"] == 1
    assert not [reason for reason in shown.audit.notes if reason.startswith("call: ")]
    # one alone is treated as several are
    assert jl.there(jl.with_exposures(spells, log, ["call"], minimum=2), ["call"]) == ()
    assert jl.there(jl.with_exposures(spells, log, "help, call"), "help, call") == ("help", "call")


def test_an_exposure_that_few_customers_are_without_is_no_column(tmp_path: Path) -> None:
    log = open_rows(
        tmp_path,
        """
        id at          event
        a  2020-01-04  help
        b  2020-01-04  help
        a  2020-01-05  ad
        b  2020-01-05  ad
        c  2020-01-05  ad
        c  2020-01-09  purchase
        """,
    )
    spells = jl.time_to(log, "purchase", "ad")
    assert jl.there(jl.with_exposures(spells, log, "help", minimum=2), "help") == ()
    assert jl.there(jl.with_exposures(spells, log, "help"), "help") == ("help",)


def test_answers_of_few_customers_are_no_column(log: jl.EventLog) -> None:
    spells = jl.time_to(log, "refer", "purchase")
    marked = jl.with_answers(spells, log, "survey", minimum=2)
    assert jl.there(marked, "detractor, passive, promoter, no_answer") == ("detractor", "no_answer")
    assert jl.there(jl.with_answers(spells, log, "survey"), "promoter") == ("promoter",)


def test_a_log_has_an_event_if_enough_customers_have_it(log: jl.EventLog) -> None:
    assert jl.has_event(log, "survey", "score", minimum=3)
    assert not jl.has_event(log, "survey", "score", minimum=4)
    assert jl.has_event(log, "call") and not jl.has_event(log, "call", minimum=2)


def test_a_score_stands_on_enough_who_answered(log: jl.EventLog) -> None:
    marked = jl.with_answers(jl.time_to(log, "refer", "purchase", by="channel"), log, "survey")
    shown = jl.promoter_score(marked, by="channel").frame
    assert shown[["group", "customers", "answered"]].values.tolist() == [
        ["shop", 2, 1], ["web", 3, 2],
    ]  # fmt: skip
    shown = jl.promoter_score(marked, by="channel", minimum=2).frame
    # one answer would be told by subtraction: both groups are one
    assert shown[["group", "customers", "answered"]].values.tolist() == [["other", 5, 3]]


def test_groups_by_predicted_risk_are_large_enough() -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(size=200)
    df = pd.DataFrame({"x": x, "time": rng.exponential(np.exp(-x)), "event": 1})
    fit = jl.cox(jl.spells_from_frame(df[:130]), "x")
    test = jl.spells_from_frame(df[130:].reset_index(drop=True))
    found = jl.assess(fit, test, [0.5])
    assert found.calibration().frame["n"].min() == 7
    assert found.calibration(minimum=20).frame["n"].tolist() == [21, 21, 28]
    assert jl.fifths(fit, test, 1.0).frame.groupby("group")["n"].first().tolist() == [14] * 5
    shown = jl.fifths(fit, test, 1.0, minimum=20).frame
    assert shown.groupby("group")["n"].first().tolist() == [28, 42]


@pytest.mark.parametrize("events", [[1, 0, 1, 0], [0, 0, 0, 0]], ids=["one group", "no answer"])
def test_groups_that_cannot_be_compared_are_not_said_to_be_alike(events: list[int]) -> None:
    plans = ["a", "b", "a", "b"] if not any(events) else "a"
    frame = pd.DataFrame({"time": [1, 2, 3, 4], "event": events, "plan": plans})
    check = jl.check_response(jl.spells_from_frame(frame, unit="days"), "plan", at=4.0)
    assert "alike by" not in check.seen and "sooner in some" not in check.seen
