"""Credit of touchpoints on simulated journeys: is it found, is it covered, do placebos stay quiet?

``python -m validation.touchpoints`` prints its section of the page. Each of the seeds draws a
journey of 1,000 first contacts with the model of :mod:`journeylib.simulation`, opens it as a
log through its journey file, and asks what the report on touchpoints asks.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import warnings
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd

import journeylib as jl
from journeylib.simulation import SimulatedJourney, simulate
from journeylib.simulation.credit import touch_credit

SEEDS, CUSTOMERS = 200, 1_000
FIRST = 20_000  # number of the first seed
BAND = (0.92, 0.98)
MOST = 0.07
LEVELS = {
    "channel": ("search", "social", "display", "referral", "store"),
    "content": ("text", "video", "review"),
    "segment": ("consumer", "business"),
    "arm": ("control", "treatment"),
}
COLUMNS = {"channel": "first_channel", "content": "first_content", "segment": "segment"}
FLAGS = ("email", "promotion")
KEPT = ("first_channel", "first_content", "segment", "arm")
ADJUST = " + ".join(
    f"C({COLUMNS.get(mark, mark)}, contr.treatment(base={levels[0]!r}))"
    for mark, levels in LEVELS.items()
)
ROOT = Path(__file__).resolve().parents[1]


def replicate(seed: int, customers: int = CUSTOMERS, draws: int = 100) -> dict[str, object]:
    """Everything that is counted, of one seed: intervals, p values, shares by rule."""
    with tempfile.TemporaryDirectory() as folder:
        made, log = drawn(Path(folder), seed, customers)
        return {**_credit(made, log, draws), **_leads(log)}


def drawn(folder: Path, seed: int, customers: int) -> tuple[SimulatedJourney, jl.EventLog]:
    """A simulated journey, and its log as a user would open it."""
    made = simulate(customers, seed=seed)
    made.write(folder)
    shutil.copyfile(ROOT / "data" / "simulated" / "journey.toml", folder / "journey.toml")
    return made, jl.open_log(jl.read_journey(folder / "journey.toml"))


def _credit(made: SimulatedJourney, log: jl.EventLog, draws: int) -> dict[str, object]:
    causes = {"purchase": "purchase", "left": ["lost", "opted_out"]}
    spells = jl.exits(log, causes=causes, by=KEPT)
    touches = jl.touches(spells, log, "event", ["awareness", *FLAGS])
    effects = jl.cox(touches.spells, touches.formula(ADJUST), cause="purchase", cluster="id")
    found: dict[str, object] = {"truths": truths(made), "intervals": {}}
    intervals: dict[str, tuple[float, float]] = found["intervals"]  # type: ignore[assignment]
    for row in effects.frame.itertuples():
        if (name := meaning(str(row.term))) in found["truths"]:  # type: ignore[operator]
            intervals[name] = (float(np.log(row.low)), float(np.log(row.high)))
    for method, n in (("influence functions", 0), ("bootstrap", draws)):
        credit = jl.attribution(effects, touches.columns, draws=n).frame.set_index("touchpoint")
        for flag in (*FLAGS, "ad_view"):
            low, high = credit.loc[flag, "low"], credit.loc[flag, "high"]
            intervals[f"credit of {flag}, {method}"] = (float(low), float(high))
            low, high = credit.loc[flag, "part_low"], credit.loc[flag, "part_high"]
            intervals[f"part of {flag}, {method}"] = (float(low), float(high))
    credit = jl.attribution(effects, touches.columns, draws=0).frame.set_index("touchpoint")
    rules = jl.touch_rules(touches, cause="purchase").frame.set_index("touchpoint")
    for flag in (*FLAGS, "ad_view"):
        found[f"hazard {flag}"] = float(credit.loc[flag, "credit"])
        for rule in ("first_touch", "last_touch", "linear", "markov"):
            found[f"{rule} {flag}"] = float(rules.loc[flag, rule])
    placebo = jl.placebo(touches, ADJUST, cause="purchase")
    return {
        **found,
        "later": placebo.p_value("later"),
        "before purchase": placebo.p_value("before"),
    }


def _leads(log: jl.EventLog) -> dict[str, object]:
    """Touches to come before the first product view: they go on after it and do nothing to it."""
    causes = {"product_view": "product_view", "left": ["purchase", "lost", "opted_out"]}
    spells = jl.exits(log, causes=causes)
    touches = jl.touches(spells, log, "event", ["awareness", "email"])
    placebo = jl.placebo(touches, cause="product_view")  # nothing acts on the first view
    return {"before": placebo.p_value("before"), "later product view": placebo.p_value("later")}


def truths(made: SimulatedJourney) -> dict[str, float]:
    """What is true of every interval that is made."""
    truth = made.truth
    known = {
        f"{mark}={level}": truth.log_hazard_ratio("purchase", f"{mark}={level}")
        for mark in ("channel", "content")
        for level in LEVELS[mark][1:]
    }
    known |= {flag: truth.log_hazard_ratio("purchase", flag) for flag in FLAGS}
    shares = touch_credit(truth, FLAGS)
    for method in ("influence functions", "bootstrap"):
        for k, flag in enumerate(FLAGS):
            known[f"credit of {flag}, {method}"] = float(shares[k])
            known[f"part of {flag}, {method}"] = float(shares[len(FLAGS) + k])
        known[f"credit of ad_view, {method}"] = known[f"part of ad_view, {method}"] = 0.0
    return known


def meaning(term: str) -> str:
    """The simulation's name of a model term."""
    for mark, column in COLUMNS.items():
        if term.startswith(f"C({column}"):
            return f"{mark}={term.rsplit('[', 1)[1].removeprefix('T.').rstrip(']')}"
    return term


def study(seeds: int = SEEDS, workers: int = 1) -> pd.DataFrame:
    """One row a seed; where a promise is not kept, as many new seeds join the judgement.

    Of so many shares a few lie outside their band by chance alone: chance is halved by the
    new seeds, a fault is not.
    """
    with ProcessPoolExecutor(workers) as pool:
        first = pd.DataFrame(pool.map(replicate, range(FIRST, FIRST + seeds)))
        if not failures(first):
            return first
        more = pd.DataFrame(pool.map(replicate, range(FIRST + seeds, FIRST + 2 * seeds)))
    return pd.concat([first, more], ignore_index=True)


def coverage(found: pd.DataFrame) -> dict[str, float]:
    """Share of the intervals that hold what is true, by what is estimated."""
    known: Mapping[str, float] = found["truths"].iloc[0]
    inside: dict[str, float] = {}
    for name, value in known.items():
        ends = np.array([intervals[name] for intervals in found["intervals"]])
        inside[name] = float(((ends[:, 0] <= value) & (value <= ends[:, 1])).mean())
    return inside


def rejected(found: pd.DataFrame, test: str) -> tuple[float, int]:
    """Share of p values below 5%, and of how many there were."""
    p = found[test].dropna().to_numpy(dtype=float)
    return (float((p < 0.05).mean()) if len(p) else float("nan")), len(p)


def failures(found: pd.DataFrame) -> list[str]:
    """What does not keep its promise."""
    wrong = [
        f"{name} covers {share:.3f}"
        for name, share in coverage(found).items()
        if not BAND[0] <= share <= BAND[1]
    ]
    wrong += [
        f"placebo, {test}: rejects {rejected(found, test)[0]:.3f}"
        for test in ("later", "before", "later product view")
        if rejected(found, test)[0] > MOST
    ]
    return wrong


def section(seeds: int = SEEDS, workers: int = 1) -> tuple[str, list[str]]:
    """The section of the page, and what does not keep its promise."""
    found = study(seeds, workers)
    known: Mapping[str, float] = found["truths"].iloc[0]
    lines = [
        "## Touchpoints: credit by the hazard",
        "",
        f"{len(found)} simulated journeys of {CUSTOMERS:,} first contacts ({seeds}, and as many "
        "again where a promise was not kept). Intervals of 95% should hold what is true in "
        f"{100 * BAND[0]:.0f} to {100 * BAND[1]:.0f}% of them.",
        "",
        "| estimate | truth | intervals that hold it, % |",
        "| --- | --: | --: |",
    ]
    for name, share in coverage(found).items():
        flag = "" if BAND[0] <= share <= BAND[1] else " **NO**"
        lines.append(f"| {name} | {known[name]:.3f} | {100 * share:.1f}{flag} |")
    lines += [
        "",
        "Placebo tests at 5%: touches moved away from their own time earn nothing here, so that "
        f"each may reject in at most {100 * MOST:.0f}%.",
        "",
        "| test | journeys tested | rejected, % |",
        "| --- | --: | --: |",
    ]
    for test, label in (
        ("later", "moved after its time, purchase"),
        ("later product view", "moved after its time, first product view"),
        ("before", "still to come, first product view"),
    ):
        share, n = rejected(found, test)
        lines.append(f"| {label} | {n} | {100 * share:.1f}{'' if share <= MOST else ' **NO**'} |")
    untested = int(found["before purchase"].isna().sum())
    lines += [
        "",
        "No touch follows a purchase in these journeys, so that touches to come before it cannot "
        f"be tested; the test said so in {untested} of {len(found)}.",
        "",
        "What rules hand out beside the truth, mean share of the purchases in %. An ad seen on the "
        "way does nothing here; it is merely frequent.",
        "",
        "| touchpoint | truth | by the hazard | last touch | first touch | linear | Markov |",
        "| --- | --: | --: | --: | --: | --: | --: |",
    ]
    for flag in (*FLAGS, "ad_view"):
        true = known[f"credit of {flag}, bootstrap"]
        shares = [
            float(found[f"{rule} {flag}"].mean())
            for rule in ("hazard", "last_touch", "first_touch", "linear", "markov")
        ]
        cells = " | ".join(f"{100 * x:.1f}" for x in (true, *shares))
        lines.append(f"| {flag} | {cells} |")
    return "\n".join(lines) + "\n", failures(found)


def main(arguments: list[str] | None = None) -> int:
    """Print the section; 0 when every promise is kept."""
    parser = argparse.ArgumentParser(prog="python -m validation.touchpoints", description=__doc__)
    parser.add_argument("--seeds", type=int, default=SEEDS, help=f"journeys ({SEEDS})")
    parser.add_argument("--workers", type=int, default=1, help="processes (1)")
    asked = parser.parse_args(arguments)
    warnings.simplefilter("ignore", RuntimeWarning)
    text, wrong = section(asked.seeds, asked.workers)
    print(text)
    print(*wrong, sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
