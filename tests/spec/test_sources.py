"""Where events may be: every kind of place gives the same log."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import ibis
import pandas as pd
import pytest
from logs import as_table, journey_text

import journeylib as jl
from journeylib.errors import DataError, JourneyFileError, SourceError
from journeylib.sources.fingerprint import data_fingerprint

FRAME = pd.DataFrame(
    {
        "id": ["007", "7", "ann"],
        "at": ["2020-01-05", "2020-01-06T10:00:00Z", "2020-01-07"],
        "event": ["ad", "purchase", "ad"],
        "channel": ["web", None, "mail"],
        "value": [None, 12.5, None],
    }
)
EXPECTED = [
    ("007", "2020-01-05", "ad", "web", "-"),
    ("7", "2020-01-06", "purchase", "-", "12.5"),
    ("ann", "2020-01-07", "ad", "mail", "-"),
]


def journey(folder: Path, **source: Any) -> jl.Journey:
    file = folder / "journey.toml"
    file.write_text(journey_text(list(FRAME.columns), source=source or {"path": "events.csv"}))
    return jl.read_journey(file)


def rows(log: jl.EventLog) -> list[tuple[str, ...]]:
    frame = log.table.to_pandas()
    frame["at"] = pd.to_datetime(frame["at"]).dt.strftime("%Y-%m-%d")
    return as_table(frame, ["id", "at", "event", "channel", "value"])


def one_csv(folder: Path) -> dict[str, Any]:
    FRAME.to_csv(folder / "events.csv", index=False)
    return {"path": "events.csv"}


def tabs(folder: Path) -> dict[str, Any]:
    FRAME.to_csv(folder / "events.tsv", index=False, sep="\t")
    return {"path": "events.tsv"}


def odd_delimiter(folder: Path) -> dict[str, Any]:
    FRAME.to_csv(folder / "events.csv", index=False, sep="^")
    return {"path": "events.csv", "delimiter": "^"}


def many_gzipped(folder: Path) -> dict[str, Any]:
    """One has a column more: a column that only some have is missing in the others."""
    FRAME[:2].assign(more=1).to_csv(folder / "e-1.csv.gz", index=False)
    FRAME[2:].to_csv(folder / "e-2.csv.gz", index=False)
    return {"path": "e-*.csv.gz"}


def one_parquet(folder: Path) -> dict[str, Any]:
    FRAME.to_parquet(folder / "events.parquet")
    return {"path": "events.parquet"}


def many_parquet(folder: Path) -> dict[str, Any]:
    for i in range(3):
        (folder / "deep" / str(i)).mkdir(parents=True)
        FRAME[i : i + 1].to_parquet(folder / "deep" / str(i) / "part.parquet")
    return {"path": "deep/**/*.parquet"}


def partitioned(folder: Path) -> dict[str, Any]:
    """A column of the folders' names; what begins with _ or . is no data."""
    FRAME.fillna({"channel": "?"}).to_parquet(folder / "log", partition_cols=["event"])
    (folder / "log" / "_SUCCESS").write_text("")
    (folder / "log" / ".part.parquet.crc").write_text("x")
    frame = FRAME[["id", "at", "channel", "value"]]
    for event, part in frame.groupby(FRAME["event"]):
        for file in (folder / "log" / f"event={event}").glob("*.parquet"):
            file.unlink()
        part.to_parquet(folder / "log" / f"event={event}" / "part-0.parquet")
    return {"path": "log"}


def json_lines(folder: Path) -> dict[str, Any]:
    """Ids that are numbers in one row and text in another."""
    records = json.loads(FRAME.to_json(orient="records"))
    records[1]["id"] = 7
    text = "\n".join(json.dumps(record) for record in records)
    (folder / "events.jsonl.gz").write_bytes(gzip.compress(text.encode()))
    return {"path": "events.jsonl.gz"}


def json_list(folder: Path) -> dict[str, Any]:
    (folder / "events.json").write_text(FRAME.to_json(orient="records"))
    return {"path": "events.json"}


def json_list_of_lines(folder: Path) -> dict[str, Any]:
    FRAME.to_json(folder / "events.json.gz", orient="records", lines=True)
    return {"path": "events.json.gz"}


def duckdb_file(folder: Path) -> dict[str, Any]:
    with duckdb.connect(str(folder / "it's a shop.duckdb")) as connection:
        connection.register("frame", FRAME)
        connection.execute("CREATE SCHEMA raw; CREATE TABLE raw.events AS SELECT * FROM frame")
    return {"path": "it's a shop.duckdb", "table": "events", "schema": "raw"}


def other_backend(folder: Path) -> dict[str, Any]:
    """Any other address that ibis knows; here DuckDB's own."""
    with duckdb.connect(str(folder / "shop.db")) as connection:
        connection.register("frame", FRAME)
        connection.execute("CREATE TABLE events AS SELECT * FROM frame")
    return {"url": f"duckdb://{folder / 'shop.db'}", "table": "events"}


PLACES = [
    *(one_csv, tabs, odd_delimiter, many_gzipped, one_parquet, many_parquet, partitioned),
    *(json_lines, json_list, json_list_of_lines, duckdb_file, other_backend),
]


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)
def test_the_same_log_from_every_place(
    tmp_path: Path, place: Callable[[Path], dict[str, Any]]
) -> None:
    described = journey(tmp_path, **place(tmp_path))
    log = jl.open_log(described)
    assert rows(log) == EXPECTED and log.audit.came_in == 3
    assert data_fingerprint(described) == data_fingerprint(described)


@pytest.mark.parametrize("place", [many_gzipped, partitioned, duckdb_file])
def test_a_fingerprint_of_many_files_sees_each(
    tmp_path: Path, place: Callable[[Path], dict[str, Any]]
) -> None:
    source = place(tmp_path)
    first = data_fingerprint(journey(tmp_path, **source))
    last = sorted(p for p in tmp_path.rglob("*") if p.is_file() and p.suffix != ".toml")[-1]
    last.write_bytes(last.read_bytes() + b" ")
    assert data_fingerprint(journey(tmp_path, **source)) != first


def test_a_frame_in_memory(tmp_path: Path) -> None:
    described = journey(tmp_path)  # its file is not there, and is not needed
    log = jl.open_log(described, table=FRAME)
    assert rows(log) == EXPECTED
    prints = [
        data_fingerprint(jl.open_log(described, table=frame).journey)
        for frame in (FRAME, FRAME.copy(), FRAME.assign(value=1.0))
    ]
    assert prints[0] == prints[1] != prints[2]


def test_a_frame_with_ids_of_several_types(tmp_path: Path) -> None:
    at = pd.to_datetime(["2020-01-05"] * 5)
    frame = FRAME.iloc[[0] * 5].assign(id=[7, "7", 7.0, "seven", None], at=at)
    audit = jl.open_log(journey(tmp_path), table=frame).audit
    assert audit.dropped["missing id"] == 1
    assert (audit.n_kept, audit.dropped["exact duplicate of another row"]) == (2, 2)


def test_a_frame_whose_columns_are_not_all_called_by_text(tmp_path: Path) -> None:
    frame = FRAME.copy()
    frame[7] = 1
    assert rows(jl.open_log(journey(tmp_path), table=frame)) == EXPECTED


def test_a_frame_with_two_columns_of_one_name(tmp_path: Path) -> None:
    twice = pd.concat([FRAME, FRAME[["channel"]]], axis=1)
    with pytest.raises(DataError, match="two columns are called 'channel'"):
        jl.open_log(journey(tmp_path), table=twice)


def test_a_table_of_a_connection_of_ones_own(tmp_path: Path) -> None:
    connection = ibis.duckdb.connect()
    connection.raw_sql("SET TimeZone = 'UTC'")
    table = connection.create_table("mine", FRAME)
    (tmp_path / "customers.csv").write_text("id,tier\n007,gold\n")
    file = tmp_path / "journey.toml"
    file.write_text(journey_text(list(FRAME.columns), attributes={"path": "customers.csv"}))
    log = jl.open_log(jl.read_journey(file), table=table)
    assert rows(log) == EXPECTED
    spells = jl.time_to(log, "purchase", by="tier").frame
    assert dict(zip(spells["id"], spells["tier"], strict=True))["007"] == "gold"


def test_exact_decimals_are_the_numbers_they_are_in_a_file(tmp_path: Path) -> None:
    """The type that databases have for money: a covariate with one slope, not one a level."""
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as connection:
        connection.execute(
            "CREATE TABLE events AS SELECT 'c' || i AS id, "
            "DATE '2020-01-01' + (k * (3 + i % 7))::INT AS at, "
            "['ad', 'purchase'][k + 1] AS event, 'web' AS channel, "
            "((i * 37) % 100 + 0.25)::DECIMAL(10, 2) AS value FROM range(40) t(i), range(2) u(k)"
        )
        connection.execute(
            "CREATE TABLE people AS SELECT 'c' || i AS id, (i * 7 % 40 + 0.50)::DECIMAL(10, 2) "
            "AS income, (i % 3)::DECIMAL(4, 0) AS children FROM range(40) t(i)"
        )
        plain = {
            "events": "value::DOUBLE AS value",
            "people": "income::DOUBLE AS income, children::INT AS children",
        }
        for table, columns in plain.items():
            file = f"{tmp_path / table}.parquet"
            connection.execute(f"COPY (SELECT * REPLACE ({columns}) FROM {table}) TO '{file}'")
    found = []
    for source, beside in (
        ({"path": "shop.duckdb", "table": "events"}, {"path": "shop.duckdb", "table": "people"}),
        ({"path": "events.parquet"}, {"path": "people.parquet"}),
    ):
        file = tmp_path / "journey.toml"
        file.write_text(journey_text(list(FRAME.columns), source=source, attributes=beside))
        log = jl.open_log(jl.read_journey(file))
        spells = jl.time_to(log, "purchase", origin="ad", by=("value", "income", "children"))
        spent = jl.with_exposure(spells, log, "ad", name="spent", value="value")
        found.append((spells, jl.cox(spells, "value + income"), spent))
    (here, model, spent), (there, expected, spent_there) = found
    pd.testing.assert_frame_equal(here.frame, there.frame, check_dtype=False)
    pd.testing.assert_frame_equal(model.frame, expected.frame)
    pd.testing.assert_frame_equal(spent.frame, spent_there.frame, check_dtype=False)
    assert list(model.frame["term"]) == ["value", "income"]
    assert jl.survival_curve(here, by="children").groups == ("0", "1", "2")


def test_fields_of_nested_columns(tmp_path: Path) -> None:
    lines = [{"who": {"id": "a"}, "at": "2020-01-05", "e": "ad", "t": {"m": {"x": "web"}}}]
    (tmp_path / "events.jsonl").write_text("\n".join(map(json.dumps, lines)))
    file = tmp_path / "journey.toml"
    columns = {"id": "who.id", "at": "at", "event": "e", "channel": "t.m.x"}
    file.write_text(journey_text([], source={"path": "events.jsonl"}, columns=columns))
    log = jl.open_log(jl.read_journey(file))
    row = log.table.to_pandas().iloc[0]
    assert (row["id"], row["channel"]) == ("a", "web")
    assert log.column("t.m.x") == "channel"


def test_only_some_rows_are_events(tmp_path: Path) -> None:
    source = one_csv(tmp_path) | {"where": "channel is not null"}
    log = jl.open_log(journey(tmp_path, **source))
    assert log.audit.came_in == 2  # the others are no events of this journey at all


def test_memory_and_threads_are_honoured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = one_csv(tmp_path) | {"memory": "300MB", "threads": 1}

    def settings() -> tuple[str, int]:
        connection = jl.open_log(journey(tmp_path, **source)).table._find_backend().con
        found = connection.execute(
            "SELECT current_setting('memory_limit'), current_setting('threads')"
        )
        return tuple(found.fetchone())

    assert settings() == ("286.1 MiB", 1)
    monkeypatch.setenv("JOURNEY_MEMORY", "200 MB")
    monkeypatch.setenv("JOURNEY_THREADS", "2")
    assert settings() == ("190.7 MiB", 2)
    monkeypatch.setenv("JOURNEY_MEMORY", "lots")
    with pytest.raises(SourceError, match="DuckDB does not start"):
        settings()


def test_more_than_fits_into_memory_spills(tmp_path: Path) -> None:
    """A hundred megabytes of text are sorted within 60 MB."""
    log = jl.open_log(journey(tmp_path, **one_csv(tmp_path) | {"memory": "60MB", "threads": 1}))
    connection = log.table._find_backend().con
    query = "SELECT md5(i::VARCHAR) AS a, md5((i + 1)::VARCHAR) AS b FROM range(1500000) t(i)"
    connection.execute(f"CREATE TEMP TABLE big AS {query} ORDER BY a")
    assert connection.execute("SELECT count(*), min(a) <= max(a) FROM big").fetchone() == (
        1_500_000,
        True,
    )


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ({"path": "e.csv", "memory": "lots"}, 'a size such as "2GB"'),
        ({"path": "e.csv", "threads": 0}, "a whole number above 0"),
        ({"path": "e.csv", "delimiter": "::"}, "one character"),
        ({"path": "e.csv", "time_format": "%d %B"}, "%d, %m and %Y"),
        ({"path": "e.csv", "where": "drop table"}, "is not a predicate"),
        ({"path": "e.duckdb"}, "a table in that database"),
        ({"url": "env:JOURNEY-DB", "table": "t"}, "environment variable"),
        ({"url": "localhost", "table": "t"}, "or an address such as"),
        ({"url": "postgres://ann:hunter2@db/shop", "table": "t"}, "holds a password"),
        ({"url": "postgres://db/shop?password=hunter2", "table": "t"}, "holds a password"),
        ({"url": "postgres://db/shop", "path": "e.csv"}, "either path, or url and table"),
    ],
)
def test_a_wrong_key_of_the_source(tmp_path: Path, source: dict[str, Any], said: str) -> None:
    with pytest.raises(JourneyFileError) as caught:
        journey(tmp_path, **source)
    assert said in str(caught.value) and "key source" in str(caught.value)
    assert "hunter2" not in str(caught.value)
