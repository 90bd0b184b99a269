"""What is done to rows before anything is counted, each rule with its count."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from logs import as_table, expected_table, open_frame, open_rows
from tables import day_rows

import journeylib as jl
from journeylib.errors import DataError, JourneyFileError

AMSTERDAM = {"cutoff": "@2020-12-31", "timezone": "Europe/Amsterdam"}


def moments(folder: Path, texts: list[Any], **window: Any) -> jl.EventLog:
    """A log of one customer a text, so that none is a duplicate."""
    rows = [{"id": f"c{i:02}", "at": at, "event": "ad"} for i, at in enumerate(texts)]
    return open_rows(folder, rows, window={"cutoff": "@2020-12-31", **window})


def shown(log: jl.EventLog) -> list[str]:
    return [str(at) for at in log.table.order_by("id").to_pandas()["at"]]


EPOCHS = {
    "1578182400": "2020-01-05 00:00:00",
    "852076800": "1997-01-01 00:00:00",
    "1578182400.25": "2020-01-05 00:00:00.250000",
    "1578182400123": "2020-01-05 00:00:00.123000",
    "1578182400123456": "2020-01-05 00:00:00.123456",
    "1578182400123456789": "2020-01-05 00:00:00.123456",
    "20200229": "2020-02-29 00:00:00",
}


def test_counts_since_1970_are_told_by_their_size(tmp_path: Path) -> None:
    log = moments(tmp_path, [*EPOCHS, "20200230", "12345", "99999999", "-5"])
    assert sorted(shown(log)) == sorted(str(pd.Timestamp(at)) for at in EPOCHS.values())
    assert log.audit.dropped["unparsable time"] == 4
    assert log.audit.notes == {
        "counted in seconds since 1970": 3,
        "counted in milliseconds since 1970": 1,
        "counted in microseconds since 1970": 1,
        "counted in nanoseconds since 1970": 1,
        "written as eight digits, 20170131": 1,
    }


@pytest.mark.parametrize(
    ("values", "noted"),
    [
        ([1578182400, 1578182401], {"counted in seconds since 1970": 2}),
        ([1578182400.0, None], {"counted in seconds since 1970": 1}),
        ([1578182400123456], {"counted in microseconds since 1970": 1}),
    ],
)
def test_columns_of_numbers(tmp_path: Path, values: list[Any], noted: dict[str, int]) -> None:
    frame = pd.DataFrame({"id": range(len(values)), "at": values, "event": "ad"})
    audit = open_frame(tmp_path, frame).audit
    assert audit.notes == noted and audit.dropped["missing time"] == values.count(None)


def test_mixed_offsets_are_one_clock(tmp_path: Path) -> None:
    texts = ["2020-01-05T23:30:00Z", "2020-01-05 23:30:00 -0500", "2020-01-05 12:00", "2020-01-05"]
    log = moments(tmp_path, texts, timezone="Europe/Amsterdam")
    assert shown(log) == [
        *("2020-01-06 00:30:00", "2020-01-06 05:30:00"),
        *("2020-01-05 12:00:00", "2020-01-05 00:00:00"),
    ]
    assert log.audit.notes == {
        "with an offset of their own": 2,
        "without an offset, read in Europe/Amsterdam": 1,
    }


SUMMER = [
    "2020-03-29T02:30:00",
    "2020-03-29T03:30:00",
    "2020-10-25T02:30:00",
    "2020-10-25T03:30:00",
]


@pytest.mark.parametrize("typed", [False, True])
def test_hours_that_clocks_skip_or_show_twice(tmp_path: Path, typed: bool) -> None:
    """02:30 did not exist on 29 March 2020, and came twice on 25 October."""
    frame = pd.DataFrame({"id": range(4), "at": pd.to_datetime(SUMMER), "event": "ad"})
    window = {**AMSTERDAM, "resolution": "timestamp"}
    log = (
        open_frame(tmp_path, frame, window=window) if typed else moments(tmp_path, SUMMER, **window)
    )
    assert log.audit.notes == {
        "in the hour that the clocks of Europe/Amsterdam skip, read as an hour later": 1,
        "in the hour that the clocks of Europe/Amsterdam show twice, read as one of the two": 1,
    }
    assert shown(log)[:2] == ["2020-03-29 01:30:00"] * 2  # in UTC


def test_days_do_not_care_about_summer_time(tmp_path: Path) -> None:
    assert moments(tmp_path, SUMMER, timezone="Europe/Amsterdam").audit.notes == {}


@pytest.mark.parametrize(
    ("form", "text", "at"),
    [
        ("%d/%m/%Y", "5/1/2020", "2020-01-05 00:00:00"),
        ("%m/%d/%Y", "01/05/2020", "2020-01-05 00:00:00"),
        ("%d.%m.%Y %H:%M", "05.01.2020 7:30", "2020-01-05 07:30:00"),
        ("%Y%m%d %H:%M:%S", "20200105 07:30:15", "2020-01-05 07:30:15"),
    ],
)
def test_a_format_that_must_be_said(tmp_path: Path, form: str, text: str, at: str) -> None:
    rows = [{"id": "a", "at": value, "event": "ad"} for value in (text, "31/02/2020", "?")]
    log = open_rows(tmp_path, rows, source={"path": "events.csv", "time_format": form})
    assert shown(log) == [at]
    assert log.audit.dropped["unparsable time"] == 2


def test_days_and_months_are_not_guessed(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"3 dropped \(unparsable time\)"):
        moments(tmp_path, ["05/01/2020", "13/01/2020", "01/13/2020"])


BOTS = """
    id  at                event  agent      mail
    a   2020-01-02        ad     Googlebot  a@x.example
    a   2020-01-02        ad     Firefox    a@x.example
    b   2020-01-02        ad     Firefox    b@ours.example
    c   2020-01-02        visit  -          -
    """


def test_bots_and_internal_accounts_by_rule(tmp_path: Path) -> None:
    rules = {"bots": "agent ilike '%bot%'", "our own people": "mail like '%@ours.example'"}
    audit = open_rows(tmp_path, BOTS, hygiene={"exclude": rules}).audit
    assert audit.dropped["excluded by rule: bots"] == 1
    assert audit.dropped["excluded by rule: our own people"] == 1
    assert audit.n_kept == 2  # a rule about what is missing takes nothing out


def test_rules_without_names(tmp_path: Path) -> None:
    audit = open_rows(tmp_path, BOTS, hygiene={"exclude": ["agent like 'G%'"]}).audit
    assert audit.dropped["excluded by rule: agent like 'G%'"] == 1


def test_a_bot_of_the_future_does_not_move_the_cutoff(tmp_path: Path) -> None:
    rows = BOTS + "    d   2020-01-09        ad     Googlebot  -\n"
    hygiene = {"exclude": {"bots": "agent ilike '%bot%'"}}
    log = open_rows(tmp_path, rows, hygiene=hygiene, window={"cutoff": "data"})
    assert str(log.window.cutoff) == "2020-01-02"


@pytest.mark.parametrize(
    ("hygiene", "said"),
    [
        ({"exclude": {"bots": "sum(agent) > 1"}}, "may not"),
        ({"exclude": {"bots": "agnt = 'x'"}}, "did you mean 'agent'"),
        ({"session_gap_minutes": 0}, "a number of minutes above 0"),
        ({"session_gap_minutes": True}, "a number of minutes above 0"),
        ({"late": "ignore"}, "allowed: drop, keep"),
        ({"exlude": []}, "did you mean 'exclude'"),
    ],
)
def test_a_wrong_rule_is_named(tmp_path: Path, hygiene: dict[str, Any], said: str) -> None:
    with pytest.raises(JourneyFileError, match=said) as caught:
        open_rows(tmp_path, BOTS, hygiene=hygiene)
    assert "hygiene" in str(caught.value)


LATE = """
    id  at          event  received
    a   2020-01-02  ad     2020-01-02
    a   2020-01-30  ad     2020-01-31T23:59
    a   2020-01-31  ad     2020-02-01
    a   2020-02-01  ad     2020-02-01
    b   2020-01-02  ad     -
    """
RECEIVED = {name: name for name in ("id", "at", "event", "received")}


def test_what_arrives_after_the_cutoff_was_not_known_then(tmp_path: Path) -> None:
    dropped = open_rows(tmp_path / "drop", LATE, columns=RECEIVED).audit
    assert (dropped.dropped["received after the cutoff"], dropped.n_kept) == (1, 3)
    assert dropped.dropped["after the cutoff"] == 1
    kept = open_rows(tmp_path / "keep", LATE, columns=RECEIVED, hygiene={"late": "keep"}).audit
    assert kept.notes == {"received after the cutoff, kept": 1} and kept.n_kept == 4


def test_a_report_with_a_cutoff_says_the_same_when_more_arrives(tmp_path: Path) -> None:
    more = LATE + "    b   2020-01-03  purchase  2020-03-01\n"
    first, later = (
        jl.time_to(open_rows(tmp_path / name, rows, columns=RECEIVED), "purchase").frame
        for name, rows in (("first", LATE), ("later", more))
    )
    pd.testing.assert_frame_equal(first, later)


SESSIONS = """
    id  at                event
    a   2020-01-02T10:00  ad
    a   2020-01-02T10:30  ad
    a   2020-01-02T10:30  visit
    a   2020-01-02T11:01  ad
    b   2020-01-02T10:00  ad
    b   2020-01-03T10:00  ad
    """


def test_sessions_are_told_apart_by_silence(tmp_path: Path) -> None:
    log = open_rows(tmp_path, SESSIONS, hygiene={"session_gap_minutes": 30})
    columns, rows = expected_table(
        """
        id  at                event  session
        a   2020-01-02T10:00  ad     1
        a   2020-01-02T10:30  ad     1
        a   2020-01-02T10:30  visit  1
        a   2020-01-02T11:01  ad     2
        b   2020-01-02T10:00  ad     1
        b   2020-01-03T10:00  ad     2
        """
    )
    assert as_table(day_rows(log), columns) == rows
    assert log.audit.notes == {"sessions, told apart by 30 minutes": 4}
    spells = jl.time_to(log, "visit", origin="ad", per="session", prior="ignore").frame
    assert list(spells["cause"]) == [1, 0, 0, 0]


def test_a_session_of_the_source_is_left_alone(tmp_path: Path) -> None:
    rows = SESSIONS.replace("event\n", "event session\n").replace("ad\n", "ad s1\n")
    rows = rows.replace("visit\n", "visit s2\n")
    log = open_rows(tmp_path, rows, hygiene={"session_gap_minutes": 30})
    assert set(day_rows(log)["session"]) == {"s1", "s2"} and log.audit.notes == {}


def test_numbers_that_are_none(tmp_path: Path) -> None:
    """A column that turns into words halfway is a number where it is one, and counted."""
    rows = [{"id": "a", "at": "2020-01-05", "event": "ad", "value": f"{i}"} for i in range(99)]
    rows += [{"id": "a", "at": "2020-01-05", "event": "ad", "value": "n/a or so"}]
    log = open_rows(tmp_path, rows, events={"big": {"where": "value >= 90"}})
    assert log.audit.notes == {"a value that is not a number, taken as missing": 1}
    assert log.select("big").count().to_pandas() == 9
