"""The only place that opens connections: files and tables become ibis tables of one engine.

The embedded default is DuckDB in memory. Everything above this module is an ibis
expression and does not know which engine answers. Tables of events are used where
they are as long as all of them are in one place. Where they are not, those in other
places are copied into DuckDB. Attributes and identities, a row a customer, are carried
to where the events are.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import ibis
import ibis.expr.types as ir
import pandas as pd

from journeylib.errors import SourceError
from journeylib.journey import Journey
from journeylib.journey.feeds import Feed
from journeylib.journey.source import Source, is_spark
from journeylib.sources import databases, embedded
from journeylib.sources.files import files_of, kind_of

_EMBEDDED = ""


@dataclass(frozen=True)
class Opened:
    """The tables of a journey, with their own columns, on one connection."""

    events: tuple[ir.Table, ...]
    attributes: ir.Table | None
    identities: ir.Table | None


def open_source(journey: Journey, table: pd.DataFrame | ir.Table | None = None) -> Opened:
    """The events of a journey, its attributes and identities as ibis tables.

    Parameters
    ----------
    journey
        As read by ``read_journey``.
    table
        Events to use instead of the journey's only source.

    Returns
    -------
    Opened
        One table of events a feed; the rest None where the journey has none. Nothing
        is read yet beyond what tells the columns' types.

    Raises
    ------
    SourceError
        When a file is absent, of an unknown kind, empty or broken; when a database
        cannot be opened or has no such table.
    """
    if table is not None:
        return _of_table(journey, table)
    sources = [feed.source for feed in journey.feeds]
    places = list(dict.fromkeys(_place(source) for source in sources))
    if len(places) > 1:
        places = [_EMBEDDED]
    host = _Host(places[0], sources)
    events = tuple(host.read(feed.source, *_kinds(feed)) for feed in journey.feeds)
    return _with_beside(journey, host, events)


def peek(source: Source) -> ir.Table:
    """One source as a table of its own connection, to look at.

    Raises
    ------
    SourceError
        When it cannot be opened.
    """
    return _Host(_place(source), [source]).read(source, set(), set())


def snapshot(source: Source, at: str | None) -> list[str]:
    """A table of a database in a few words: columns and types, rows, last moment.

    Parameters
    ----------
    source
        With an address.
    at
        Column of moments, where there is one.

    Raises
    ------
    SourceError
        When the database cannot be opened or has no such table.
    """
    host = _Host(_place(source), [source])
    try:
        table = host.read(source, set(), set())
        asked = {"rows": table.count()}
        if at is not None and at in table.columns:
            asked["last"] = table[at].max().cast("string")
        found = table.aggregate(**asked).to_pyarrow().to_pylist()[0]
        columns = [f"{name} {kind}" for name, kind in table.schema().items()]
        return [*columns, *(str(value) for value in found.values())]
    finally:
        host.close()


class _Host:
    """Where the tables of a journey come together: one connection a place, one of them ours."""

    def __init__(self, place: str, sources: list[Source]) -> None:
        self.place = place
        self._sources = sources
        self._connections: dict[str, ibis.BaseBackend] = {}

    def connection(self, place: str, source: Source) -> ibis.BaseBackend:
        if place not in self._connections:
            if place == _EMBEDDED:
                self._connections[place] = embedded.connect(self._sources)
            else:
                self._connections[place] = databases.connect(place, source.label)
        return self._connections[place]

    def read(self, source: Source, text: set[str], moments: set[str]) -> ir.Table:
        """A source as a table of the host, copied where it lives elsewhere."""
        place = _place(source)
        connection = self.connection(place, source)
        if place == _EMBEDDED:
            found = embedded.read(connection, source, text, moments)
        elif source.path is not None:
            found = _spark_files(connection, source, text | moments)
        else:
            found = databases.table(connection, source)
        return found if place == self.place else self._carried(found, source)

    def close(self) -> None:
        """Let go of what is not needed any more; Spark's session belongs to the process."""
        for place, connection in self._connections.items():
            if not is_spark(place):
                connection.disconnect()

    def _carried(self, table: ir.Table, source: Source) -> ir.Table:
        if self.place == _EMBEDDED:
            return embedded.fetched(self.connection(_EMBEDDED, source), table)
        return ibis.memtable(table.to_pyarrow())


def standing_in(journey: Journey, table: pd.DataFrame | ir.Table) -> Journey:
    """The journey whose source is a table given by hand, known by what is in it."""
    digest = "an ibis table"
    if isinstance(table, pd.DataFrame):
        hashes = pd.util.hash_pandas_object(table.astype(str), index=False).to_numpy()
        digest = hashlib.sha256(repr(list(table.columns)).encode() + hashes.tobytes()).hexdigest()
    source = Source(table="given by hand", digest=digest)
    return replace(journey, feeds=(replace(journey.feeds[0], source=source),))


def _place(source: Source) -> str:
    return _EMBEDDED if source.url is None else databases.address(source)


def _kinds(feed: Feed) -> tuple[set[str], set[str]]:
    """Columns that are names, and columns that are moments: no reader is to guess otherwise."""

    def own(*names: str) -> set[str]:
        return {feed.columns[name] for name in names if name in feed.columns}

    return own("id", "anonymous", "account"), own("at", "received")


def _with_beside(journey: Journey, host: _Host, events: tuple[ir.Table, ...]) -> Opened:
    known, pairs = journey.attributes, journey.identities
    attributes = identities = None
    if known is not None:
        since = {known.valid_from} if known.valid_from else set()
        attributes = host.read(known.source, {known.id}, since)
    if pairs is not None and pairs.source is not None:
        since = {pairs.since} if pairs.since else set()
        identities = host.read(pairs.source, {pairs.anonymous, pairs.customer}, since)
    return Opened(events, attributes, identities)


def _of_table(journey: Journey, table: pd.DataFrame | ir.Table) -> Opened:
    """Events given by hand, for a journey with one source."""
    if len(journey.feeds) > 1:
        raise SourceError(
            "a table can stand in for one source, and the journey has several",
            where=f"{journey.file}, key sources",
            fix="use a journey file with one [source]",
        )
    host = _Host(_EMBEDDED, [journey.source])
    if isinstance(table, pd.DataFrame):
        connection = host.connection(_EMBEDDED, journey.source)
        return _with_beside(
            journey, host, (embedded.of_frame(connection, table, _kinds(journey.feeds[0])[0]),)
        )
    beside = _with_beside(journey, host, (table,))
    carried = [
        None if other is None else ibis.memtable(other.to_pyarrow())
        for other in (beside.attributes, beside.identities)
    ]
    return Opened((table,), *carried)


def _spark_files(connection: ibis.BaseBackend, source: Source, text: set[str]) -> ir.Table:
    """Files that Spark reads itself; columns of ``text`` stay text in those without types."""
    assert source.path is not None and source.url is not None
    assert is_spark(databases.address(source))
    files = [str(file) for file in files_of(source.path)]
    kind = kind_of(files_of(source.path)[0])
    where = str(source.path) if source.path.is_dir() else files
    session = connection._session
    if kind == "parquet":
        frame = session.read.parquet(*([where] if isinstance(where, str) else where))
    elif kind in ("csv", "json"):
        options = {"header": True, "sep": source.delimiter or ","} if kind == "csv" else {}
        read = getattr(session.read.options(inferSchema=True, **options), kind)
        kept = [
            f"`{field.name.replace('`', '``')}` string"
            if field.name in text
            else f"`{field.name.replace('`', '``')}` {field.dataType.simpleString()}"
            for field in read(where).schema.fields
        ]
        frame = getattr(session.read.options(**options).schema(", ".join(kept)), kind)(where)
    else:
        raise SourceError(f"Spark does not read {kind} files here", where=str(source.path))
    name = embedded._name("spark")
    frame.createOrReplaceTempView(name)
    return connection.table(name)
