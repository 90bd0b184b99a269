"""Several groups on one time axis: what a comparison needs, one pool a stratum."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from journeylib.estimate.risktable import RiskTable, risk_table
from journeylib.spells.core import Spells

# times worked on at once, so that memory does not follow the number of distinct times
CHUNK = 2**16


@dataclass(frozen=True, eq=False)
class Pool:
    """Counts of every group at each time at which any of them has an event.

    Parameters
    ----------
    at_risk
        Shape (groups, times), 32-bit integers: the largest thing a comparison holds.
    events
        Shape (causes, groups, times), likewise.
    """

    at_risk: np.ndarray
    events: np.ndarray

    def chunks(self, members: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """At risk and events of some groups as floats, a stretch of times after the other.

        Times at which none of them has an event are left out.
        """
        everybody = len(members) == len(self.at_risk)
        for first in range(0, self.at_risk.shape[1], CHUNK):
            part = slice(first, first + CHUNK)
            n, d = self.at_risk[:, part], self.events[:, :, part]
            if not everybody:
                d = d[:, members]
                happens = d.any(axis=(0, 1))
                n, d = n[members][:, happens], d[:, :, happens]
            yield n.astype(float), d.astype(float)


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
    # event times up to each of the distinct times of all groups
    upto_place = np.zeros(int(table.place.max()) + 1, dtype=np.int32)
    for s in slices:
        upto_place[table.place[s][happens[s]]] = 1
    np.cumsum(upto_place, out=upto_place)
    at_risk = np.zeros((n_groups, int(upto_place[-1])), dtype=np.int32)
    events = np.zeros((len(counts), *at_risk.shape), dtype=np.int32)
    for s, g in zip(slices, place):
        upto = upto_place[table.place[s]]
        # between two rows of a group its risk set is that of the later row
        at_risk[g, : upto[-1]] = np.repeat(table.at_risk[s], np.diff(upto, prepend=0))
        here = happens[s]
        events[:, g, upto[here] - 1] = counts[:, s][:, here]
    return Pool(at_risk, events)
