"""The event log: columns, names, the clock, and an audit that adds up."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import pytest
from logs import as_table, expected_table, open_frame, open_rows, write_log

import journeylib as jl
from journeylib.errors import DataError, JourneyFileError, SourceError

MESSY = """
    id at                event     channel
    a  2020-01-05        ad        web
    a  2020-01-05        ad        web
    a  2020-01-05        ad        mail
    -  2020-01-05        ad        web
    ~  2020-01-05        ad        web
    a  -                 ad        web
    a  2020-13-45        ad        web
    a  tomorrow          ad        web
    a  2020-01-06        -         web
    a  2020-01-06        ~         web
    b  2020-01-07        visit     web
    b  2020-02-01        purchase  web
    b  2019-12-31T23:59  ad        web
    b  2020-01-31T23:59  purchase  -
    """
WATCHED = {"start": "@2020-01-01", "cutoff": "@2020-01-31"}


def test_every_row_has_a_fate(tmp_path: Path) -> None:
    audit = open_rows(tmp_path, MESSY, window=WATCHED).audit
    assert audit.of == "events" and audit.came_in == 14
    assert audit.kept == {
        "in the window, mapped to a stage": 3,
        "in the window, unmapped event": 1,
        "before the window (history: may start a clock, never stop it)": 1,
    }
    assert audit.dropped == {
        "missing id": 2,
        "missing time": 1,
        "unparsable time": 2,
        "missing event name": 2,
        "after the cutoff": 1,
        "exact duplicate of another row": 1,
    }


def test_canonical_columns_and_all_others(tmp_path: Path) -> None:
    log = open_rows(
        tmp_path,
        """
        customer when        what      shop  id  Stage  value
        a        2020-01-05  purchase  n1    7   x      3.5
        """,
        columns={"id": "customer", "at": "when", "event": "what", "value": "value"},
    )
    assert list(log.table.columns) == [
        *("id", "at", "event", "value", "stage", "shop", "source_id", "source_Stage")
    ]
    row = log.table.to_pandas().iloc[0]
    assert (row["id"], row["source_id"], row["stage"], row["value"]) == ("a", 7, "purchase", 3.5)
    assert log.column("customer") == "id" and log.column("Stage") == "source_Stage"
    with pytest.raises(DataError, match="no column 'shopp'") as caught:
        log.column("shopp")
    assert "did you mean 'shop'" in str(caught.value)


NAMES = """
    id at          event     value
    a  2020-01-04  visit     -
    a  2020-01-05  ad        -
    a  2020-01-07  purchase  150
    a  2020-01-09  order     10
    b  2020-01-08  order     200
    b  2020-01-08  mail      -
    """


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("visit", "id at event\na 2020-01-04 visit"),
        ("purchase", "id at event\na 2020-01-07 purchase"),
        ("awareness", "id at event\na 2020-01-05 ad\nb 2020-01-08 mail"),
        ("big", "id at event\na 2020-01-07 purchase\nb 2020-01-08 order"),
        ("first_contact", "id at event\na 2020-01-05 ad\nb 2020-01-08 mail\nb 2020-01-08 order"),
    ],
)
def test_what_a_name_means(tmp_path: Path, name: str, rows: str) -> None:
    log = open_rows(
        tmp_path,
        NAMES,
        stages={"awareness": ["ad", "mail"], "purchase": ["purchase", "order"]},
        events={"big": {"where": "value >= 100"}},
    )
    frame = log.select(name).to_pandas()
    frame["at"] = frame["at"].dt.strftime("%Y-%m-%d")
    columns, expected = expected_table(rows)
    assert as_table(frame, columns) == expected


def test_a_name_that_means_nothing(tmp_path: Path) -> None:
    log = open_rows(tmp_path, NAMES)
    with pytest.raises(DataError) as caught:
        log.select("awarness")
    assert "did you mean 'awareness'" in str(caught.value)


def test_counts(tmp_path: Path) -> None:
    counts = open_rows(tmp_path, MESSY, window=WATCHED).counts()
    columns, rows = expected_table(
        """
        stage       event     events  customers
        awareness   ad        2       1
        awareness   mail      0       0
        purchase    purchase  1       1
        loyalty     refer     0       0
        (unmapped)  visit     1       1
        """
    )
    assert as_table(counts, columns) == rows
    assert list(counts["stage"]) == ["awareness", "awareness", "purchase", "loyalty", "(unmapped)"]


def test_it_prints_well(tmp_path: Path) -> None:
    log = open_rows(tmp_path, MESSY, window=WATCHED, name="Shop <&>")
    assert repr(log) == "EventLog of Shop <&>: 2020-01-01 to 2020-01-31, by day in UTC"
    html = log._repr_html_()
    assert "Shop &lt;&amp;&gt;: 2 customers" in html and "(unmapped)" in html
    assert "14 events came in: 5 kept, 9 dropped" in log.audit._repr_html_()


@pytest.mark.parametrize(
    ("moments", "cutoff"),
    [
        (["2020-01-05", "2020-01-09"], dt.date(2020, 1, 9)),
        (["2020-01-05T00:00:00", "2020-01-09T00:00:00"], dt.date(2020, 1, 9)),
        (["2020-01-05T00:00:00", "2020-01-09T00:00:01"], dt.date(2020, 1, 8)),
        (["2020-01-05T12:00:00", "2020-01-09T00:00:00"], dt.date(2020, 1, 8)),
    ],
)
def test_the_last_complete_day_in_the_data(
    tmp_path: Path, moments: list[str], cutoff: dt.date
) -> None:
    events = [{"id": "a", "at": at, "event": "ad"} for at in moments]
    log = open_rows(tmp_path, events, window={"cutoff": "data"})
    assert log.window.cutoff == log.journey.window.cutoff == cutoff
    assert log.audit.dropped["after the cutoff"] == (cutoff != dt.date(2020, 1, 9))


def test_the_last_day_is_that_of_the_windows_clock(tmp_path: Path) -> None:
    events = [{"id": "a", "at": f"2020-01-0{day}T23:30:00Z", "event": "ad"} for day in (5, 8)]
    window = {"cutoff": "data", "timezone": "Europe/Amsterdam"}
    assert open_rows(tmp_path, events, window=window).window.cutoff == dt.date(2020, 1, 8)


def at_of(log: jl.EventLog) -> list[str]:
    return sorted(str(at) for at in log.table.to_pandas()["at"])


MIXED = [
    ("2020-01-05T23:30:00Z", "2020-01-06 00:30:00", "2020-01-05 23:30:00"),
    ("2020-01-05T23:30:00+0200", "2020-01-05 22:30:00", "2020-01-05 21:30:00"),
    ("2020-01-05T23:30:00-05", "2020-01-06 05:30:00", "2020-01-06 04:30:00"),
    ("2020-01-05T23:30:00", "2020-01-05 23:30:00", "2020-01-05 22:30:00"),
    ("2020-01-05 23:30:00.5", "2020-01-05 23:30:00.500000", "2020-01-05 22:30:00.500000"),
    ("2020-01-05", "2020-01-05 00:00:00", "2020-01-04 23:00:00"),
]


@pytest.mark.parametrize(("text", "local", "utc"), MIXED)
def test_one_clock_for_text_of_any_offset(tmp_path: Path, text: str, local: str, utc: str) -> None:
    events = [{"id": "a", "at": at, "event": "ad"} for at in (text, "?")]
    for resolution, shown in (("day", local), ("timestamp", utc)):
        window = {"cutoff": "@2020-01-31", "timezone": "Europe/Amsterdam"}
        log = open_rows(tmp_path, events, window={**window, "resolution": resolution})
        assert at_of(log) == [shown]
        assert log.audit.dropped["unparsable time"] == 1


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize(
    ("zone", "shown"), [(None, "2020-01-05 23:30:00"), ("UTC", "2020-01-06 00:30:00")]
)
def test_one_clock_for_typed_moments(
    tmp_path: Path, zone: str | None, shown: str, unit: Literal["s", "ms", "us", "ns"]
) -> None:
    at = pd.Series(pd.to_datetime(["2020-01-05 23:30:00"])).dt.as_unit(unit).dt.tz_localize(zone)
    frame = pd.DataFrame({"id": [1], "at": at, "event": ["ad"]})
    window = {"cutoff": "@2020-01-31", "timezone": "Europe/Amsterdam"}
    assert at_of(open_frame(tmp_path, frame, window=window)) == [shown]


def test_ids_of_a_csv_are_names(tmp_path: Path) -> None:
    log = open_rows(tmp_path, "id at event\n007 2020-01-05 ad\n7 2020-01-05 ad")
    assert log.customers == 2


@pytest.mark.parametrize(
    ("ids", "kept"), [([1.0, float("nan")], 1), (["1", None], 1), (["1", " "], 1)]
)
def test_missing_ids_of_any_type(tmp_path: Path, ids: list[Any], kept: int) -> None:
    frame = pd.DataFrame({"id": ids, "at": dt.datetime(2020, 1, 5), "event": "ad"})
    audit = open_frame(tmp_path, frame).audit
    assert (audit.n_kept, audit.dropped["missing id"]) == (kept, 1)


def test_moments_that_are_neither(tmp_path: Path) -> None:
    frame = pd.DataFrame({"id": [1], "at": [True], "event": ["ad"]})
    with pytest.raises(DataError, match="column 'at' holds boolean, not moments in time"):
        open_frame(tmp_path, frame)


def test_a_missing_column(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        open_rows(tmp_path, MESSY, columns={"id": "id", "at": "att", "event": "event"})
    said = str(caught.value)
    assert "no column 'att'" in said and "events.csv" in said and "did you mean 'at'" in said
    with pytest.raises(DataError, match="no column 'agee' in the attributes"):
        customers = {"path": "customers.csv", "columns": ["agee"]}
        open_rows(tmp_path, MESSY, customers="id age\na 3", attributes=customers)


def test_a_derived_event_that_does_not_fit(tmp_path: Path) -> None:
    for where, said in (("valeu > 1", "did you mean 'value'"), ("value > 'x'", "comparable")):
        with pytest.raises(JourneyFileError) as caught:
            open_rows(tmp_path, NAMES, events={"big": {"where": where}})
        assert said in str(caught.value) and "key events.big.where" in str(caught.value)


@pytest.mark.parametrize("events", [[], [{"id": "a", "at": "2021-01-01", "event": "ad"}]])
def test_an_empty_log_says_why(tmp_path: Path, events: list[dict[str, str]]) -> None:
    with pytest.raises(DataError, match=f"no event is left: {len(events)} events came in"):
        open_rows(tmp_path, events)


def test_an_empty_log_has_no_last_day(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="the last day in the data is not known"):
        open_rows(tmp_path, [], window={"cutoff": "data"})


def test_one_customer_is_enough(tmp_path: Path) -> None:
    assert open_rows(tmp_path, "id at event\na 2020-01-05 ad").customers == 1


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    file = write_log(tmp_path, MESSY, source={"path": "event.csv"})
    with pytest.raises(SourceError, match=r"no data file 'event.csv'") as caught:
        jl.open_log(jl.read_journey(file))
    assert "did you mean 'events.csv'" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("events.parquet", b"", "is empty: 0 bytes"),
        ("events.parquet", b"PAR1 no more", "cannot be read as parquet"),
        ("events.csv", b"", "is empty: 0 bytes"),
        ("events.xlsx", b"x", "of an unknown kind"),
    ],
)
def test_a_file_that_is_broken(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    file = write_log(tmp_path, MESSY, source={"path": name})
    (tmp_path / name).write_bytes(content)
    with pytest.raises((SourceError, DataError), match=said):
        jl.open_log(jl.read_journey(file))


def test_gzipped_csv(tmp_path: Path) -> None:
    file = write_log(tmp_path, MESSY, source={"path": "events.csv.gz"})
    pd.read_csv(tmp_path / "events.csv").to_csv(tmp_path / "events.csv.gz", index=False)
    assert jl.open_log(jl.read_journey(file)).audit.came_in == 14
