"""``python -m validation``: compare, simulate, write docs/VALIDATION.md; exit 1 on any failure."""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # two processes share the cores themselves

import argparse
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass

from validation.ledger import Ledger
from validation.shared import FILES, ROOT, available, gold

PAGE = ROOT / "docs" / "VALIDATION.md"
FULL, QUICK = 2000, 100


@dataclass(frozen=True)
class Asked:
    """How many samples, on how many processes, of which studies (all unless named)."""

    count: int
    workers: int
    studies: list[str] | None = None


@dataclass(frozen=True)
class Told:
    """Sections of the page, each with its heading, and how many verdicts are not good."""

    sections: list[str]
    failures: int


def main(arguments: list[str] | None = None) -> int:
    """Run the parts asked for; 0 when every verdict is good."""
    parser = argparse.ArgumentParser(prog="python -m validation", description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} samples, writes no page")
    parser.add_argument("--only", choices=PARTS, help="one part, writes no page")
    parser.add_argument("--write", action="store_true", help="put that part into the page")
    parser.add_argument("--study", action="append", help="only this simulated study")
    parser.add_argument("--replications", type=int, help=f"samples of each study ({FULL:,})")
    parser.add_argument("--workers", type=int, default=2, help="processes (2)")
    asked = parser.parse_args(arguments)
    warnings.simplefilter("ignore", RuntimeWarning)
    chosen = [asked.only] if asked.only else ["coverage"] if asked.study else list(PARTS)
    count = asked.replications or (QUICK if asked.quick else FULL)
    told = [PARTS[name](Asked(count, asked.workers, asked.study)) for name in chosen]
    sections = [text for one in told for text in one.sections]
    part = asked.quick or asked.only or asked.study or asked.replications
    if part and not asked.write:
        print("\n\n".join(sections))
    else:
        from validation.report import coverage_renewed, document, renewed

        PAGE.parent.mkdir(exist_ok=True)
        if asked.study:  # the other studies keep their rows
            sections = [coverage_renewed(PAGE.read_text(), text, FULL) for text in sections]
        PAGE.write_text(renewed(PAGE.read_text(), sections) if part else document(sections))
        print(f"written: {PAGE.relative_to(ROOT)}")
    failures = sum(one.failures for one in told)
    print(f"{failures} failure(s)")
    return 1 if failures else 0


def book() -> Ledger:
    """Every comparison with R's results."""
    from validation import nonparametric, regression

    made = Ledger({name: gold(name) for name in FILES})
    nonparametric.compare_all(made)
    regression.compare_all(made)
    return made


def _gold(asked: Asked) -> Told:
    if not available():
        sys.exit("R's results are needed: the folder 'shared' beside the project is not there")
    from validation import published, report
    from validation.leftout import REASONS

    began = time.perf_counter()
    made, figures = book(), published.figures()
    unexplained = made.explained(REASONS)[1]
    wrong = [c for c in made.done if not c.passed] + [f for f in figures if not f.passed]
    print(f"R's results: {time.perf_counter() - began:.0f} s", *wrong, *unexplained, sep="\n  ")
    sections = [report.gold_part(made), report.published_part(figures)]
    return Told(sections, len(wrong) + len(unexplained))


def _coverage(asked: Asked) -> Told:
    from validation import coverage, peer, report

    names, found = asked.studies or list(coverage.by_name()), []
    for name in names:
        began = time.perf_counter()
        found += coverage.run([name], asked.count, asked.workers)
        print(f"coverage, {name}: {time.perf_counter() - began:.0f} s", flush=True)
    alike: dict[str, float] = {}
    if peer.r_available():
        alike = peer.alike(names)
        found = peer.beside(found, asked.count, asked.workers)
    else:
        print("R with its package survival is not installed: misses stand without R's own")
    wrong = [c for c in found if not c.passed and not c.excused]
    print(*(f"  {c.study}: {c.truth.key} covers {c.share:.4f}" for c in wrong), sep="\n")
    failures = len(wrong) + sum(gap > 1e-6 for gap in alike.values())
    return Told([report.coverage_part(found, alike, asked.count)], failures)


def _recovery(asked: Asked) -> Told:
    from validation import recovery, report_journeys

    found, journeys = [], max(asked.count // 50, 4)
    for name in recovery.by_name():
        began = time.perf_counter()
        found += recovery.run([name], journeys, asked.workers)
        print(f"recovery, {name}: {time.perf_counter() - began:.0f} s", flush=True)
    wrong = [r for r in found if not r.passed]
    print(*(f"  {r.scenario}: {r.what}, {r.z:.1f} errors off" for r in wrong), sep="\n")
    return Told([report_journeys.recovery_part(found, journeys)], len(wrong))


def _gates(asked: Asked) -> Told:
    from validation import gates, report_journeys

    began = time.perf_counter()
    found = gates.run(asked.count, asked.workers)
    print(f"promises: {time.perf_counter() - began:.0f} s", flush=True)
    wrong = [p for p in found if not p.passed]
    print(*(f"  {p.what}, {p.setting}: {p.share:.3f}" for p in wrong), sep="\n")
    return Told([report_journeys.gates_part(found)], len(wrong))


def _afterwards(asked: Asked) -> Told:
    from validation import afterwards

    seeds, logs = max(asked.count * afterwards.SEEDS // FULL, 4), asked.count * afterwards.LOGS
    text, good = afterwards.section(seeds, max(logs // FULL, 10), asked.workers)
    return Told([text.strip()], int(not good))


def _changes(asked: Asked) -> Told:
    from validation import changes

    found = changes.study(max(asked.count * changes.FULL // FULL, 10), asked.workers)
    return Told([changes.section(found)], sum(not f.passed for f in found))


def _headlines(asked: Asked) -> Told:
    from validation import headlines

    seeds = max(asked.count * headlines.SEEDS // FULL, 4)
    text, outside = headlines.section(seeds, asked.workers)
    return Told([text], outside)


def _touchpoints(asked: Asked) -> Told:
    from validation import touchpoints

    seeds = max(asked.count * touchpoints.SEEDS // FULL, 4)
    text, wrong = touchpoints.section(seeds, asked.workers)
    return Told([text.strip()], len(wrong))


PARTS: dict[str, Callable[[Asked], Told]] = {
    "gold": _gold,
    "coverage": _coverage,
    "recovery": _recovery,
    "gates": _gates,
    "afterwards": _afterwards,
    "changes": _changes,
    "touchpoints": _touchpoints,
    "headlines": _headlines,
}


if __name__ == "__main__":
    sys.exit(main())
