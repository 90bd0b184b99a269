"""The document of the benchmarks: ratios, each beside its peers of the same run."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from itertools import pairwise

import numpy as np

import journeylib as jl
from benchmarks.clock import OURS, Memory, Timing
from benchmarks.lazy import LazyTiming
from validation.report import table

PEERS = ("lifelines", "statsmodels", "scikit-survival", "R")
PACKAGES = ("numpy", "pandas", "scipy", "duckdb", "lifelines", "statsmodels", "scikit-survival")
MEMORY_LIMIT = 6.0


def targets(timings: Sequence[Timing]) -> tuple[str, int]:
    """The table of targets, and how many are missed."""
    rows, missed = [], 0
    for t in timings:
        if t.rows not in t.case.judged:
            continue
        met = t.ratio <= t.case.limit
        known = not np.isnan(t.ratio)
        missed += known and not met
        goal = f"at most {t.case.limit:g} of {'R' if t.case.against == 'R' else 'the fastest'}"
        verdict = "yes" if met else "**no**" if known else "not measured"
        ratio = f"{t.ratio:.2f} ({t.best_ratio:.2f})" if t.rival else f"below {t.ratio:.2f}"
        rows.append(
            (
                *(t.case.name, f"{t.rows:,}", kind(t.by_day), f"{t.median(OURS):.3f}"),
                *(_beside(t, p) for p in PEERS),
                *(goal, ratio, verdict),
            )
        )
    head = ["call", "rows", "times", "ours, s", *(f"{p}, s" for p in PEERS)]
    return table([*head, "target", "ratio (best)", "met"], rows, "1 3 4 5 6 7 9"), missed


def _beside(t: Timing, peer: str) -> str:
    if peer in t.seconds:
        return f"{t.median(peer):.3f}"
    return "" if peer not in t.left_out else "(1)" if " s at " in t.left_out[peer] else "(2)"


def kind(by_day: bool) -> str:
    """How durations are measured."""
    return "by day" if by_day else "continuous"


def scaling(timings: Sequence[Timing]) -> str:
    """How time grows with the rows: the power of n between two sizes."""
    series: dict[tuple[str, bool], list[Timing]] = {}
    for t in timings:
        series.setdefault((t.case.name, t.by_day), []).append(t)
    rows = []
    for (name, by_day), several in series.items():
        several.sort(key=lambda t: t.rows)
        powers = [_power(a, b, OURS) for a, b in pairwise(several)]
        theirs = [_power(a, b, "R") for a, b in pairwise(several)]
        sizes = ", ".join(f"{t.rows:,}: {t.median(OURS):.3f} s" for t in several)
        rows.append((name, kind(by_day), sizes, ", ".join(powers), ", ".join(theirs)))
    return table(["call", "times", "ours", "powers of n", "R's"], rows)


def _power(a: Timing, b: Timing, who: str) -> str:
    if who not in a.seconds or who not in b.seconds:
        return "–"
    return f"{np.log(b.best(who) / a.best(who)) / np.log(b.rows / a.rows):.2f}"


def memories(found: Sequence[Memory]) -> tuple[str, int]:
    """Memory beyond the input, relative to it, and how many calls take too much."""
    rows = [
        (
            *(m.case.name, f"{m.rows:,}", kind(m.by_day), f"{m.result / m.given:.1f}"),
            *(f"{(m.peak - m.result) / m.given:.1f}", "**no**" if _heavy(m) else "yes"),
        )
        for m in found
    ]
    head = ["call", "rows", "times", "result / input", "besides it, at most / input"]
    return table([*head, f"at most {MEMORY_LIMIT:g}"], rows, "1 3 4"), sum(map(_heavy, found))


def _heavy(m: Memory) -> bool:
    return m.peak - m.result > MEMORY_LIMIT * m.given


def lazies(found: Sequence[LazyTiming]) -> str:
    """The same curve from a table that stays in the database."""
    rows = [
        (
            *(f"{t.rows:,}", f"{t.group_by:.3f}", f"{t.curve:.3f}", f"{t.incidence:.3f}"),
            *(f"{t.curve / t.group_by:.2f}", f"{t.megabytes:.1f}"),
        )
        for t in found
    ]
    head = ["customers", "bare group-by, s", "survival_curve, s", "cumulative_incidence, s"]
    return table([*head, "curve / group-by", "memory of this process, MB"], rows, "0 1 2 3 4 5")


def versions(r_version: str) -> str:
    """What it was made with."""
    found = [f"journeylib {jl.__version__}"]
    for package in PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            found.append(f"{package} not installed")
    return ", ".join([*found, r_version])


def notes(timings: Sequence[Timing]) -> str:
    """Who could not be timed, and why."""
    lines = []
    for t in timings:
        for peer, why in t.left_out.items():
            lines.append(f"- {t.case.name}, {t.rows:,} rows, {kind(t.by_day)}: {peer}: {why}")
    return "\n".join(lines) or "Everybody was timed."
