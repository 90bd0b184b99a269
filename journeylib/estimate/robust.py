"""Robust variance of curves: clustered by customer, right with weights and repeated events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import ibis.expr.types as ir
import numpy as np

from journeylib.estimate.groups import group_rows
from journeylib.estimate.influence import Rows, variance
from journeylib.estimate.records import spell_codes
from journeylib.estimate.risktable import RiskTable
from journeylib.estimate.weighting import Weighted
from journeylib.spells.core import Spells


def repeated_events(spells: Spells) -> bool:
    """Whether some spell has more than one event, so that events are not independent."""
    if spells.single:
        return False
    person = ["id", *([spells.per] if spells.per else [])]
    if isinstance(spells.table, ir.Table):
        events = spells.table.filter(spells.table["cause"] > 0)
        most = events.group_by(person).agg(n=events.count())["n"].max().to_pandas()
        return most is not None and most > 1
    codes = spell_codes(spells)[spells._fetched["cause"].to_numpy() > 0]
    return len(codes) > 0 and int(np.bincount(codes).max()) > 1


def rows_by_group(
    given: Weighted, by: str | Sequence[str] | None, table: RiskTable
) -> Iterator[tuple[slice, Rows]]:
    """The rows of each group, dated by place among the distinct times of its risk table."""
    spells = given.spells
    names = () if by is None else (by,) if isinstance(by, str) else tuple(by)
    frame = spells._fetched
    code = group_rows(frame, spells.columns(names))[0]
    person = np.unique(frame["id"], return_inverse=True)[1]
    start, stop = (frame[c].to_numpy(dtype=float) for c in ("start", "stop"))
    cause = frame["cause"].to_numpy()
    weight = np.ones(len(frame)) if given.value is None else given.value
    for g, s in enumerate(table.slices):
        own = np.flatnonzero(code == g)
        time = table.time[s]
        # near ties were made equal to the first of their run, so look up from the right
        last = np.searchsorted(time, stop[own], side="right") - 1
        first = np.where(start[own] > 0, np.searchsorted(time, start[own], side="right"), 0)
        yield s, Rows(person[own], first, last, cause[own], weight[own])


def hazard_variance(
    given: Weighted, by: str | Sequence[str] | None, table: RiskTable, product: bool
) -> np.ndarray:
    """Robust variance of the cumulative hazard, or of the log of Kaplan-Meier.

    Parameters
    ----------
    given
        Spells and weights.
    by
        Columns that make the groups.
    table
        Their risk table, made with these weights.
    product
        True for the logarithm of the Kaplan-Meier product, False for the
        Nelson-Aalen sum.

    Returns
    -------
    array
        One value a row of the risk table.
    """
    out = np.zeros(len(table.time))
    n, d = table.at_risk, table.any_event
    for s, rows in rows_by_group(given, by, table):
        rate = np.divide(d[s], n[s], out=np.zeros(s.stop - s.start), where=d[s] > 0)
        scale = n[s] - d[s] if product else n[s]
        gain = np.divide(1.0, scale, out=np.zeros(len(rate)), where=(d[s] > 0) & (scale > 0))
        jump = np.where(rows.cause > 0, gain[rows.last], 0.0)
        out[s] = variance(rows, [rate * gain], [jump], [np.ones(len(rate))])
    return out
