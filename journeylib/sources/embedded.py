"""The embedded DuckDB: files, a DuckDB file and frames as ibis tables.

A CSV is read as a whole before a type is settled, so that a column which is a number
for a million rows and a word in the next is text from the start. Ids of text files stay
text, as ``007`` is a name, and what ``01/02/2020`` means is not guessed. Text files are
read once and kept, Parquet is read as far as a question needs it.
"""

from __future__ import annotations

import itertools
import os
import re
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb
import ibis
import ibis.expr.types as ir
import pandas as pd
import sqlglot as sg

from journeylib.errors import DataError, SourceError, nearest
from journeylib.journey.source import Source
from journeylib.sources import databases
from journeylib.sources.files import files_of, is_partitioned, kind_of

_number = itertools.count(1)
_WIDE_LINE = 256 * 2**20  # bytes of one line, where the usual 2 MB do not do
_JSON_OBJECT = 256 * 2**20
# no other dates are recognised: whether 01/02 is of January or February is not guessed
_TYPED = ("DATE", "TIMESTAMP", "BIGINT")  # what a column of moments may be taken for
_ISO = {"dateformat": "%Y-%m-%d", "timestampformat": "%Y-%m-%d %H:%M:%S"}


def connect(sources: Iterable[Source] = ()) -> ibis.BaseBackend:
    """A DuckDB of its own, in memory, whose clock is UTC wherever it runs.

    What does not fit into its memory spills into a folder of its own under ``$TMPDIR``.
    ``JOURNEY_MEMORY`` and ``JOURNEY_THREADS`` in the environment win over the files.
    """
    spill = Path(tempfile.gettempdir()) / f"journey-{os.getpid()}-{next(_number)}.tmp"
    given = list(sources)
    memory = os.environ.get("JOURNEY_MEMORY") or next((s.memory for s in given if s.memory), None)
    threads = os.environ.get("JOURNEY_THREADS") or next(
        (s.threads for s in given if s.threads), None
    )
    settings: dict[str, Any] = {"temp_directory": str(spill)}
    settings |= {"memory_limit": str(memory).replace(" ", "")} if memory else {}
    settings |= {"threads": threads} if threads else {}
    try:
        connection = ibis.duckdb.connect(**settings)
    except duckdb.Error as error:
        raise SourceError(
            f"DuckDB does not start: {str(error).splitlines()[0]}",
            where="JOURNEY_MEMORY, JOURNEY_THREADS or memory, threads in the journey file",
            fix='for instance memory = "2GB" and threads = 4',
        ) from None
    connection.raw_sql("SET TimeZone = 'UTC'")
    label = ", ".join(dict.fromkeys(s.label for s in given)) or "the embedded DuckDB"
    return databases.guarded(connection, label)


def read(
    connection: ibis.BaseBackend,
    source: Source,
    text: Iterable[str] = (),
    moments: Iterable[str] = (),
) -> ir.Table:
    """The files of a source as one table.

    Parameters
    ----------
    connection
        Of :func:`connect`.
    source
        With a path.
    text
        Columns that stay text in files that do not say what type they are.
    moments
        Columns that stay text there unless all of their values are ISO 8601 or whole.

    Raises
    ------
    SourceError
        When a file is absent, of an unknown kind, empty or broken.
    """
    assert source.path is not None
    files = files_of(source.path)
    kind = kind_of(files[0])
    if kind == "duckdb":
        return _attached(connection, source)
    try:
        if kind == "parquet":
            return _plain(connection, _parquet(connection, source.path, files))
        if kind == "json":
            return _plain(connection, _json(connection, files), text)
        return _csv(connection, source, files, set(text), set(moments))
    except (duckdb.Error, OSError, ValueError) as error:
        raise _unreadable(error, source, kind or "", files) from None


def of_frame(connection: ibis.BaseBackend, frame: pd.DataFrame, text: Iterable[str]) -> ir.Table:
    """A pandas frame as a table; a column of ``text`` with values of several types is text."""
    given = frame.reset_index(drop=True)
    given.columns = pd.Index([str(name) for name in given.columns])
    if not given.columns.is_unique:
        twice = given.columns[given.columns.duplicated()][0]
        raise DataError(f"two columns are called {twice!r}", fix="rename or drop one of them first")
    for name in text:
        if name in given.columns and given[name].dtype == object:
            given = given.assign(**{name: given[name].map(_as_text, na_action="ignore")})
    return _plain(connection, connection.create_table(_name("frame"), given, temp=True))


def fetched(connection: ibis.BaseBackend, table: ir.Table) -> ir.Table:
    """A table of another engine, copied here batch by batch."""
    name, arriving = _name("fetched"), _name("arriving")
    connection.con.register(arriving, table.to_pyarrow_batches())
    connection.con.execute(f'CREATE TEMP TABLE "{name}" AS SELECT * FROM "{arriving}"')
    connection.con.unregister(arriving)
    return _plain(connection, connection.table(name))


# ---- one function a kind of file -----------------------------------------------------


def _parquet(connection: ibis.BaseBackend, path: Path, files: tuple[Path, ...]) -> ir.Table:
    several = {"union_by_name": True} if len(files) > 1 else {}
    return connection.read_parquet(
        [_literal(f) for f in files], hive_partitioning=is_partitioned(path), **several
    )


def _csv(
    connection: ibis.BaseBackend,
    source: Source,
    files: tuple[Path, ...],
    text: set[str],
    moments: set[str],
) -> ir.Table:
    assert source.path is not None
    options: dict[str, Any] = {"header": True, "sample_size": -1}
    if source.delimiter is not None:
        options["sep"] = source.delimiter
    if len(files) > 1:
        options["union_by_name"] = True
    if is_partitioned(source.path):
        options["hive_partitioning"] = True
    names = [_literal(f) for f in files]
    iso = {"date_format": _ISO["dateformat"], "timestamp_format": _ISO["timestampformat"]}
    try:
        found = connection.con.read_csv(names, **iso, **options)
    except duckdb.Error as error:
        if "maximum line size" not in str(error).lower():
            raise
        options |= {"max_line_size": _WIDE_LINE, "buffer_size": 2 * _WIDE_LINE}
        found = connection.con.read_csv(names, **iso, **options)
    kinds = dict(zip(found.columns, map(str, found.types), strict=True))
    typed = {n for n in moments & set(kinds) if kinds[n] in _TYPED and not source.time_format}
    kept = dict.fromkeys(sorted((text | moments - typed) & set(kinds)), "VARCHAR")
    table = _loaded(connection, connection.read_csv(names, types=kept, **_ISO, **options))
    if not any(_antique(table, name) for name in typed):
        return table
    kept |= dict.fromkeys(sorted(typed), "VARCHAR")  # 24-01-05 is not of the year 24
    return _loaded(connection, connection.read_csv(names, types=kept, **_ISO, **options))


def _json(connection: ibis.BaseBackend, files: tuple[Path, ...]) -> ir.Table:
    # in files called .json some have one list of all rows, others one row a line
    lists = any(f.name.lower().removesuffix(".gz").endswith(".json") for f in files)
    lazy = connection.read_json(
        [_literal(f) for f in files],
        format="auto" if lists else "newline_delimited",
        sample_size=-1,
        union_by_name=True,
        maximum_object_size=_JSON_OBJECT,
    )
    return _loaded(connection, lazy)


def _loaded(connection: ibis.BaseBackend, lazy: ir.Table) -> ir.Table:
    """Text parsed once, not for every question; what does not fit into memory spills."""
    name = _name("loaded")
    connection.raw_sql(f'CREATE TEMP TABLE "{name}" AS {ibis.to_sql(lazy, dialect="duckdb")}')
    return connection.table(name)


def _antique(table: ir.Table, name: str) -> bool:
    """Whether a column of moments has years that are no years."""
    column = table[name]
    if column.type().is_integer():
        return False
    first = column.min().cast("string").to_pyarrow().as_py()
    return first is not None and first < "1000"


def _attached(connection: ibis.BaseBackend, source: Source) -> ir.Table:
    """A table of a DuckDB file, which is opened for reading only."""
    alias = _name("file")
    path = str(source.path).replace("'", "''")
    try:
        connection.raw_sql(f"ATTACH '{path}' AS \"{alias}\" (READ_ONLY)")
    except duckdb.Error as error:
        locked = "lock" in str(error).lower()
        raise SourceError(
            f"{Path(path).name!r} cannot be opened: {str(error).splitlines()[0]}",
            where=str(source.path),
            fix="close the program that writes to it"
            if locked
            else "check that it is a DuckDB file",
        ) from None
    schema = source.schema or "main"
    found = connection.con.execute(
        "SELECT table_name FROM information_schema.tables "
        "WHERE table_catalog = ? AND table_schema = ? ORDER BY 1",
        [alias, schema],
    )
    known = [name for (name,) in found.fetchall()]
    if source.table not in known:
        raise SourceError(
            f"there is no table {source.table!r} in {Path(path).name!r}",
            where=str(source.path),
            fix=nearest(source.table, known),
        )
    return _plain(connection, databases.table(connection, source, (alias, schema)))


# ---- small things --------------------------------------------------------------------


def _plain(connection: ibis.BaseBackend, table: ir.Table, text: Iterable[str] = ()) -> ir.Table:
    """Without types that ibis does not know or that differ between files.

    Nanosecond moments with a zone become microseconds. JSON values of several types
    become text without quotes, as do numbers among the columns of ``text``.
    """
    schema = table.schema()
    casts = {}
    for name, kind in schema.items():
        column = _quoted(name)
        if "TIMESTAMPTZ_NS" in str(kind):
            casts[column] = f"CAST({column} AS TIMESTAMPTZ)"
        elif kind.is_json():
            casts[column] = f"({column} ->> '$')"
        elif name in set(text) and not kind.is_string():
            casts[column] = f"CAST({column} AS VARCHAR)"
    if not casts:
        return table
    replaced = ", ".join(f"{cast} AS {column}" for column, cast in casts.items())
    view = _name("plain")
    query = ibis.to_sql(table.select(table), dialect="duckdb")
    connection.raw_sql(f'CREATE TEMP VIEW "{view}" AS SELECT * REPLACE ({replaced}) FROM ({query})')
    return connection.table(view)


def _quoted(name: str) -> str:
    return sg.to_identifier(name, quoted=True).sql("duckdb")


def _name(kind: str) -> str:
    return f"journey_{kind}_{next(_number)}"


def _literal(file: Path) -> str:
    """A path in which ``*``, ``?`` and ``[`` are nothing but themselves."""
    return re.sub(r"([*?\[])", r"[\1]", str(file))


def _as_text(value: Any) -> str:
    """An id as text: 7, 7.0 and "7" are one customer."""
    whole = isinstance(value, float) and value.is_integer()
    return str(int(value)) if whole else str(value)


def _unreadable(
    error: Exception, source: Source, kind: str, files: tuple[Path, ...]
) -> SourceError:
    said = str(error)
    detail = re.sub(r"^\w+( \w+)? Error: ", "", said.splitlines()[0])
    named = next((f.name for f in files if f.name in said), files[0].name)
    fix = "check that the file is complete and is what its name says"
    if "unicode" in said.lower() or "utf-8" in said.lower():
        fix = "save the file as UTF-8; some rows of it are in another encoding"
        detail = next((ln for ln in said.splitlines() if "unicode" in ln.lower()), detail)
    elif "gzip" in said.lower():
        fix = "the file breaks off: fetch or write it again"
    return SourceError(
        f"{named!r} cannot be read as {kind}: {detail}", where=str(source.path), fix=fix
    )
