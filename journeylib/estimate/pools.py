"""Several groups on one time axis: what a comparison needs, one pool a stratum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from journeylib.estimate.risktable import RiskTable, risk_table
from journeylib.spells.core import Spells


@dataclass(frozen=True, eq=False)
class Pool:
    """Counts of every group at each time at which any of them has an event.

    Parameters
    ----------
    at_risk
        Shape (groups, times).
    events
        Shape (causes, groups, times).
    """

    at_risk: np.ndarray
    events: np.ndarray


def pools(
    spells: Spells, by: Sequence[str], strata: Sequence[str], table: RiskTable, causes: bool
) -> list[Pool]:
    """One pool for each stratum, each with the groups of ``table`` in their order.

    Parameters
    ----------
    spells, by, strata
        Spells and the columns that make groups and strata.
    table
        Risk table of the groups.
    causes
        Whether causes are kept apart; otherwise any of them is the event.
    """
    labels = table.groups.labels
    if not strata:
        return [_pool(table, np.arange(len(labels)), np.arange(len(labels)), len(labels), causes)]
    cells = risk_table(spells, [*strata, *by], near_ties=not causes)
    parts = cells.groups.parts
    stratum = pd.factorize(pd.Series(list(zip(*parts[: len(strata)]))))[0]
    own = [" / ".join(t) for t in zip(*parts[len(strata) :])]
    group = pd.Index(labels).get_indexer(pd.Index(own))
    out = []
    for number in range(stratum.max() + 1):
        here = np.flatnonzero(stratum == number)
        out.append(_pool(cells, here, group[here], len(labels), causes))
    return out


def _pool(
    table: RiskTable, rows: np.ndarray, place: np.ndarray, n_groups: int, causes: bool
) -> Pool:
    """Cells ``rows`` of a risk table as the groups ``place`` of a pool."""
    counts = table.events if causes else table.any_event[None]
    happens = table.any_event > 0
    slices = [table.slices[r] for r in rows]
    times = [table.time[s][happens[s]] for s in slices]
    # pieces are sorted, and merging sorted pieces is what a stable sort does fast
    time = np.sort(np.concatenate(times), kind="stable")
    time = time[np.concatenate([[True], time[1:] > time[:-1]])] if len(time) else time
    at_risk = np.zeros((n_groups, len(time)))
    events = np.zeros((len(counts), n_groups, len(time)))
    for s, g in zip(slices, place):
        upto = np.searchsorted(time, table.time[s], side="right")
        # between two rows of a group its risk set is that of the later row
        at_risk[g, : upto[-1]] = np.repeat(table.at_risk[s], np.diff(upto, prepend=0))
        here = happens[s]
        events[:, g, upto[here] - 1] = counts[:, s][:, here]
    return Pool(at_risk, events)
