"""Sentences on what is there: events and spells."""

from __future__ import annotations

from typing import Any


def spells(spells: Any, at: float | None) -> str:
    """When the clock runs."""
    c = spells.clock
    return (
        f"The clock starts {c.starts} and stops at {c.stops}; {c.censors} is censored; {c.enters}."
    )


def log(log: Any, at: float | None) -> str:
    """What the log holds."""
    audit = log.audit
    return (
        f"{log.journey.name}: {audit.n_kept:,} events of {log.customers:,} customers, "
        f"{log.window}; {audit.n_dropped:,} of {audit.came_in:,} rows left out."
    )
