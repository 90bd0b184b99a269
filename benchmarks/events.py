"""``python -m benchmarks.events``: a log of 50 million events, from Parquet to spells.

The same log is turned into the same spells by us, by hand-written DuckDB SQL and by plain
pandas, each in a process of its own whose peak memory is read when it ends. The
curve-only path fetches counts by time and no row a customer. Writes docs/BENCHMARKS_EVENTS.md.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "BENCHMARKS_EVENTS.md"
SIZES = (10_000_000, 50_000_000)
MEMORY, TIGHT = "3GB", "1GB"
CONTACTS = ("ad_view", "email", "product_view", "basket")
JOURNEY = f"""
name = "Generated"
unit = "days"
[source]
path = "events.parquet"
memory = "{MEMORY}"
[columns]
id = "customer"
at = "at"
event = "event"
channel = "channel"
[stages]
awareness = ["ad_view", "email"]
consideration = ["product_view"]
decision = ["basket"]
purchase = ["purchase"]
[window]
start = 2023-01-01
cutoff = 2024-12-31
resolution = "day"
timezone = "UTC"
"""
ENDS = """
SELECT customer AS id, DATE '2024-12-31' AS c,
       min("at") FILTER (event IN ('ad_view', 'email', 'product_view', 'basket'))::DATE AS o,
       min("at") FILTER (event = 'purchase')::DATE AS e
FROM read_parquet('{path}')
WHERE customer IS NOT NULL AND "at" < TIMESTAMP '2025-01-01' GROUP BY customer
"""
SQL = """
SELECT id, greatest(DATE '2023-01-01' - o, 0)::DOUBLE AS start,
       (least(coalesce(e, c), c) - o)::DOUBLE AS stop, (e IS NOT NULL AND e <= c)::BIGINT AS cause
FROM ({ends}) WHERE o IS NOT NULL AND (e IS NULL OR e >= o) ORDER BY id
"""


def write_log(path: Path, events: int) -> None:
    """Ten events a customer on average over two years; one in nine is a purchase."""
    import duckdb

    connection = duckdb.connect(config={"memory_limit": MEMORY, "temp_directory": str(path.parent)})
    connection.execute("SET preserve_insertion_order = false")
    connection.execute(
        f"""
        COPY (SELECT format('c{{:08d}}', (hash(i, 1) % {events // 10})::BIGINT) AS customer,
                     TIMESTAMP '2023-01-01' + to_seconds((hash(i, 2) % 63158400)::BIGINT) AS at,
                     CASE hash(i, 3) % 9 WHEN 0 THEN 'purchase' WHEN 1 THEN 'basket'
                          WHEN 2 THEN 'product_view' WHEN 3 THEN 'email' WHEN 4 THEN 'support'
                          ELSE 'ad_view' END AS event,
                     CASE hash(i, 4) % 4 WHEN 0 THEN 'email' WHEN 1 THEN 'search'
                          WHEN 2 THEN 'social' ELSE 'shop' END AS channel,
                     (hash(i, 5) % 10000) / 100.0 AS value
              FROM range({events}) AS numbers(i))
        TO '{path}' (FORMAT parquet)
        """
    )
    connection.close()
    (path.parent / "journey.toml").write_text(JOURNEY)
    (path.parent / "tight.toml").write_text(JOURNEY.replace(MEMORY, TIGHT))


# --- who is timed: each from a folder to a frame of spells, or to a curve ---------------------


def ours(folder: Path) -> int:
    """``time_to`` and its frame."""
    import journeylib as jl

    return len(jl.time_to(_log(folder), "purchase").frame)


def tight(folder: Path) -> int:
    """The same where memory is short, so that the database has to write to disk."""
    import journeylib as jl

    return len(jl.time_to(_log(folder, "tight.toml"), "purchase").frame)


def curve(folder: Path) -> int:
    """The survival curve alone: counts by time come back, no row a customer."""
    import journeylib as jl

    return len(jl.survival_curve(jl.time_to(_log(folder), "purchase")).frame)


def audit(folder: Path) -> int:
    """The audit of the log: every row's fate, exact duplicates among them."""
    return int(_log(folder).audit.came_in)


def _log(folder: Path, file: str = "journey.toml"):  # type: ignore[no-untyped-def]
    import journeylib as jl

    return jl.open_log(jl.read_journey(folder / file))


def duckdb_sql(folder: Path) -> int:
    """What somebody who knows DuckDB types for the same columns."""
    import duckdb

    connection = duckdb.connect(config={"memory_limit": MEMORY})
    ends = ENDS.format(path=folder / "events.parquet")
    return len(connection.execute(SQL.format(ends=ends)).df())


def group_by(folder: Path) -> int:
    """What nobody can do without: the group-by over the customers, of which nothing comes back."""
    import duckdb

    connection = duckdb.connect(config={"memory_limit": MEMORY})
    ends = ENDS.format(path=folder / "events.parquet")
    answer = connection.execute(f"SELECT count(*), max(o), max(e) FROM ({ends})").fetchone()
    return int(answer[0]) if answer else 0


def pandas(folder: Path) -> int:
    """What people write: read the columns, filter, group, subtract."""
    import numpy as np
    import pandas as pd

    events = pd.read_parquet(folder / "events.parquet", columns=["customer", "at", "event"])
    events = events.dropna(subset=["customer", "at", "event"])
    events = events[events["at"] < "2025-01-01"]
    contact = events[events["event"].isin(CONTACTS)].groupby("customer")["at"].min()
    bought = events[events["event"] == "purchase"].groupby("customer")["at"].min()
    table = pd.DataFrame({"origin": contact.dt.normalize()})
    table["event"] = bought.dt.normalize().reindex(table.index)
    table = table[~(table["event"] < table["origin"])]
    cutoff = pd.Timestamp("2024-12-31")
    stop = (table["event"].fillna(cutoff) - table["origin"]).dt.days.astype(float)
    cause = table["event"].notna().astype(np.int64)
    made = pd.DataFrame({"start": 0.0, "stop": stop, "cause": cause}).reset_index()
    return len(made.sort_values("customer"))


WHO: dict[str, Callable[[Path], int]] = {
    "ours": ours,
    "duckdb": duckdb_sql,
    "group_by": group_by,
    "curve": curve,
    "tight": tight,
    "pandas": pandas,
    "audit": audit,
}
ONCE = ("tight", "pandas", "audit")


def once(who: str, folder: Path) -> tuple[float, float, int]:
    """Seconds (imports not counted), peak GiB, and rows, of one call in a fresh process."""
    command = [sys.executable, "-m", "benchmarks.events", "--once", who, str(folder)]
    run = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    told = json.loads(run.stdout.splitlines()[-1])
    return told["seconds"], told["gib"], told["rows"]


def _once(who: str, folder: Path) -> None:
    if who == "pandas":
        import pandas as _pandas
        import pyarrow.parquet  # noqa: F401

        _pandas.DataFrame()
    elif who in ("duckdb", "group_by"):
        import duckdb
        import pandas as _pandas

        duckdb.connect().execute("SELECT 1").df()
    else:  # a small log first: what imports lazily is imported
        import journeylib as jl
        from journeylib.example import small_log

        assert len(jl.survival_curve(jl.time_to(small_log(), "purchase")).frame)
    began = time.perf_counter()
    rows = WHO[who](folder)
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(json.dumps({"seconds": seconds, "gib": peak, "rows": rows}))


def main(arguments: list[str] | None = None) -> int:
    """Time everybody in turn at every size and write the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.events", description=__doc__)
    parser.add_argument("--once", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, default=3, help="turns of everybody (3)")
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    asked = parser.parse_args(arguments)
    if asked.once:
        _once(asked.once[0], Path(asked.once[1]))
        return 0
    found: dict[int, dict[str, list[tuple[float, float, int]]]] = {}
    for events in asked.sizes:
        with tempfile.TemporaryDirectory() as made:
            write_log(Path(made) / "events.parquet", events)
            runs: dict[str, list[tuple[float, float, int]]] = {who: [] for who in WHO}
            for turn in range(asked.rounds):
                for who in WHO:
                    if turn == 0 or who not in ONCE:
                        runs[who].append(once(who, Path(made)))
            found[events] = runs
            rows = {who: took[0][2] for who, took in runs.items()}
            if len({rows[who] for who in ("ours", "tight", "duckdb", "pandas")}) > 1:
                raise SystemExit(f"the spells differ: {rows}")
            print(
                events,
                {who: [f"{s:.2f} s {g:.2f} GiB" for s, g, _ in r] for who, r in runs.items()},
            )
    if asked.sizes == list(SIZES):
        PAGE.write_text(page(found, asked.rounds))
        print(f"written: {PAGE.relative_to(ROOT)}")
    return 0


def page(found: dict[int, dict[str, list[tuple[float, float, int]]]], rounds: int) -> str:
    """The times as a page."""

    def median(events: int, who: str) -> float:
        return statistics.median(s for s, _, _ in found[events][who])

    def gib(events: int, who: str) -> float:
        return max(g for _, g, _ in found[events][who])

    names = {
        "ours": '`time_to(log, "purchase").frame`',
        "tight": f"the same with a limit of {TIGHT}",
        "duckdb": "hand-written DuckDB SQL",
        "group_by": "its group-by alone, of which nothing comes back",
        "pandas": "plain pandas",
        "curve": "`survival_curve(time_to(…))`, nothing else fetched",
        "audit": "`log.audit`: every row's fate, with exact duplicates",
    }
    lines = [
        "| | " + " | ".join(f"{n:,} events" for n in found) + " |",
        "|---|" + "---:|" * len(found),
    ]
    for who, name in names.items():
        cells = [f"{median(n, who):.1f} s, {gib(n, who):.2f} GiB" for n in found]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    small, large = min(found), max(found)
    took = median(large, "ours")
    rows = [
        ("events to spells against plain pandas", took / median(large, "pandas"), 1 / 7),
        ("events to spells against hand-written SQL", took / median(large, "duckdb"), 1.2),
        ("curve alone against events to spells", median(large, "curve") / took, 0.5),
        (
            "curve alone against the group-by",
            median(large, "curve") / median(large, "group_by"),
            1.2,
        ),
        ("peak memory, GiB", max(gib(large, w) for w in ("ours", "curve")), 4.0),
        (f"{large:,} against {small:,} events", took / median(small, "ours"), large / small),
    ]
    ratios = ["| at the largest size | measured | at most |", "|---|---:|---:|"]
    ratios += [f"| {name} | {value:.2f} | {limit:.2f} |" for name, value, limit in rows]
    return "\n".join(
        [
            "# Benchmarks: from a large event log to spells",
            "",
            "A generated Parquet log, ten events a customer. Each call runs in a process of its "
            f"own, in turn, {rounds} rounds (pandas, the audit and the tight limit once), medians; "
            f"imports are not counted. DuckDB's memory limit is {MEMORY} for us and for the "
            "hand-written SQL; peak memory is that of the process. `make bench-events` writes "
            f"this page. {os.cpu_count()} cores.",
            "",
            *lines,
            "",
            *ratios,
            "",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
