"""Competing outcomes: the share that has had each of them by a time (Aalen-Johansen)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np
import pandas as pd

from journeylib.estimate.about import about
from journeylib.estimate.curves import someone
from journeylib.estimate.groups import Groups, text_column
from journeylib.estimate.influence import variance
from journeylib.estimate.intervals import incidence_limits, z_value
from journeylib.estimate.risktable import RiskTable, risk_table
from journeylib.estimate.robust import repeated_events, rows_by_group
from journeylib.estimate.steps import at_times
from journeylib.estimate.weighting import weighted
from journeylib.results import Result
from journeylib.spells.core import Spells


@dataclass(frozen=True, repr=False, eq=False)
class Incidence(Result):
    """Cumulative incidence of each cause by group.

    ``.frame`` has ``group, cause, outcome, time, at_risk, incidence, std_err,
    low, high``; the incidences of all causes and the share without any add up to 1.
    """

    title: ClassVar[str] = "Cumulative incidence"

    def at(self, times: float | Sequence[float]) -> pd.DataFrame:
        """The incidence of each cause at chosen times.

        Parameters
        ----------
        times
            One or several times, in the unit of the result.

        Returns
        -------
        DataFrame
            ``group, cause, outcome, time, at_risk, incidence, std_err, low,
            high``; NaN after the last follow-up of a group, unless everybody
            there has had one of the outcomes.
        """
        start = {"incidence": 0.0, "std_err": 0.0, "low": np.nan, "high": np.nan}
        over = self.table["group"].map(self.about["complete"]).to_numpy(dtype=bool)
        return at_times(self.table, times, start, ended=over)

    def _summary(self) -> pd.DataFrame:
        last = self.table.groupby(["group", "cause"], sort=False).tail(1)
        return last.drop(columns="at_risk")


def cumulative_incidence(
    spells: Spells, by: str | Sequence[str] | None = None, *, level: float = 0.95
) -> Incidence:
    """Aalen-Johansen: the share that has had each outcome, while the others compete.

    Parameters
    ----------
    spells
        Spells with causes 1…k. Delayed entry is fine.
    by
        Column or columns that make the groups.
    level
        Of the interval, which is made on the log scale.

    Returns
    -------
    Incidence
        Interval limits are NaN before the first event of a cause.

    Notes
    -----
    Aalen and Johansen (1978). Standard errors are those of R's ``survfit`` with
    a factor as status: the infinitesimal jackknife, which without delayed entry
    equals the Greenwood-type recursion used here; with it, influences are summed
    by customer, for which the rows of a lazy table are fetched.

    Examples
    --------
    >>> from journeylib import spells_from_frame
    >>> df = pd.DataFrame({"time": [1, 2, 3, 4], "event": [1, 2, 0, 1]})
    >>> cumulative_incidence(spells_from_frame(df)).at(2)[["outcome", "at_risk", "incidence"]]
       outcome  at_risk  incidence
    0  cause 1        3       0.25
    1  cause 2        3       0.25
    """
    z_value(level)
    table = risk_table(spells, by)
    share, error, complete = _estimates(spells, by, table)
    facts = about(spells, table, conf="log", level=level, complete=complete)
    groups, bounds, time, at_risk = table.groups, table.bounds, table.time, table.at_risk
    del table  # its counts are done with, and the result holds many numbers for each time
    low, high = incidence_limits(share, error, level)
    values = {"incidence": share, "std_err": error, "low": low, "high": high}
    frame = _frame(spells.causes, groups, bounds, {"time": time, "at_risk": at_risk} | values)
    return Incidence(frame, spells.unit, groups.names, facts)


def _estimates(
    spells: Spells, by: str | Sequence[str] | None, table: RiskTable
) -> tuple[np.ndarray, np.ndarray, dict[str, bool]]:
    """Incidence and standard error, shape (causes, times); groups in which nobody is left."""
    steps, left, after = _steps(table)
    robust = table.delayed or repeated_events(spells)
    spread = None if robust else _greenwood(table, steps, left, after)
    share = steps
    for s in table.slices:
        np.cumsum(steps[:, s], axis=1, out=share[:, s])
    if spread is None:
        spread = _robust(spells, by, table, left, after, share)
    complete = (after[table.bounds[1:] - 1] == 0).tolist()
    return share, np.sqrt(spread, out=spread), dict(zip(table.groups.labels, complete))


def _steps(table: RiskTable) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """By how much each incidence rises at each time; the share without event before and after."""
    n = someone(table)
    after = (n - table.any_event) / n
    left = np.ones(len(n))
    for s in table.slices:
        np.cumprod(after[s], out=after[s])
        left[s.start + 1 : s.stop] = after[s.start : s.stop - 1]
    return table.events * (left / n), left, after


def _greenwood(
    table: RiskTable, steps: np.ndarray, left: np.ndarray, after: np.ndarray
) -> np.ndarray:
    """Variance of each incidence where everybody is watched from the origin.

    The covariance matrix of (share without any event, incidence of k) is carried
    from one time to the next by the matrix of transitions, as Greenwood's
    formula carries the variance of the former. Each entry follows a linear
    recursion, hence a running sum: ``log_variance`` for the share, ``cross`` for
    the covariance divided by the share.
    """
    n, out = someone(table), np.empty(steps.shape)
    term = _greenwood_terms(table, n)
    for s in table.slices:
        # before each time, and less what the time itself takes from those who stay
        weight = np.cumsum(term[s])
        weight -= term[s]
        own = np.divide(-1, n[s], out=term[s])
        own += weight
        np.copyto(weight, own, where=after[s] > 0)
        single = np.divide(left[s], n[s], out=n[s])
        for step, cross in zip(steps[:, s], out[:, s]):
            change = step * weight
            np.cumsum(change, out=cross)
            cross -= change
            cross *= 2
            cross += single
            cross += np.multiply(step, own, out=change)
            cross *= step
            np.cumsum(cross, out=cross)
    return np.maximum(out, 0, out=out)


def _greenwood_terms(table: RiskTable, n: np.ndarray) -> np.ndarray:
    """What each time adds to the variance of the logarithm of the share without any event."""
    d = table.any_event
    rest = n - d
    rest *= n
    rest[rest == 0] = np.inf  # the curve ends at 0, nothing comes after
    return np.divide(d, rest, out=rest)


def _robust(
    spells: Spells,
    by: str | Sequence[str] | None,
    table: RiskTable,
    left: np.ndarray,
    after: np.ndarray,
    share: np.ndarray,
) -> np.ndarray:
    """Variance of each incidence from the influence of each customer."""
    out = np.empty(share.shape)
    for s, rows in rows_by_group(weighted(spells, None), by, table):
        n, d = np.where(table.at_risk[s] > 0, table.at_risk[s], 1), table.any_event[s]
        survive = after[s] > 0
        lost = np.divide(left[s], after[s], out=np.zeros(len(n)), where=survive)
        happened = rows.cause > 0
        for k in range(len(share)):
            # counted from the end, so that what an event costs later stays below the share left
            rest = share[k, s] - share[k, s][-1]
            cost = lost * rest
            steps = [(left[s] * table.events[k, s] + cost * d) / n**2, lost * d / n**2]
            own = (left[s] / n)[rows.last] * (rows.cause == k + 1)
            jumps = [own + (cost / n)[rows.last] * happened, (lost / n)[rows.last] * happened]
            out[k, s] = variance(rows, steps, jumps, [np.ones(len(n)), -rest])
    return np.where(share > 0, out, 0.0)


def _frame(
    outcomes: Sequence[str], groups: Groups, bounds: np.ndarray, values: dict[str, np.ndarray]
) -> pd.DataFrame:
    """One row for each group, cause and time, in this order; values over (causes and) times."""
    causes, n_groups = len(outcomes), len(groups)

    def stacked(value: np.ndarray) -> np.ndarray:
        rows = np.broadcast_to(value, (causes, value.shape[-1]))
        if n_groups == 1:
            return rows.reshape(-1)
        return np.concatenate([rows[:, a:b].ravel() for a, b in pairwise(bounds)])

    sizes = np.repeat(np.diff(bounds), causes)
    cause = np.tile(np.arange(1, causes + 1), n_groups)
    columns = {
        "cause": np.repeat(cause, sizes),
        "outcome": text_column(np.repeat(np.array(outcomes, dtype=object)[cause - 1], sizes)),
    }
    columns |= {name: stacked(value) for name, value in values.items()}
    code = np.arange(n_groups, dtype=np.int16 if n_groups < 2**15 else np.int64)
    lead = groups.columns(np.repeat(np.repeat(code, causes), sizes), tuple(columns))
    return pd.DataFrame(lead | columns, copy=False)
