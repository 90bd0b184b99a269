"""How customers move between channels or touchpoints: what they are seen at next."""

from __future__ import annotations

from typing import Any

import ibis
import pandas as pd

NOWHERE = "(none)"


def moves_between(log: Any, column: str, minimum: int = 20) -> pd.DataFrame:
    """Moves from one channel, touchpoint or content to the next, by customer.

    Parameters
    ----------
    log
        An :class:`EventLog`.
    column
        Of the log; rows without a value are passed over.
    minimum
        Moves that fewer customers make are left out.

    Returns
    -------
    DataFrame
        ``from, to, moves, customers, share``: ``share`` of all moves from there, those left
        out included. Whoever is not seen again moves nowhere, and is not in it.

    Examples
    --------
    >>> from journeylib.example import small_log
    >>> moves_between(small_log(), "event", minimum=1)
           from        to  moves  customers  share
    0        ad  purchase      2          2    1.0
    1  purchase  purchase      1          1    1.0
    """
    rows = log.table.filter(~log.span.before(log.table["at"]))
    rows = rows.filter(rows[log.column(column)].notnull())
    if column == "event":
        rows = rows.filter(rows["stage"].notnull())
    rows = rows.select("id", "at", "event", _from=rows[log.column(column)].cast("string"))
    following = ibis.window(group_by="id", order_by=["at", "event"])
    moved = rows.mutate(_to=rows["_from"].lead().over(following))
    moved = moved.filter(moved["_to"].notnull())
    counted = moved.group_by(["_from", "_to"]).aggregate(
        moves=moved.count(), customers=moved["id"].nunique()
    )
    frame = counted.order_by(["_from", "_to"]).to_pandas()
    frame = frame.rename(columns={"_from": "from", "_to": "to"})
    frame["share"] = frame["moves"] / frame.groupby("from")["moves"].transform("sum")
    return frame[frame["customers"] >= minimum].reset_index(drop=True)
