"""Opening a database by its address, and keeping the address to ourselves.

An address may hold a password. It is read from the environment when it is needed,
is in no object that outlives the connection, and is cut out of whatever a driver
says when something goes wrong.
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import ibis
import ibis.common.exceptions as ibis_errors
import ibis.expr.types as ir

from journeylib.errors import JourneyError, SourceError, nearest
from journeylib.journey.source import Source, is_spark

# scheme -> the extra of this package that brings its driver; others come with ibis's own
EXTRAS = {
    "postgres": "postgres",
    "postgresql": "postgres",
    "pyspark": "spark",
    "spark": "spark",
    "sc": "spark",
}
# packages whose errors are about the data or its place, and not about this package
DRIVERS = frozenset({"duckdb", "psycopg", "pyspark", "py4j", "pyarrow"})
_TIMEOUT = 10  # seconds until a server that does not answer is down
_DOWN = ("refused", "timeout", "timed out", "unreachable", "resolve", "no such file", "not known")


def address(source: Source) -> str:
    """The address of a database, read from the environment where the journey says so.

    Raises
    ------
    SourceError
        When the environment variable is not set.
    """
    assert source.url is not None
    name = source.url.removeprefix("env:")
    if name == source.url:
        return source.url
    url = os.environ.get(name, "").strip()
    if not url:
        raise SourceError(
            f"the environment variable {name} is not set",
            where=f"url = {source.url!r} of {source.label}",
            fix=f"export {name}='postgres://user:password@host/database'",
        )
    if "://" not in url:
        raise SourceError(
            f"the environment variable {name} does not hold an address",
            where=f"url = {source.url!r} of {source.label}",
            fix="it should look like postgres://user:password@host/database",
        )
    return url


def connect(url: str, label: str) -> ibis.BaseBackend:
    """Open a database.

    Parameters
    ----------
    url
        ``postgres://…``, ``pyspark://…``, or any other that ibis knows.
    label
        What to call it in a message.

    Raises
    ------
    SourceError
        When the driver is missing, the server is down, or it refuses us.
    """
    scheme = url.partition("://")[0]
    known = {point.name for point in entry_points(group="ibis.backends")}
    if scheme not in {*known, *EXTRAS}:
        raise SourceError(
            f"there is no kind of database {scheme!r}",
            where=label,
            fix=nearest(scheme, sorted(known)),
        )
    try:
        if is_spark(url):
            return guarded(_spark(url), label, url)
        if scheme in ("postgres", "postgresql"):
            return guarded(_postgres(url), label, url)
        return guarded(ibis.connect(url), label, url)
    except JourneyError:
        raise
    except ImportError:
        extra = EXTRAS.get(scheme)
        package = f"journeylib[{extra}]" if extra else f"ibis-framework[{scheme}]"
        raise SourceError(
            f"the driver for {scheme!r} is not installed",
            where=label,
            fix=f"pip install '{package}'",
        ) from None
    except Exception as error:
        raise _refused(error, label, url) from None


def table(
    connection: ibis.BaseBackend, source: Source, database: Any = None, where: str = ""
) -> ir.Table:
    """A table of an open database.

    Raises
    ------
    SourceError
        When there is no such table; names the nearest.
    """
    assert source.table is not None
    try:
        return connection.table(source.table, database=database or source.schema)
    except ibis_errors.TableNotFound:
        names: list[str] = []
        with contextlib.suppress(Exception):
            names = connection.list_tables(database=database or source.schema)
        raise SourceError(
            f"there is no table {source.table!r} in the database",
            where=where or source.label,
            fix=nearest(source.table, names) if names else "check table and schema",
        ) from None
    except ibis_errors.IbisError as error:
        raise SourceError(
            f"{source.label} cannot be read: {_first_line(error)}", where=where or source.label
        ) from None


def guarded(connection: ibis.BaseBackend, label: str, url: str | None = None) -> ibis.BaseBackend:
    """The same connection, whose driver's errors become a ``SourceError`` without secrets.

    Expressions are lazy: a file that breaks off or a server that goes away shows only
    when something is computed, far from here. Whatever computes goes through these.
    """

    def told(method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        def careful(*args: Any, **kwargs: Any) -> Any:
            try:
                return method(*args, **kwargs)
            except Exception as error:
                if type(error).__module__.partition(".")[0].lstrip("_") not in DRIVERS:
                    raise
                raise broken(error, label, url) from None

        return careful

    for name in ("execute", "to_pyarrow", "to_pyarrow_batches", "create_table", "table"):
        setattr(connection, name, told(getattr(connection, name)))
    drop = connection._drop_cached_table

    def forget(name: str) -> None:
        # runs when nobody needs the table any more; a server that is gone has forgotten it
        with contextlib.suppress(Exception):
            drop(name)

    connection._drop_cached_table = forget
    return connection


def broken(error: Exception, label: str, url: str | None = None) -> SourceError:
    """What a driver said while data were read, in our words."""
    said = scrub(_first_line(error), url)
    low = said.lower()
    fix = "check that the data are complete and are what their name says"
    if "out of memory" in low:
        fix = 'raise [source] memory, for instance memory = "4GB", or free the disk of $TMPDIR'
    elif "does not exist" in low or "not found" in low:
        fix = "the table went away, or its columns changed, since it was opened: open it again"
    elif any(word in low for word in ("connection", "server closed", "terminat")):
        fix = "the server went away: check that it is up, and run again"
    return SourceError(f"the data cannot be read: {said}", where=label, fix=fix)


def scrub(text: str, url: str | None) -> str:
    """A text without the user, the password or any other secret of an address.

    Examples
    --------
    >>> scrub("no entry for ann with pa/ss at db", "postgres://ann:pa%2Fss@db/shop")
    'no entry for … with … at db'
    """
    for secret in sorted(_secrets(url), key=len, reverse=True) if url else ():
        pattern = re.escape(secret)
        text = re.sub(rf"(?<!\w){pattern}(?!\w)" if len(secret) < 4 else pattern, "…", text)
    return text


def _secrets(url: str) -> set[str]:
    try:
        parts = urlsplit(url)
        raw = [parts.username, parts.password, *(value for _, value in parse_qsl(parts.query))]
    except ValueError:
        return {url}
    both = [word for text in raw if text for word in (text, unquote(text))]
    return {url, parts.netloc.rpartition("@")[0] or url, *both}


def _refused(error: Exception, label: str, url: str) -> SourceError:
    """Why a connection could not be made."""
    said = scrub(_first_line(error), url)
    low = said.lower()
    if "password" in low or "authentication" in low:
        return SourceError(
            "the database refuses the user or the password",
            where=label,
            fix="check the address in the environment variable",
        )
    if any(word in low for word in _DOWN):
        return SourceError(
            f"the database does not answer: {said}",
            where=label,
            fix="check that the server is up and that host and port are right",
        )
    return SourceError(
        f"the database cannot be opened: {said}", where=label, fix="check the address"
    )


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0][:500] if lines else type(error).__name__


def _postgres(url: str) -> ibis.BaseBackend:
    """Every part of the address unquoted, which ibis does for some."""
    parts = urlsplit(url)
    database, _, schema = parts.path.lstrip("/").partition("/")
    named = {
        "user": unquote(parts.username or "") or None,
        "password": unquote(parts.password or "") or None,
        "host": unquote(parts.hostname or "") or None,
        "port": parts.port,
        "database": unquote(database) or None,
        "schema": unquote(schema) or None,
        "connect_timeout": _TIMEOUT,
        **dict(parse_qsl(parts.query)),
    }
    return ibis.postgres.connect(**{k: v for k, v in named.items() if v is not None})


def _spark(url: str) -> ibis.BaseBackend:
    """``pyspark://`` is Spark on this machine; ``pyspark://local[2]?name=value`` sets it up."""
    from pyspark.sql import SparkSession

    scheme, _, rest = url.partition("://")
    master, _, query = rest.partition("?")
    builder = SparkSession.builder.appName("journey")
    if scheme == "sc":
        builder = builder.remote(f"sc://{master}")
    else:
        builder = builder.master(f"spark://{master}" if scheme == "spark" else master or "local[*]")
        builder = builder.config("spark.ui.enabled", "false")
        builder = builder.config("spark.ui.showConsoleProgress", "false")
    for name, value in parse_qsl(query):
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    if scheme != "sc":
        session = session.newSession()  # our time zone is not that of whoever else uses it
    session.conf.set("spark.sql.session.timeZone", "UTC")
    return ibis.pyspark.connect(session)
