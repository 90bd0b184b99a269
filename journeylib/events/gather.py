"""Several rows that are one event: the lines of an order, the clicks of a visit.

Sources often have a row for each line of an invoice, and now and then the lines of one
are some minutes apart. Left alone, the second line of a first order would be a second
purchase. So the rows are put at the moment of the first of them, where rules that count
instants see one event. No row is dropped: every line keeps its value and its content.
"""

from __future__ import annotations

from dataclasses import replace

import ibis
import ibis.expr.types as ir

from journeylib.errors import DataError
from journeylib.events import EventLog

MOVED = "put at the moment of the first row with the same {per}"


def gather(log: EventLog, per: str) -> EventLog:
    """The log with rows that belong together at one moment.

    Parameters
    ----------
    log
        As opened by ``open_log``.
    per
        Column that tells what belongs together, for instance the number of the order:
        rows of one customer that share a value of it. Rows without a value stay alone.

    Returns
    -------
    EventLog
        The same rows. Its audit notes how many were put at an earlier moment.

    Raises
    ------
    DataError
        For a column that the log does not have, or that tells customers or moments.

    Examples
    --------
    >>> from journeylib.example import small_log
    >>> log = small_log()
    >>> ours = gather(log, "event")  # each customer's purchases become one
    >>> ours.select("purchase").at.nunique().to_pandas()
    3
    >>> ours.audit.notes["put at the moment of the first row with the same event"]
    1
    """
    column = log.column(per)
    if column in ("id", "at"):
        raise DataError(f"rows cannot be gathered by {per!r}", fix="name the number of an order")
    rows, table = (_gathered(rows, column) for rows in (log.rows, log.table))
    late = _late(log.table, column).count().to_pandas()
    remarks = {**log.remarks, MOVED.format(per=per): int(late)} if late else log.remarks
    return replace(log, table=table, rows=rows, remarks=remarks)


def _gathered(rows: ir.Table, column: str) -> ir.Table:
    return rows.mutate(at=ibis.ifelse(rows[column].isnull(), rows["at"], _first(rows, column)))


def _late(rows: ir.Table, column: str) -> ir.Table:
    marked = rows.select("at", column, _first=_first(rows, column))
    return marked.filter(marked[column].notnull() & (marked["at"] > marked["_first"]))


def _first(rows: ir.Table, column: str) -> ir.TimestampValue:
    return rows["at"].min().over(ibis.window(group_by=["id", column]))
