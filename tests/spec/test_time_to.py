"""time_to: every rule of the clock as a literal table, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
from cases import TIME_TO, Case
from logs import as_table, expected_table, open_rows

import journeylib as jl
from journeylib.errors import DataError

LOG = """
    id at          event     campaign  start
    a  2020-01-05  ad        x         1
    a  2020-01-08  purchase  x         2
    """


@pytest.mark.parametrize("case", TIME_TO, ids=str)
def test_rule(case: Case, tmp_path: Path) -> None:
    log = open_rows(tmp_path, case.log, customers=case.customers, **case.file)
    spells = jl.time_to(log, **case.ask)
    names, rows = expected_table(case.spells)
    assert as_table(spells.frame, names) == rows
    assert {k: n for k, n in spells.audit.dropped.items() if n} == case.dropped
    assert dict(spells.audit.notes) == case.notes
    assert spells.audit.kept == {"at risk": len(rows)}


@pytest.mark.parametrize("case", TIME_TO, ids=str)
def test_the_order_of_rows_does_not_matter(case: Case, tmp_path: Path) -> None:
    lines = case.log.strip().splitlines()
    turned = "\n".join([lines[0], *reversed(lines[1:])])
    log = open_rows(tmp_path, turned, customers=case.customers, **case.file)
    names, rows = expected_table(case.spells)
    assert as_table(jl.time_to(log, **case.ask).frame, names) == rows


@pytest.fixture
def log(tmp_path: Path) -> jl.EventLog:
    return open_rows(tmp_path, LOG)


def test_spells_stay_lazy_and_say_what_they_are(log: jl.EventLog) -> None:
    spells = jl.time_to(log, "purchase", origin="ad", per="campaign")
    assert spells.lazy and spells.single
    assert spells.unit == "days" and spells.causes == ("purchase",)
    assert spells.per == "campaign"
    assert list(spells.frame.columns) == ["id", "start", "stop", "cause", "campaign"]
    assert spells.frame.dtypes.astype(str)[["start", "stop", "cause"]].tolist() == [
        "float64",
        "float64",
        "int64",
    ]


def test_the_clock_in_words(log: jl.EventLog) -> None:
    clock = jl.time_to(log, "purchase", origin="ad").clock
    assert clock.starts == "at the customer's first ad"
    assert clock.stops == "at the first purchase"
    assert clock.censors == "at the cutoff, 2020-01-31"
    assert clock.enters == "nobody: every spell is watched from its origin"
    second = jl.time_to(log, "purchase", origin="first_contact", occurrence=2, until="refer").clock
    assert second.starts == "at the customer's first event of any stage that is not purchase"
    assert second.stops == "at the second purchase, counted in distinct days"
    assert second.censors == (
        "at refer (an event at that instant still counts), or at the cutoff, 2020-01-31"
    )


def test_own_names_stay_usable(tmp_path: Path) -> None:
    log = open_rows(
        tmp_path,
        """
        customer at          event  medium
        a        2020-01-05  ad     web
        """,
        columns={"id": "customer", "at": "at", "event": "event", "channel": "medium"},
    )
    for asked, other in (("medium", "channel"), ("channel", "medium")):
        spells = jl.time_to(log, "purchase", by=asked)
        assert list(spells.frame.columns) == ["id", "start", "stop", "cause", asked]
        assert spells.columns(["customer", other]) == ("id", asked)


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        ({"event": "purchas", "origin": "ad"}, "did you mean 'purchase'"),
        ({"event": "purchase", "origin": "first_contat"}, "did you mean 'first_contact'"),
        ({"event": "purchase", "origin": "purchase"}, "occurrence=2"),
        ({"event": "purchase", "origin": "ad", "by": "campain"}, "did you mean 'campaign'"),
        ({"event": "purchase", "origin": "ad", "per": "campain"}, "did you mean 'campaign'"),
        ({"event": "purchase", "origin": "ad", "until": "refr"}, "did you mean 'refer'"),
        ({"event": "purchase", "origin": "ad", "prior": "exlude"}, "did you mean 'exclude'"),
        ({"event": "purchase", "origin": "ad", "occurrence": 0}, "allowed: 1, 2, 3"),
        ({"event": "purchase", "origin": "ad", "occurrence": 1.5}, "give a whole number"),
        ({"event": "purchase", "origin": "ad", "by": "start"}, "use such names themselves"),
        ({"event": "purchase", "origin": "ad", "by": ["campaign"] * 2}, "twice"),
        ({"event": "ad", "origin": "refer"}, "nobody is at risk: 1 customers came in"),
    ],
)
def test_refusals_say_what_to_do(log: jl.EventLog, ask: dict[str, object], said: str) -> None:
    with pytest.raises(DataError, match=said.replace("(", r"\(")):
        try:
            jl.time_to(log, **ask)  # type: ignore[arg-type]
        except DataError as error:
            raise DataError(str(error)) from error


def test_first_contact_needs_stages(tmp_path: Path) -> None:
    log = open_rows(tmp_path, LOG, stages={})
    with pytest.raises(DataError, match="there are no stages"):
        jl.time_to(log, "purchase")


def test_attributes_that_match_nobody(tmp_path: Path) -> None:
    log = open_rows(tmp_path, LOG, customers="id age\nz 3")
    with pytest.raises(DataError, match="know none of the customers"):
        jl.time_to(log, "purchase", origin="ad", by="age")


def test_attributes_with_an_id_twice(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"1 row\(s\) more than ids"):
        open_rows(tmp_path, LOG, customers="id age\na 3\na 4")


def test_one_customer_and_nothing_but_censoring(tmp_path: Path) -> None:
    log = open_rows(tmp_path, "id at event\na 2020-01-05 ad")
    frame = jl.time_to(log, "purchase", origin="ad").frame
    assert frame[["stop", "cause"]].to_numpy().tolist() == [[26, 0]]
