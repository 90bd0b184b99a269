"""``python -m validation``: compare, simulate, write docs/VALIDATION.md; exit 1 on any failure."""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # two processes share the cores themselves

import argparse
import sys
import time
import warnings

from validation.ledger import Ledger
from validation.shared import FILES, ROOT, available, gold

PAGE = ROOT / "docs" / "VALIDATION.md"
FULL, QUICK = 2000, 100
PARTS = ("gold", "coverage", "recovery", "gates")


def main(arguments: list[str] | None = None) -> int:
    """Run the parts asked for; 0 when every verdict is good."""
    parser = argparse.ArgumentParser(prog="python -m validation", description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} samples, writes no page")
    parser.add_argument("--only", choices=PARTS, help="one part, writes no page")
    parser.add_argument("--study", action="append", help="only this simulated study")
    parser.add_argument("--replications", type=int, help=f"samples of each study ({FULL:,})")
    parser.add_argument("--workers", type=int, default=2, help="processes (2)")
    asked = parser.parse_args(arguments)
    warnings.simplefilter("ignore", RuntimeWarning)
    parts: list[str] = []
    failures = 0
    chosen = (asked.only,) if asked.only else ("coverage",) if asked.study else PARTS
    count = asked.replications or (QUICK if asked.quick else FULL)
    if "gold" in chosen:
        failures += _gold(parts)
    if "coverage" in chosen:
        failures += _coverage(parts, count, asked.workers, asked.study)
    if "recovery" in chosen:
        failures += _recovery(parts, max(count // 50, 4), asked.workers)
    if "gates" in chosen:
        failures += _gates(parts, count, asked.workers)
    if asked.quick or asked.only or asked.study or asked.replications:
        print("\n\n".join(parts))
    else:
        from validation.report import document

        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(document(parts))
        print(f"written: {PAGE.relative_to(ROOT)}")
    print(f"{failures} failure(s)")
    return 1 if failures else 0


def book() -> Ledger:
    """Every comparison with R's results."""
    from validation import nonparametric, regression

    made = Ledger({name: gold(name) for name in FILES})
    nonparametric.compare_all(made)
    regression.compare_all(made)
    return made


def _gold(parts: list[str]) -> int:
    if not available():
        sys.exit("R's results are needed: the folder 'shared' beside the project is not there")
    from validation import published, report
    from validation.leftout import REASONS

    began = time.perf_counter()
    made, figures = book(), published.figures()
    parts += [report.gold_part(made), report.published_part(figures)]
    unexplained = made.explained(REASONS)[1]
    wrong = [c for c in made.done if not c.passed] + [f for f in figures if not f.passed]
    print(f"R's results: {time.perf_counter() - began:.0f} s", *wrong, *unexplained, sep="\n  ")
    return len(wrong) + len(unexplained)


def _coverage(parts: list[str], count: int, workers: int, only: list[str] | None) -> int:
    from validation import coverage, peer, report

    names, found = only or list(coverage.by_name()), []
    for name in names:
        began = time.perf_counter()
        found += coverage.run([name], count, workers)
        print(f"coverage, {name}: {time.perf_counter() - began:.0f} s", flush=True)
    alike: dict[str, float] = {}
    if peer.r_available():
        alike = peer.alike(names)
        found = peer.beside(found, count, workers)
    else:
        print("R with its package survival is not installed: misses stand without R's own")
    parts.append(report.coverage_part(found, alike, count))
    wrong = [c for c in found if not c.passed and not c.excused]
    print(*(f"  {c.study}: {c.truth.key} covers {c.share:.4f}" for c in wrong), sep="\n")
    return len(wrong) + sum(gap > 1e-6 for gap in alike.values())


def _recovery(parts: list[str], journeys: int, workers: int) -> int:
    from validation import recovery, report_journeys

    found = []
    for name in recovery.by_name():
        began = time.perf_counter()
        found += recovery.run([name], journeys, workers)
        print(f"recovery, {name}: {time.perf_counter() - began:.0f} s", flush=True)
    parts.append(report_journeys.recovery_part(found, journeys))
    wrong = [r for r in found if not r.passed]
    print(*(f"  {r.scenario}: {r.what}, {r.z:.1f} errors off" for r in wrong), sep="\n")
    return len(wrong)


def _gates(parts: list[str], runs: int, workers: int) -> int:
    from validation import gates, report_journeys

    began = time.perf_counter()
    found = gates.run(runs, workers)
    print(f"promises: {time.perf_counter() - began:.0f} s", flush=True)
    parts.append(report_journeys.gates_part(found))
    wrong = [p for p in found if not p.passed]
    print(*(f"  {p.what}, {p.setting}: {p.share:.3f}" for p in wrong), sep="\n")
    return len(wrong)


if __name__ == "__main__":
    sys.exit(main())
