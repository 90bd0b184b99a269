"""From feeds to one table of events: their columns united, their ids told apart no more.

With one feed this is that feed. With several, a column that only some have is missing
in the rows of the others; one that they hold in different types becomes a number
where all are numbers, and text where not; and ``feed`` says where a row came from.
"""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.datatypes as types
import ibis.expr.types as ir

from journeylib.errors import DataError, nearest
from journeylib.events.intake import canonical, need_columns
from journeylib.events.moments import read as read_moments
from journeylib.events.stitch import from_logins, from_table, id_text, stitch
from journeylib.events.times import Span
from journeylib.journey import Journey

_IDS = ("id", "anonymous", "account")


def assemble(raws: Sequence[ir.Table], journey: Journey) -> tuple[ir.Table, dict[str, str]]:
    """All rows of all feeds under our names, and the sources' names of those columns.

    Raises
    ------
    DataError
        When a mapped column is not in its source.
    """
    parts = [canonical(raw, journey, feed) for raw, feed in zip(raws, journey.feeds, strict=True)]
    if len(parts) == 1:
        return parts[0]
    named = [
        table.mutate(feed=ibis.literal(feed.name))
        for (table, _), feed in zip(parts, journey.feeds, strict=True)
    ]
    return _united(named), _common([own_names for _, own_names in parts])


def resolved(
    table: ir.Table,
    identities: ir.Table | None,
    journey: Journey,
    own_names: dict[str, str],
) -> ir.Table:
    """The rows under their customers' ids, where the journey says how to find them.

    Raises
    ------
    DataError
        When a column that the identities name does not exist.
    """
    named = journey.identities
    if named is None:
        return table
    where = f"{journey.file}, key identities"
    span = Span.of(journey.window)
    if identities is not None:
        wanted = [named.anonymous, named.customer, *([named.since] if named.since else [])]
        need_columns(identities, wanted, "the identities", where)

        def known_by(since: ir.Value) -> ir.BooleanValue:
            return ~span.after(read_moments(since, journey.window, str(named.since)).at)

        return stitch(table, from_table(identities, named, known_by))

    def column(name: str) -> str:
        ours = name if name in table.columns else own_names.get(name)
        if ours is None:
            known = [*table.columns, *own_names]
            raise DataError(
                f"the log has no column {name!r}", where=where, fix=nearest(name, known)
            )
        return ours

    return stitch(table, from_logins(table, named, span, column))


def sessions(rows: ir.Table, journey: Journey) -> ir.Table:
    """Number each customer's sessions 1, 2, …, where the journey says what tells them apart."""
    gap = journey.hygiene.session_gap_minutes
    if gap is None or "session" in rows.columns:
        return rows
    by_time = ibis.window(group_by="id", order_by=rows["at"])
    before = rows["at"].lag().over(by_time)
    silence = ibis.interval(seconds=round(gap * 60))
    fresh = before.isnull() | (rows["at"] > before + silence)
    marked = rows.mutate(_fresh=ibis.ifelse(fresh, 1, 0))
    # a range takes rows of one moment together, whichever of them came first
    so_far = ibis.range_window(group_by="id", order_by=marked["at"], preceding=None, following=0)
    return marked.mutate(session=marked["_fresh"].sum().over(so_far)).drop("_fresh")


def _united(tables: Sequence[ir.Table]) -> ir.Table:
    """One table of all rows, each column of one type."""
    kinds: dict[str, list[types.DataType]] = {}
    for table in tables:
        for name, kind in table.schema().items():
            kinds.setdefault(name, []).append(kind)
    common = {name: _common_type(name, found) for name, found in kinds.items()}
    return ibis.union(
        *(
            table.select(
                **{
                    name: _as(table[name], kind) if name in table.columns else ibis.null(kind)
                    for name, kind in common.items()
                }
            )
            for table in tables
        )
    )


def _common_type(name: str, kinds: Sequence[types.DataType]) -> types.DataType:
    known = [kind for kind in kinds if not kind.is_null()]
    plain = {kind.copy(nullable=True) for kind in known}
    if len(plain) == 1:
        return plain.pop()
    if not plain:
        return types.string
    if name in _IDS:
        return types.string
    if all(kind.is_integer() for kind in plain):
        return types.int64
    return types.float64 if all(kind.is_numeric() for kind in plain) else types.string


def _as(column: ir.Value, kind: types.DataType) -> ir.Value:
    if column.type().copy(nullable=True) == kind:
        return column
    if kind.is_string() and column.type().is_numeric() and not column.type().is_boolean():
        return id_text(column)
    return column.cast(kind)


def _common(own_names: Sequence[dict[str, str]]) -> dict[str, str]:
    """The sources' names that mean one and the same column of ours in every feed."""
    found: dict[str, str] = {}
    doubtful = set()
    for names in own_names:
        for own, ours in names.items():
            if found.setdefault(own, ours) != ours:
                doubtful.add(own)
    return {own: ours for own, ours in found.items() if own not in doubtful}
