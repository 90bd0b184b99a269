"""Do changes between two runs get the right name? Simulated journeys with a planted change.

A journey log is simulated for a year. Half-way through, customers of one channel begin to
purchase at another rate, or nothing changes. Two runs of a report look at windows of the
log: one that contains the other, two that share no day, or two that overlap. Each makes
the findings that notebooks make (shares, restricted means and medians by channel, hazard
ratios), and :func:`journeylib.reporting.changes.compare` is asked what moved.

``python -m validation.changes`` prints the section; it exits 1 where an error rate is
not what is promised.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # two processes share the cores themselves

import argparse
import sys
import warnings
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

import journeylib as jl
from journeylib.findings import medians, ratios, shares
from journeylib.reporting.changes import Change, adjust, compare
from journeylib.reporting.records import RunRecord
from validation.coverage import band, generator
from validation.report import table

FULL = 1000
OPENING = pd.Timestamp("2024-01-01")
YEAR, MIDDLE, HORIZON, CUSTOMERS = 360, 180, 60, 5_000
CHANNEL, PLANTED = "channel=display", "display"
BEFORE = {"channel=social": -0.4, CHANNEL: -0.3, "channel=referral": 0.5, "channel=store": 0.2}
AFTER = {**BEFORE, CHANNEL: 0.5}
QUIET = dict.fromkeys(("ad_view", "survey", "support_contact", "repeat_purchase"), 0.0)
Window = tuple[int, int]


@dataclass(frozen=True)
class Design:
    """Two runs: what they look at, and whether something changes half-way."""

    name: str
    old: Window
    new: Window
    planted: bool = False
    cautious: bool = False  # the error rate is a bound


DESIGNS = (
    Design("a week more", (0, 180), (0, 187), cautious=True),
    Design("a month more", (0, 180), (0, 210), cautious=True),
    Design("half a year more", (0, 180), (0, 360)),
    Design("half a year more", (0, 180), (0, 360), planted=True),
    Design("the next half year", (0, 180), (180, 360)),
    Design("the next half year", (0, 180), (180, 360), planted=True),
    Design("a window that rolls on", (0, 180), (90, 270), cautious=True),
)


@dataclass(frozen=True)
class Rate:
    """How often changes of some findings were called beyond noise.

    Parameters
    ----------
    design
        The runs.
    findings
        Which findings.
    comparisons
        How many were judged.
    alone
        Share beyond noise judged each by itself, at 5%.
    together
        Share beyond noise after adjusting over the report.
    """

    design: Design
    findings: str
    comparisons: int
    alone: float
    together: float


@dataclass(frozen=True)
class Found:
    """A design over many seeds."""

    design: Design
    replications: int
    rates: tuple[Rate, ...]
    false_share: float  # mean share of noise among what is called beyond noise
    named: float  # share of the replications in which the planted channel is named

    @property
    def passed(self) -> bool:
        """Whether noise is called noise as often as promised, and the planted change named."""
        low, high = band(self.replications)
        quiet = [r.alone for r in self.rates if r.findings != PLANTED]
        low = 0.0 if self.design.cautious else 1 - high
        right = all(low <= share <= 1 - band(self.replications)[0] for share in quiet)
        kept = self.false_share <= 0.05 + 3.5 * np.sqrt(0.05 * 0.95 / self.replications)
        return right and bool(kept) and (not self.design.planted or self.named >= 0.8)


def draw(rng: np.random.Generator, planted: bool) -> pd.DataFrame:
    """Customers of a year: days of first contact, purchase and leaving, and the channel."""
    first = _simulated(rng, BEFORE)
    if not planted:
        return first
    later = _simulated(rng, AFTER)
    return pd.concat([first[first["came"] < MIDDLE], later[later["came"] >= MIDDLE]])


def _simulated(rng: np.random.Generator, effects: dict[str, float]) -> pd.DataFrame:
    made = jl.simulate(
        CUSTOMERS,
        int(rng.integers(2**31)),
        start=OPENING,
        cutoff=OPENING + pd.Timedelta(days=YEAR - 1),
        rates=QUIET,
        effects={"purchase": effects},
    )
    events = made.events
    day = (events["at"] - OPENING) / pd.Timedelta(days=1)
    first = day.groupby([events["customer_id"], events["event"]]).min().unstack()
    gone = first[["lost", "opted_out"]].min(axis=1)
    people = made.customers.set_index("customer_id")
    came = (people["first_contact"] - OPENING) / pd.Timedelta(days=1)
    return pd.DataFrame(
        {
            "came": came,
            "bought": first["purchase"],
            "gone": gone,
            "channel": people["first_channel"],
        }
    ).reset_index(drop=True)


def run(customers: pd.DataFrame, window: Window) -> RunRecord:
    """The record of a report on the customers who came in a window, as known at its end."""
    opens, closes = window
    here = customers[customers["came"].between(opens, closes, inclusive="left")]
    end = here[["bought", "gone"]].min(axis=1).clip(upper=closes).fillna(closes)
    frame = pd.DataFrame(
        {
            "days": end - here["came"],
            "purchase": (here["bought"] <= end).astype(int),
            "channel": here["channel"],
        }
    )
    last = OPENING + pd.Timedelta(days=closes - 1)
    about = {"start": str((OPENING + pd.Timedelta(days=opens)).date()), "cutoff": str(last.date())}
    return RunRecord(
        "simulated",
        f"{closes:03d}",
        fingerprint=str(closes),
        findings=tuple(asdict(f) for f in _findings(frame)),
        provenance={"data": {"journey": "simulated"}, "window": about},
    )


def _findings(frame: pd.DataFrame) -> list[jl.Finding]:
    """What the notebooks tell: over all, and by channel."""
    spells = jl.spells_from_frame(frame, "days", "purchase", unit="days", causes=("purchase",))
    told: list[jl.Finding] = []
    for by in (None, "channel"):
        curve = jl.survival_curve(spells, by)
        told += [*shares(curve, 30), *shares(curve, HORIZON), *medians(curve)]
        told += _means(frame, spells, by)
    return [*told, *ratios(jl.cox(spells, "channel"))]


def _means(frame: pd.DataFrame, spells: jl.Spells, by: str | None) -> list[jl.Finding]:
    soon = frame[(frame["purchase"] == 1) & (frame["days"] <= HORIZON)]
    events = {"all": len(soon), **soon["channel"].value_counts()}
    return [
        jl.finding(
            "mean days to purchase",
            row.rmst,
            row.low,
            row.high,
            std_err=row.std_err,
            unit="days",
            events=int(events[row.group]),
            group=None if by is None else row.group,
        )
        for row in jl.rmst(spells, HORIZON, by).frame.itertuples()
    ]


def replicate(number: int, planted: bool) -> list[tuple[Change, ...]]:
    """What moved, in one simulated year, for each design with or without a planted change."""
    customers = draw(generator(f"changes {planted}", number), planted)
    designs = [d for d in DESIGNS if d.planted == planted]
    windows = dict.fromkeys(w for d in designs for w in (d.old, d.new))
    runs = {window: run(customers, window) for window in windows}
    return [adjust(compare(runs[d.old], runs[d.new])) for d in designs]


def kind(change: Change, planted: bool) -> str:
    """Which row of the table a change counts in; empty for those that the plant dilutes into.

    The planted channel is part of "all", and the hazard ratios are of one model.
    """
    if planted and PLANTED in change.group:
        return PLANTED
    if planted and (not change.group or change.ratio):
        return ""
    word = change.name.split()[0]
    return {"reach": "shares", "mean": "means", "median": "medians"}.get(word, "hazard ratios")


def summary(design: Design, several: Sequence[tuple[Change, ...]]) -> Found:
    """Error rates over the replications."""
    rows = [(kind(c, design.planted), c) for changes in several for c in changes if c.p is not None]
    rates = []
    for name in dict.fromkeys(n for n, _ in rows if n):
        mine = [c for n, c in rows if n == name]
        alone = float(np.mean([(c.p or 0) <= 0.05 for c in mine]))
        together = float(np.mean([c.verdict == "moved" for c in mine]))
        rates.append(Rate(design, name, len(mine), alone, together))
    false = [_false(design, changes) for changes in several]
    named = [any(c.verdict == "moved" and PLANTED in c.group for c in cs) for cs in several]
    return Found(design, len(several), tuple(rates), float(np.mean(false)), float(np.mean(named)))


def _false(design: Design, changes: Iterable[Change]) -> float:
    """Share of noise among what is called beyond noise; 0 where nothing is."""
    called = [kind(c, design.planted) for c in changes if c.verdict == "moved"]
    called = [name for name in called if name]
    return sum(name != PLANTED for name in called) / len(called) if called else 0.0


def study(replications: int = FULL, workers: int = 2) -> list[Found]:
    """Every design over so many seeds."""
    found = {}
    with ProcessPoolExecutor(workers) as pool:
        for planted in (False, True):
            designs = [d for d in DESIGNS if d.planted == planted]
            made = pool.map(replicate, range(replications), [planted] * replications, chunksize=10)
            for design, several in zip(designs, zip(*made, strict=True), strict=True):
                found[design] = summary(design, several)
    return [found[design] for design in DESIGNS]


def section(found: Sequence[Found]) -> str:
    """The page's section."""
    count = found[0].replications
    words = (
        "When is a finding said to have moved between two runs? A simulated journey of "
        f"{CUSTOMERS:,} customers a year; half-way through, customers of the channel "
        f"'{PLANTED}' begin to purchase at {np.exp(AFTER[CHANNEL] - BEFORE[CHANNEL]):.1f} times "
        f"their rate, or nothing changes. {count:,} seeds a row. A report's findings (shares, "
        "restricted means and medians over all and by channel, hazard ratios of the channels) "
        "are compared between two runs of it. *Alone* is the share of unchanged findings called "
        "beyond noise when each is judged by itself at 5%: it should be 5%, or less where "
        "windows overlap in part or little is new, since the variance of the difference is "
        "then bounded from above. "
        "*False* is the mean share of noise among all that is called beyond noise after "
        "adjusting over the report, which should be at most 5%; where nothing was planted, it is "
        "the share of reports with any false call. *Named* is the share of reports that name "
        "the planted channel."
    )
    head = ["the second run sees", "planted", "findings", "compared", "alone %", "false %",
            "named %", "verdict"]  # fmt: skip
    lines = [line for f in found for line in _lines(f)]
    return "\n\n".join(["## Changes between two runs", words, table(head, lines, "3 4 5 6")])


def _lines(found: Found) -> list[tuple[str, ...]]:
    lines: list[tuple[str, ...]] = []
    quiet = [r for r in found.rates if r.findings != PLANTED]
    for k, rate in enumerate(quiet):
        first = k == 0
        lines.append(
            (
                found.design.name if first else "",
                ("yes" if found.design.planted else "no") if first else "",
                rate.findings,
                f"{rate.comparisons:,}",
                f"{100 * rate.alone:.1f}",
                f"{100 * found.false_share:.1f}" if first else "",
                f"{100 * found.named:.1f}" if first and found.design.planted else "",
                ("ok" if found.passed else "**NO**") if first else "",
            )
        )
    return lines


def main(arguments: list[str] | None = None) -> int:
    """Print the section; 0 when every verdict is good."""
    parser = argparse.ArgumentParser(prog="python -m validation.changes")
    parser.add_argument("--replications", type=int, default=FULL)
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args(arguments)
    warnings.simplefilter("ignore", RuntimeWarning)
    found = study(asked.replications, asked.workers)
    print(section(found))
    return int(not all(f.passed for f in found))


if __name__ == "__main__":
    sys.exit(main())
