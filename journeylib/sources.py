"""The only place that opens connections: a file or a table becomes one ibis table.

The embedded default is DuckDB in memory. Everything above this module is an ibis
expression and does not know which engine answers.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import duckdb
import ibis
import ibis.expr.types as ir
import sqlglot as sg

from journeylib.errors import SourceError, nearest
from journeylib.journey import Journey, Source

READERS = {
    ".parquet": "parquet",
    ".csv": "csv",
    ".csv.gz": "csv",
}


def connect() -> ibis.BaseBackend:
    """A DuckDB of its own, in memory, whose clock is UTC wherever it runs."""
    connection = ibis.duckdb.connect(temp_directory=tempfile.gettempdir())
    connection.raw_sql("SET TimeZone = 'UTC'")
    return connection


def open_source(journey: Journey) -> tuple[ir.Table, ir.Table | None]:
    """The events of a journey and its attributes as ibis tables of one connection.

    Parameters
    ----------
    journey
        As read by ``read_journey``.

    Returns
    -------
    events, attributes
        With the sources' own columns; ``attributes`` is None where the journey
        has none. Nothing is read yet beyond what tells the columns' types.

    Raises
    ------
    SourceError
        When a file is absent, of an unknown kind, empty or broken.
    """
    connection = connect()
    events = _read(connection, journey.source, text=journey.columns["id"])
    if journey.attributes is None:
        return events, None
    known = journey.attributes
    return events, _read(connection, known.source, text=known.id)


def _read(connection: ibis.BaseBackend, source: Source, text: str) -> ir.Table:
    """One source as a table; the column ``text`` of a CSV stays text, as ids are names."""
    if source.path is None:
        raise SourceError(
            f"opening {source.label} of a database is not supported",
            where="[source] url",
            fix="point [source] path at a Parquet or CSV file",
        )
    path = source.path
    if not path.is_file():
        raise SourceError(
            f"there is no data file {path.name!r}", where=str(path), fix=_advice(path)
        )
    kind = next((READERS[end] for end in READERS if path.name.lower().endswith(end)), None)
    if kind is None:
        raise SourceError(
            f"{path.name!r} is of an unknown kind",
            where=str(path),
            fix=nearest(path.suffix, READERS),
        )
    if path.stat().st_size == 0:
        raise SourceError(
            f"{path.name!r} is empty: 0 bytes", where=str(path), fix="write the file again"
        )
    try:
        if kind == "parquet":
            return _plain(connection, connection.read_parquet(str(path)))
        # all rows are looked at: a type guessed from the first ones can be wrong later
        types = {text: "VARCHAR"} if text in connection.con.read_csv(str(path)).columns else {}
        return connection.read_csv(str(path), types=types, sample_size=-1)
    except (duckdb.Error, OSError, ValueError) as error:
        detail = str(error).splitlines()[0]
        raise SourceError(
            f"{path.name!r} cannot be read as {kind}: {detail}",
            where=str(path),
            fix="check that the file is complete and is what its name says",
        ) from None


def _plain(connection: ibis.BaseBackend, table: ir.Table) -> ir.Table:
    """Nanosecond moments with a zone, which ibis does not know, as microseconds."""
    strange = [n for n, kind in table.schema().items() if "TIMESTAMPTZ_NS" in str(kind)]
    if not strange:
        return table
    quoted = {name: sg.to_identifier(name, quoted=True).sql("duckdb") for name in strange}
    casts = ", ".join(f"CAST({q} AS TIMESTAMPTZ) AS {q}" for q in quoted.values())
    view = f"{table.get_name()}_plain"
    connection.raw_sql(
        f'CREATE TEMP VIEW "{view}" AS SELECT * REPLACE ({casts}) FROM "{table.get_name()}"'
    )
    return connection.table(view)


def _advice(path: Path) -> str:
    """What to do about an absent file: fetch a sample, or mind the spelling."""
    from journeylib.samples import SAMPLES

    if path.parent.name in SAMPLES:
        return f"journey sample {path.parent.name}"
    beside = sorted(p.name for p in path.parent.iterdir()) if path.parent.is_dir() else []
    return nearest(path.name, beside) if beside else "check [source] path in the journey file"
