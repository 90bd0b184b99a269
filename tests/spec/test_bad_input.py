"""Input as it should not be: a clear error or an audited drop, never a wrong number."""

# ruff: noqa: E501

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from logs import journey_text

import journeylib as jl
from journeylib.cli import main
from journeylib.errors import DataError, JourneyError, SourceError

HEAD = b"id,at,event\n"
GOOD = HEAD + b"".join(b"c%d,2020-01-05,ad\n" % i for i in range(30_000))


def described(folder: Path, name: str, content: bytes, **changes: Any) -> Path:
    """A data file with these bytes, and its journey file."""
    (folder / name).write_bytes(content)
    file = folder / "journey.toml"
    file.write_text(
        journey_text(["id", "at", "event"], **({"source": {"path": name}} | changes)),
        encoding="utf-8",
    )
    return file


def opened(folder: Path, name: str, content: bytes, **changes: Any) -> jl.EventLog:
    return jl.open_log(jl.read_journey(described(folder, name, content, **changes)))


BROKEN = {
    "a truncated gzip": (
        "e.csv.gz", gzip.compress(GOOD)[:-200], SourceError, "the file breaks off"),
    "a gzip without its end": (
        "e.csv.gz", gzip.compress(GOOD)[:-5], SourceError, "the file breaks off"),
    "no gzip at all": ("e.csv.gz", GOOD, SourceError, "cannot be read as csv"),
    "a CSV of 0 bytes": ("e.csv", b"", SourceError, "is empty: 0 bytes"),
    "a Parquet of 0 bytes": ("e.parquet", b"", SourceError, "is empty: 0 bytes"),
    "a Parquet that breaks off": ("e.parquet", b"PAR1....", SourceError, "cannot be read as parquet"),
    "an unknown delimiter": (
        "e.csv", GOOD.replace(b",", b"^"), DataError, "was read as a single column"),
    "a row with a field more": (
        "e.csv", GOOD + b"x,2020-01-05,ad,more\n", JourneyError, ""),
    "Latin-1 in the last row": (
        "e.csv", GOOD + "x,2020-01-05,café\n".encode("latin-1"), SourceError, "save the file as UTF-8"),
    "UTF-16": ("e.csv", GOOD.decode().encode("utf-16"), SourceError, "save the file as UTF-8"),
    "no header": ("e.csv", GOOD[len(HEAD):], DataError, "there is no column 'id'"),
    "JSON that breaks off": (
        "e.jsonl", b'{"id": 1, "at": "2020-01-05", "event": "ad"}\n{"id": 2, "at":', SourceError,
        "cannot be read as json"),
    "a JSON line that is no object": ("e.jsonl", b'[1, 2]\n[3]\n', JourneyError, ""),
    "a spreadsheet": ("e.xlsx", b"PK..", SourceError, "of an unknown kind"),
    "an empty DuckDB file": ("e.duckdb", b"", SourceError, "is empty: 0 bytes"),
    "no DuckDB file": ("e.duckdb", b"no database" * 999, SourceError, "cannot be opened"),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_a_clear_error_and_no_traceback(
    tmp_path: Path, case: str, capsys: pytest.CaptureFixture[str]
) -> None:
    name, content, kind, said = BROKEN[case]
    source = {"path": name} | ({"table": "t"} if name.endswith("duckdb") else {})
    file = described(tmp_path, name, content, source=source)
    with pytest.raises(kind) as caught:
        jl.open_log(jl.read_journey(file))
    assert said in str(caught.value)
    assert main(["check", str(file)]) == caught.value.exit_code
    shown = capsys.readouterr().err
    assert shown.startswith("error: ") and "Traceback" not in shown and "fix:" in shown


def test_a_file_that_is_cut_while_it_is_open(tmp_path: Path) -> None:
    """Expressions are lazy: what breaks later is said as clearly."""
    pd.read_csv(described(tmp_path, "e.csv", GOOD).with_name("e.csv")).to_parquet(
        tmp_path / "e.parquet"
    )
    file = tmp_path / "journey.toml"
    file.write_text(journey_text(["id", "at", "event"], source={"path": "e.parquet"}))
    log = jl.open_log(jl.read_journey(file))
    (tmp_path / "e.parquet").write_bytes(b"PAR1")
    with pytest.raises(SourceError, match="the data cannot be read"):
        log.counts()


def test_a_byte_order_mark_is_no_matter(tmp_path: Path) -> None:
    assert opened(tmp_path, "e.csv", b"\xef\xbb\xbf" + GOOD).audit.came_in == 30_000


def test_a_column_that_changes_type_halfway(tmp_path: Path) -> None:
    """Thirty thousand numbers, then a word: ids stay as written, moments are told apart."""
    numbers = b"".join(b"%d,1578182400,ad\n" % i for i in range(30_000))
    content = HEAD + numbers + b"007,2020-01-06,ad\nx7,soon,ad\n"
    log = opened(tmp_path, "e.csv", content)
    assert (log.audit.came_in, log.audit.n_kept) == (30_002, 30_001)
    assert log.audit.dropped["unparsable time"] == 1
    assert log.customers == 30_001  # 7 and 007 are two


def test_files_that_disagree_about_a_type(tmp_path: Path) -> None:
    at = pd.to_datetime(["2020-01-05"])
    pd.DataFrame({"id": [7], "at": at, "event": "ad"}).to_parquet(tmp_path / "1.parquet")
    pd.DataFrame({"id": ["x"], "at": at, "event": "ad"}).to_parquet(tmp_path / "2.parquet")
    file = tmp_path / "journey.toml"
    file.write_text(journey_text(["id", "at", "event"], source={"path": "*.parquet"}))
    assert set(jl.open_log(jl.read_journey(file)).table.to_pandas()["id"]) == {"7", "x"}


def test_days_of_two_months_are_not_guessed(tmp_path: Path) -> None:
    """In any column: a planned end of 01/02 would else be of January for some engine."""
    content = b"id,at,event,until,ends\na,2020-01-05,ad,01/02/2020,2020-02-01\n"
    content += b"b,2020-01-05,ad,02/02/2020,2020-02-01\n"
    schema = opened(tmp_path, "e.csv", content).table.schema()
    assert schema["until"].is_string() and schema["ends"].is_date()


def test_files_of_several_kinds(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "a.csv").write_bytes(GOOD)
    (tmp_path / "log" / "b.jsonl").write_text("{}")
    file = tmp_path / "journey.toml"
    file.write_text(journey_text(["id", "at", "event"], source={"path": "log"}))
    with pytest.raises(SourceError, match="several kinds: csv, json"):
        jl.open_log(jl.read_journey(file))


def test_ten_megabytes_in_one_field(tmp_path: Path) -> None:
    content = b"id,at,event,note\na,2020-01-05,ad," + b"z" * 10_000_000 + b"\nb,2020-01-05,ad,x\n"
    rows = opened(tmp_path, "e.csv", content).rows
    found = rows.aggregate(rows=rows.count(), longest=rows["note"].length().max()).to_pandas()
    assert found.iloc[0].tolist() == [2, 10_000_000]


STRANGE = [
    "Robert'); DROP TABLE events; --",
    'say "hello"',
    "naïve 名前 🛒",
    "select",
    "a.b",
    "100% [x] *?",
    "back\\slash",
]


@pytest.mark.parametrize("name", STRANGE)
def test_names_are_only_names(tmp_path: Path, name: str) -> None:
    """Of the folder, the file, the columns, the events, the stages and the ids."""
    folder = tmp_path / name.replace("/", "_")
    folder.mkdir()
    columns = {ours: f"{ours} {name}" for ours in ("id", "at", "event")}
    frame = pd.DataFrame([[name, "2020-01-05", name]], columns=list(columns.values()))
    for kind, write in (("csv", frame.to_csv), ("parquet", frame.to_parquet)):
        file_name = f"{name} events.{kind}"
        write(folder / file_name, index=False)
        file = folder / "journey.toml"
        file.write_text(
            journey_text(
                [],
                name=name,
                source={"path": file_name},
                columns=columns,
                stages={name: [name]},
                attributes={"path": file_name, "columns": [columns["event"]]},
            ),
            encoding="utf-8",
        )
        log = jl.open_log(jl.read_journey(file))
        row = log.table.to_pandas().iloc[0]
        assert (row["id"], row["event"], row["stage"]) == (name, name, name)
        assert list(log.counts()["events"]) == [1]
        assert len(log.select(name).to_pandas()) == 1
        assert log.column(columns["id"]) == "id"


def test_an_address_that_is_not_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = {"url": "env:JOURNEY_TEST_DB", "table": "events"}
    file = described(tmp_path, "unused.csv", GOOD, source=source)
    monkeypatch.delenv("JOURNEY_TEST_DB", raising=False)
    with pytest.raises(SourceError, match="JOURNEY_TEST_DB is not set"):
        jl.open_log(jl.read_journey(file))
    monkeypatch.setenv("JOURNEY_TEST_DB", "s3cret")
    with pytest.raises(SourceError, match="does not hold an address") as caught:
        jl.open_log(jl.read_journey(file))
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgress://annabel:s3cret@db/shop", "did you mean 'postgres'"),
        ("druid://annabel:s3cret@db/shop", "pip install 'ibis-framework[druid]'"),
        ("postgres://annabel:s3cret@[bad/shop", "cannot be opened"),
        ("postgres://annabel:s3cret@127.0.0.1:9/shop", "does not answer"),
    ],
)
def test_an_address_that_does_not_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, said: str
) -> None:
    if url.startswith("postgres:"):
        pytest.importorskip("psycopg", reason="the extra journeylib[postgres]")
    monkeypatch.setenv("JOURNEY_TEST_DB", url)
    source = {"url": "env:JOURNEY_TEST_DB", "table": "events"}
    with pytest.raises(SourceError) as caught:
        opened(tmp_path, "unused.csv", GOOD, source=source)
    assert said in str(caught.value)
    assert "s3cret" not in str(caught.value) and "annabel" not in str(caught.value)
