"""What a result says about itself besides its numbers: who was counted, of what, by which rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ibis.expr.types as ir

from journeylib.estimate.risktable import RiskTable
from journeylib.spells.core import Spells


def about(spells: Spells, table: RiskTable, **more: Any) -> dict[str, Any]:
    """Words and counts that sentences and pictures need.

    Returns
    -------
    dict
        ``event``, ``n`` (spells), ``ids`` (customers), ``events``, ``sizes``
        (group -> its n and events), ``causes``, ``clock``, ``audit``, and
        whatever ``more`` adds.
    """
    events = [table.any_event[s].sum().item() for s in table.slices]
    sizes: Mapping[str, Mapping[str, Any]] = {
        label: {"n": int(n), "events": d}
        for label, n, d in zip(table.groups.labels, table.n, events)
    }
    return {
        "event": " or ".join(spells.causes),
        "causes": spells.causes,
        "n": int(table.n.sum()),
        "ids": customers(spells, table),
        "events": sum(events),
        "sizes": sizes,
        "clock": spells.clock,
        "audit": spells.audit,
        **more,
    }


def customers(spells: Spells, table: RiskTable) -> int:
    """Distinct customers among the spells."""
    if spells.single and spells.per is None:
        return int(table.n.sum())
    if isinstance(spells.table, ir.Table):
        return int(spells.table["id"].nunique().to_pandas())
    return int(spells.table["id"].nunique())
