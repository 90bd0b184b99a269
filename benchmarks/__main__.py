"""``python -m benchmarks``: time every case beside its peers, write docs/BENCHMARKS.md."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from benchmarks import clock, lazy, report
from benchmarks.cases import Case, cases

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "BENCHMARKS.md"
LAZY = (1_000_000, 5_000_000, 50_000_000)
HEAD = """# Benchmarks

Every time stands beside its peers' times of the same run on the same rows: read the ratios, not
the seconds, which depend on the machine. A call goes from the pandas frame to the result
(`spells_from_frame` included); R starts from its own data frame in memory. Ours and the peers
take turns, {rounds} rounds, medians; in parentheses the ratio of the best rounds, which a busy
machine disturbs less. `make bench` times everything and writes this page.

{versions}. {load}
"""


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmarks; 0 also when a target is missed: a time is no test."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", help="cases whose name contains this; writes no page")
    parser.add_argument("--largest", type=int, help="no more rows than this; writes no page")
    parser.add_argument("--rounds", type=int, default=5, help="turns of everybody (5)")
    asked = parser.parse_args(arguments)
    before = os.getloadavg()[0]
    chosen = [c for c in cases() if asked.only is None or asked.only in c.name]
    timings, memories = [], []
    for case in chosen:
        for by_day in (True, False):
            timings += _series(case, by_day, asked.rounds, asked.largest)
            judged = [n for n in case.judged if not asked.largest or n <= asked.largest]
            memories += [clock.memory(case, n, by_day) for n in judged[-1:]]
    lazies = [lazy.take(n) for n in LAZY if not asked.largest or n <= asked.largest]
    table, missed = report.targets(timings)
    taken, heavy = report.memories(memories)
    parts = [
        "## Targets\n\n" + table,
        "(1) takes too long to be timed here, (2) not installed: see the end of the page.",
        "## How time grows\n\nA power of 1 is linear; n log n is about 1.05 at these sizes.",
        report.scaling(timings),
        "## Memory\n\nMemory beyond the input, relative to the numbers that are read (8 bytes "
        "each): what the result keeps, and what the call needs besides it at its highest. With "
        "continuous times a curve has as many rows as there are customers, and ten columns.",
        taken,
        "## From a lazy log\n\nSpells in a DuckDB file; only the counts by time and cause come "
        "back. The bare group-by is the same SQL typed by hand.",
        report.lazies(lazies) if asked.only is None else "",
        "## Not timed\n\n" + report.notes(timings),
    ]
    load = _load(before)
    head = HEAD.format(rounds=asked.rounds, versions=report.versions(_r_version()), load=load)
    page = "\n\n".join([head.strip(), *parts]) + "\n"
    if asked.only or asked.largest:
        print(page)
    else:
        PAGE.write_text(page)
        print(f"written: {PAGE.relative_to(ROOT)}")
    print(f"{missed} target(s) missed, {heavy} call(s) over the memory limit")
    return 0


def _series(case: Case, by_day: bool, rounds: int, largest: int | None) -> list[clock.Timing]:
    found: list[clock.Timing] = []
    for rows in case.sizes:
        if largest is None or rows <= largest:
            earlier = found[-1] if found else None
            found.append(clock.take(case, rows, by_day, rounds, earlier))
            t = found[-1]
            shown = ", ".join(f"{k} {t.median(k):.3f}" for k in t.seconds)
            print(f"{case.name}, {rows:,}, {report.kind(by_day)}: {shown}", flush=True)
    return found


def _load(before: float) -> str:
    cores = os.cpu_count() or 1
    idle = before < 0.5 * cores
    words = "idle" if idle else "busy with other work, so that ratios are noisy"
    return f"The machine was {words} at the start (load {before:.1f} on {cores} cores)."


def _r_version() -> str:
    if clock.why_no_r():
        return clock.why_no_r()
    code = 'cat(R.version.string, "survival", format(packageVersion("survival")))'
    return subprocess.run(["Rscript", "-e", code], capture_output=True, text=True).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
