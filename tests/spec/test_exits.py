"""exits: competing outcomes as literal tables, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cases import Case
from cases_spells import EXITS
from logs import as_table, expected_table, open_rows

import journeylib as jl
from journeylib.errors import DataError

LOG = """
    id at          event
    a  2020-01-05  ad
    a  2020-01-08  purchase
    """


@pytest.mark.parametrize("case", EXITS, ids=str)
def test_rule(case: Case, tmp_path: Path) -> None:
    spells = jl.exits(open_rows(tmp_path, case.log, **case.file), **case.ask)
    names, rows = expected_table(case.spells)
    assert as_table(spells.frame, names) == rows
    assert {k: n for k, n in spells.audit.dropped.items() if n} == case.dropped
    assert dict(spells.audit.notes) == case.notes
    assert spells.causes == tuple(case.ask["causes"])
    assert spells.single and spells.lazy


def test_silence_by_what_is_named(tmp_path: Path) -> None:
    log = open_rows(
        tmp_path,
        """
        id at          event
        a  2020-01-05  ad
        a  2020-01-14  visit
        a  2020-01-20  mail
        """,
    )
    for activity, stop in ((("mail",), 10), (["visit", "mail"], 25), ("visit", 19)):
        lost = jl.silence(10, activity=activity)
        spells = jl.exits(log, "ad", {"bought": "purchase", "lost": lost})
        assert spells.frame[["stop", "cause"]].to_numpy().tolist() == [[stop, 2]], activity
    churn = {"inactivity_days": 10, "activity": ["visit"]}
    log = open_rows(tmp_path, LOG.replace("purchase", "visit"), churn=churn)
    spells = jl.exits(log, "ad", {"lost": 12, "bought": "purchase"})
    assert spells.frame[["stop", "cause"]].to_numpy().tolist() == [[15, 1]]


def test_covariates_and_cohort(tmp_path: Path) -> None:
    log = open_rows(
        tmp_path,
        """
        id at          event     channel
        1  2020-01-05  ad        web
        1  2020-01-08  purchase  shop
        """,
        customers="id age\n1 30",
    )
    spells = jl.exits(log, "ad", ["purchase", "mail"], by=["channel", "age", "origin_month"])
    names = ["stop", "cause", "channel", "age", "origin_month"]
    assert as_table(spells.frame, names) == [("3", "1", "web", "30", "2020-01")]
    assert spells.causes == ("purchase", "mail")


def test_the_clock_in_words(tmp_path: Path) -> None:
    log = open_rows(tmp_path, LOG)
    causes: dict[str, Any] = {"bought": "purchase", "refer": "refer", "lost": 14}
    clock = jl.exits(log, causes=causes, until="mail").clock
    assert clock.starts == (
        "at the customer's first event of any stage that is not purchase or refer"
    )
    assert clock.stops == "at the first of bought (purchase), refer or lost (14 days of silence)"
    assert clock.censors.startswith("at mail (an event at that instant still counts)")


def test_it_goes_into_a_cumulative_incidence(tmp_path: Path) -> None:
    case = EXITS[0]
    spells = jl.exits(open_rows(tmp_path, case.log, **case.file), **case.ask)
    last = jl.cumulative_incidence(spells).frame.groupby("outcome").tail(1)
    assert dict(zip(last["outcome"], last["incidence"])) == pytest.approx(
        {"bought": 1 / 3, "left": 1 / 3}
    )


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        ({"causes": {}}, "no cause is named"),
        ({"causes": {"": "purchase"}}, "a cause cannot be called ''"),
        ({"causes": {"bought": "purchas"}}, "did you mean 'purchase'"),
        ({"causes": {"a": "purchase", "b": "purchase"}}, "'a' and 'b' mean the same events"),
        ({"causes": {"lost": 0}}, "the cause 'lost' cannot be 0"),
        ({"causes": {"lost": True}}, "the cause 'lost' cannot be True"),
        ({"causes": {"lost": []}}, "the cause 'lost' cannot be []"),
        ({"causes": ["purchase"], "origin": "adv"}, "did you mean 'ad'"),
        ({"causes": ["purchase"], "prior": "exlude"}, "did you mean 'exclude'"),
        ({"causes": ["purchase"], "until": "refr"}, "did you mean 'refer'"),
        ({"causes": ["purchase"], "by": "id"}, "use such names themselves"),
    ],
)
def test_refusals_say_what_to_do(tmp_path: Path, ask: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError) as caught:
        jl.exits(open_rows(tmp_path, LOG), **{"origin": "ad", **ask})
    assert said in str(caught.value)


def test_silence_needs_something_to_break_it(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="what breaks 9 days of silence has not been said"):
        jl.exits(open_rows(tmp_path, LOG, stages={}), "ad", {"lost": 9})
    with pytest.raises(DataError, match="silence cannot last -1 days"):
        jl.silence(-1)
