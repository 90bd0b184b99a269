"""Where rows are, as a journey file says it: files, a table of a database, or a frame in memory.

An address with a password is refused: it belongs into the environment.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from journeylib.errors import JourneyFileError
from journeylib.journey.tomltable import Table

WHERE = ("path", "url", "table", "schema", "delimiter", "time_format", "memory", "threads")
_FROM_ENVIRONMENT = "env:"
_MEMORY = re.compile(r"\d+(\.\d+)?\s*([KMGT]i?)?B", re.IGNORECASE)
_TIME_PARTS = {"d", "m", "Y", "H", "M", "S"}


@dataclass(frozen=True)
class Source:
    """Where rows are: files, a table of a database, or a frame in memory.

    Parameters
    ----------
    path
        Absolute path of a file, a folder or a pattern; None for a database.
    url
        Of a database; ``"env:NAME"`` reads it from the environment when it is opened.
    table, schema
        In that database, or in a DuckDB file.
    delimiter
        Of a CSV file whose delimiter cannot be guessed.
    time_format
        Of moments that are text but not ISO 8601: ``%d %m %Y %H %M %S``.
    memory, threads
        What the embedded DuckDB may use, for instance ``"2GB"``.
    digest
        Of a frame in memory.
    """

    path: Path | None = None
    url: str | None = None
    table: str | None = None
    schema: str | None = None
    delimiter: str | None = None
    time_format: str | None = None
    memory: str | None = None
    threads: int | None = None
    digest: str | None = None

    @property
    def label(self) -> str:
        """What to call it in a message; never the address of a database."""
        return str(self.path) if self.path is not None else f"table {self.table!r}"


def read_source(table: Table, others: tuple[str, ...] = ()) -> Source:
    """A source from a table of the journey file, whose ``others`` keys are read elsewhere."""
    table.only(*WHERE, *others)
    has_path, has_url = "path" in table.values, "url" in table.values
    url = _url(table) if has_url else None
    on_spark = has_path and url is not None and is_spark(url)
    if has_path == has_url and not on_spark:
        raise table.bad("", _shown(table), "either path, or url and table")
    path = (
        (table.file.parent / Path(table.text("path")).expanduser()).resolve() if has_path else None
    )
    in_file = path is not None and path.suffix.lower() == ".duckdb"
    if "table" not in table.values and (path is None or in_file):
        raise table.missing("table", "the name of a table in that database")
    return Source(
        path=path,
        url=url,
        table=table.text("table") if "table" in table.values else None,
        schema=table.text("schema") if "schema" in table.values else None,
        delimiter=_delimiter(table),
        time_format=_time_format(table),
        memory=_memory(table),
        threads=_threads(table),
    )


def is_spark(url: str) -> bool:
    """Whether an address is one of Spark, which also reads files."""
    return url.startswith(("pyspark:", "spark:", "sc:"))


def _url(table: Table) -> str:
    """An address: by name of an environment variable, or one without a password in it."""
    url = table.text("url")
    name = url.removeprefix(_FROM_ENVIRONMENT)
    if name != url:
        if not name.isidentifier():
            raise table.bad("url", url, '"env:NAME", the name of an environment variable')
        return url
    if "://" not in url:
        raise table.bad("url", "…", '"env:NAME", or an address such as "postgres://host/database"')
    if _secret(url):
        raise JourneyFileError(
            "the address holds a password, which does not belong in a file",
            where=table.at("url"),
            fix='put the address into an environment variable and write url = "env:JOURNEY_DB"',
        )
    return url


def _secret(url: str) -> bool:
    """Whether an address seems to hold a password or a token, in the worst case any at all."""
    try:
        parts = urlsplit(url)
        names = [name.lower() for name, _ in parse_qsl(parts.query)]
        words = "password", "passwd", "pwd", "token", "secret"
        return bool(parts.password) or any(word in name for word in words for name in names)
    except ValueError:
        return "@" in url


def _shown(table: Table) -> dict[str, object]:
    """The table's values for a message, without the address."""
    return {name: "…" if name == "url" else value for name, value in table.values.items()}


def _delimiter(table: Table) -> str | None:
    if "delimiter" not in table.values:
        return None
    value = table.values["delimiter"]
    if not isinstance(value, str) or len(value) != 1:
        raise table.bad("delimiter", value, 'one character, for instance ";"')
    return value


def _time_format(table: Table) -> str | None:
    if "time_format" not in table.values:
        return None
    value = table.text("time_format")
    parts = re.findall(r"%(.)", value)
    once = len(set(parts)) == len(parts)
    if not once or not set(parts) <= _TIME_PARTS or not {"d", "m", "Y"} <= set(parts):
        raise table.bad("time_format", value, '%d, %m and %Y, then %H, %M, %S: "%d/%m/%Y %H:%M"')
    return value


def _memory(table: Table) -> str | None:
    value = table.text("memory") if "memory" in table.values else None
    if value is not None and not _MEMORY.fullmatch(value.strip()):
        raise table.bad("memory", value, 'a size such as "2GB"')
    return value


def _threads(table: Table) -> int | None:
    value = table.values.get("threads")
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
        raise table.bad("threads", value, "a whole number above 0")
    return value
