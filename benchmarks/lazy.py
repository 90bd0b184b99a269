"""From a lazy log: time and memory follow the group-by, not the customers."""

from __future__ import annotations

import tempfile
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import ibis
import numpy as np

import journeylib as jl
from journeylib.audit import Audit

GROUP_BY = "SELECT stop, cause, count(*) AS n FROM spells GROUP BY stop, cause"


@dataclass(frozen=True)
class LazyTiming:
    """Medians in seconds over spells that stay in the database, and memory of this process."""

    rows: int
    curve: float
    incidence: float
    group_by: float
    megabytes: float


@contextmanager
def spells(rows: int) -> Iterator[jl.Spells]:
    """Spells of so many customers in a DuckDB file: durations in days, two causes."""
    with tempfile.TemporaryDirectory() as folder:
        connection = ibis.duckdb.connect(Path(folder) / "spells.duckdb")
        connection.raw_sql(
            f"""
            CREATE TABLE spells AS
            SELECT i AS id, 0.0 AS start, least(due, until) AS stop,
                   CASE WHEN due <= until THEN 1 + (hash(i, 3) % 2)::INT ELSE 0 END AS cause
            FROM (SELECT i, ceil(-130 * ln((1 + hash(i, 1) % 999983) / 999984.0)) AS due,
                         20 + hash(i, 2) % 380 AS until
                  FROM range({rows}) AS numbers(i))
            """
        )
        clock = jl.Clock("at the first contact", "at the first outcome", "at the cutoff")
        audit = Audit("customers", rows, kept={"simulated": rows})
        yield jl.Spells(connection.table("spells"), "days", ("bought", "left"), audit, clock)
        connection.disconnect()


def take(rows: int, rounds: int = 3) -> LazyTiming:
    """Time a curve, an incidence and the bare group-by on the same table, in turn."""
    with spells(rows) as lazy:
        connection = lazy.table.get_backend()
        calls = {
            "curve": lambda: jl.survival_curve(lazy),
            "incidence": lambda: jl.cumulative_incidence(lazy),
            "group_by": lambda: connection.con.execute(GROUP_BY).fetchall(),
        }
        seconds: dict[str, list[float]] = {name: [] for name in calls}
        for turn in range(rounds + 1):
            for name, call in calls.items():
                began = time.perf_counter()
                call()
                if turn:  # the first turn warms up
                    seconds[name].append(time.perf_counter() - began)
        tracemalloc.start()
        jl.survival_curve(lazy)
        peak = tracemalloc.get_traced_memory()[1] / 1e6
        tracemalloc.stop()
    curve, incidence, group_by = (float(np.median(seconds[k])) for k in calls)
    return LazyTiming(rows, curve, incidence, group_by, peak)
