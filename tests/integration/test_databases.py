"""A journey whose events are in PostgreSQL: the same log, and errors that keep the secret."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ibis
import pandas as pd
import pytest
from logs import journey_text, write_log
from postgres import PASSWORD, USER

import journeylib as jl
from journeylib.cli import main
from journeylib.errors import SourceError
from journeylib.sources.fingerprint import data_fingerprint

ROWS = """
    id  at                         event     channel  value
    a   2020-01-02T23:30:00+01:00  ad        web      -
    a   2020-01-05T10:00:00Z       purchase  shop     12.5
    a   2020-01-05T10:00:00Z       purchase  shop     12.5
    b   1578182400                 ad        web      -
    b   soon                       purchase  web      1
    -   2020-01-05                 ad        web      -
    c   2020-02-05                 ad        web      -
    """
STRANGE = 'ev "ents"; DROP TABLE x; -- é'


@pytest.fixture
def database(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("JOURNEY_DB", postgres_url)
    connection = ibis.connect(postgres_url)
    yield connection
    connection.disconnect()


def put(database: Any, folder: Path, table: str = "events", **changes: Any) -> jl.Journey:
    """The literal rows as a table, and the journey that reads it."""
    file = write_log(
        folder, ROWS, **{"source": {"url": "env:JOURNEY_DB", "table": table}} | changes
    )
    frame = pd.read_csv(folder / "events.csv", dtype={"id": "string", "at": "string"})
    database.create_table(table, frame, overwrite=True)
    return jl.read_journey(file)


def rows_of(log: jl.EventLog) -> list[tuple[str, ...]]:
    frame = log.table.select("id", "at", "event", "channel", "value", "stage").to_pandas()
    return sorted(tuple(map(str, row)) for row in frame.itertuples(index=False))


def test_the_same_log_from_a_file_and_from_postgresql(database: Any, tmp_path: Path) -> None:
    there = jl.open_log(put(database, tmp_path / "there"))
    here = jl.open_log(jl.read_journey(write_log(tmp_path / "here", ROWS)))
    assert there.audit == here.audit
    assert rows_of(there) == rows_of(here) and len(rows_of(here)) == 3
    assert there.audit.dropped["unparsable time"] == there.audit.dropped["missing id"] == 1


def test_a_numeric_column_is_the_number_that_a_file_has(
    database: Any, tmp_path: Path, postgres_url: str
) -> None:
    psycopg = pytest.importorskip("psycopg")
    journey = put(database, tmp_path / "there")
    with psycopg.connect(postgres_url) as connection:
        connection.execute("ALTER TABLE events ALTER COLUMN value TYPE numeric(12, 2)")
    there = jl.open_log(journey)
    here = jl.open_log(jl.read_journey(write_log(tmp_path / "here", ROWS)))
    assert rows_of(there) == rows_of(here)
    frames = [jl.time_to(log, "ad", "purchase", by="value", prior="ignore").frame
              for log in (there, here)]  # fmt: skip
    pd.testing.assert_frame_equal(*frames)
    assert frames[0]["value"].tolist() == [12.5]


def test_the_same_spells_with_attributes_of_a_file(database: Any, tmp_path: Path) -> None:
    customers = "id tier\na gold\nb iron"
    there = jl.open_log(put(database, tmp_path / "there", customers=customers))
    here = jl.open_log(jl.read_journey(write_log(tmp_path / "here", ROWS, customers=customers)))
    frames = [jl.time_to(log, "purchase", by="tier").frame for log in (there, here)]
    pd.testing.assert_frame_equal(*frames)
    assert list(frames[0]["tier"]) == ["gold", "iron"]
    assert isinstance(there.table._find_backend(), type(database))  # the events stayed there


def test_a_file_and_a_database_are_one_log(database: Any, tmp_path: Path) -> None:
    put(database, tmp_path)
    (tmp_path / "store.csv").write_text("card,day\na,2020-01-03\nd,2020-01-04\n")
    (tmp_path / "journey.toml").write_text(
        """
        name = "both"
        [[sources]]
        name = "web"
        url = "env:JOURNEY_DB"
        table = "events"
        columns = { id = "id", at = "at", event = "event", channel = "channel" }
        [[sources]]
        name = "store"
        path = "store.csv"
        columns = { id = "card", at = "day" }
        constants = { event = "visit", channel = "store" }
        [window]
        cutoff = 2020-01-31
        """
    )
    log = jl.open_log(jl.read_journey(tmp_path))
    counts = jl.counts_by(log, "feed").set_index("feed")["events"].to_dict()
    assert counts == {"web": 3, "store": 2}
    assert log.customers == 3


@pytest.mark.parametrize("names", [STRANGE, "Ünïcode 表", "select", "a.b"])
def test_names_are_only_names(database: Any, tmp_path: Path, names: str) -> None:
    columns = {ours: f"{ours} {names}" for ours in ("id", "at", "event")}
    frame = pd.DataFrame([["a", "2020-01-05", names]], columns=list(columns.values()))
    database.create_table(names, frame, overwrite=True)
    file = tmp_path / "journey.toml"
    file.write_text(
        journey_text(
            ["id", "at", "event"],
            source={"url": "env:JOURNEY_DB", "table": names},
            columns=columns,
            stages={"awareness": [names]},
        )
    )
    log = jl.open_log(jl.read_journey(file))
    assert list(log.counts()["event"]) == [names] and log.counts()["events"].sum() == 1


def test_a_table_that_is_not_there(database: Any, tmp_path: Path) -> None:
    put(database, tmp_path)
    file = write_log(tmp_path, ROWS, source={"url": "env:JOURNEY_DB", "table": "event"})
    with pytest.raises(SourceError, match="there is no table 'event'") as caught:
        jl.open_log(jl.read_journey(file))
    assert "did you mean 'events'" in str(caught.value)


def test_a_table_that_vanishes(database: Any, tmp_path: Path) -> None:
    log = jl.open_log(put(database, tmp_path, "fleeting"))
    database.drop_table("fleeting")
    with pytest.raises(SourceError, match="does not exist") as caught:
        log.counts()
    assert "open it again" in str(caught.value)


def test_a_server_that_goes_away(database: Any, tmp_path: Path) -> None:
    log = jl.open_log(put(database, tmp_path))
    ours = log.table._find_backend().con.info.backend_pid
    database.raw_sql(f"SELECT pg_terminate_backend({ours})").close()
    with pytest.raises(SourceError) as caught:
        log.counts()
    assert "the server went away" in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("s3cr3t", "wr0ng-one", "refuses the user or the password"),
        (f"{USER}:", "n0body-here:", "refuses the user or the password"),
        ("@127.0.0.1:", "@127.0.0.1:1", "does not answer"),
        ("/postgres", "/n0-such-db", "cannot be opened"),
    ],
)
def test_a_door_that_stays_closed(
    postgres_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    old: str,
    new: str,
    said: str,
) -> None:
    url = postgres_url.replace(old, new, 1) if new != "@127.0.0.1:1" else closed(postgres_url)
    monkeypatch.setenv("JOURNEY_DB", url)
    file = write_log(tmp_path, ROWS, source={"url": "env:JOURNEY_DB", "table": "events"})
    with pytest.raises(SourceError, match=said) as caught:
        jl.open_log(jl.read_journey(file))
    assert main(["check", str(file)]) == SourceError.exit_code
    shown = str(caught.value) + repr(caught.value.__cause__) + capsys.readouterr().err
    for secret in (PASSWORD, "wr0ng", "n0body", USER, url, "s3cr3t"):
        assert secret not in shown
    assert "Traceback" not in shown


def closed(url: str) -> str:
    """The address with a port at which nobody listens."""
    port = url.rpartition(":")[2].partition("/")[0]
    return url.replace(f":{port}/", ":9/")


def test_no_secret_in_what_is_kept(database: Any, tmp_path: Path, postgres_url: str) -> None:
    log = jl.open_log(put(database, tmp_path))
    kept = [repr(log), log._repr_html_(), str(log.audit), repr(log.journey), str(log.journey)]
    kept += [jl.provenance(log).frame.to_string(), data_fingerprint(log.journey)]
    assert all(secret not in text for text in kept for secret in (PASSWORD, "s3cr3t", USER))


def test_a_fingerprint_that_is_cheap_and_stable(database: Any, tmp_path: Path) -> None:
    journey = put(database, tmp_path)
    first = data_fingerprint(journey)
    assert data_fingerprint(journey) == first
    more = pd.DataFrame([["z", "2020-01-05", "ad", "web", 1.0]], columns=list(rows_frame(tmp_path)))
    database.insert("events", more)
    assert data_fingerprint(journey) != first


def rows_frame(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "events.csv")


def test_curves_where_the_data_live(database: Any, tmp_path: Path) -> None:
    log = jl.open_log(put(database, tmp_path))
    curve = jl.survival_curve(jl.time_to(log, "purchase")).frame
    assert list(curve["events"]) == [1, 0] and list(curve["at_risk"]) == [2, 1]
