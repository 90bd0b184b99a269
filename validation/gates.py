"""Promises about decisions: when a number is withheld, how often nothing is taken for something.

Each is asked of seeded simulations in which the right decision is known.
"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
import pandas as pd

from journeylib.estimate.lookplan import plan_looks
from validation import looks, plateaus

SHORT, LONG, FALSE, NAIVE = 0.95, 0.80, 0.06, 0.10
SPENDINGS = ("obrien-fleming", "pocock")
POWER, RATIO = 0.8, 1.5


@dataclass(frozen=True)
class Promise:
    """A share over simulations, and the bounds it has to keep."""

    what: str
    setting: str
    runs: int
    share: float
    least: float
    most: float

    @property
    def passed(self) -> bool:
        """Whether it lies within them."""
        return self.least <= self.share <= self.most


def run(runs: int, workers: int = 1) -> list[Promise]:
    """All promises; ``runs`` of each experiment, and a tenth of them for each plateau."""
    with ProcessPoolExecutor(workers) as pool:
        return [*_cure(pool, max(runs // 10, 10)), *_experiments(pool, runs)]


# --- who never will: withheld before the plateau, told after it -------------------------------


def _cure(pool: ProcessPoolExecutor, runs: int) -> list[Promise]:
    found = []
    for plan, (cured, left, _) in plateaus.PLANS.items():
        if left == 0.2:  # shown by the script of the tests, promised by nobody
            continue
        said = list(pool.map(_says, [(runs, k, shape, plan) for k, shape in _numbered()]))
        for (_, shape), share in zip(_numbered(), said, strict=True):
            if cured:
                promise = ("a cured share is told", LONG, 1.0, share)
            else:
                promise = ("a cured share is withheld", SHORT, 1.0, 1 - share)
            what, least, most, value = promise
            found.append(Promise(what, f"{plan}; {shape}", runs, value, least, most))
    return found


def _numbered() -> list[tuple[int, str]]:
    return list(enumerate(plateaus.SHAPES))


def _says(asked: tuple[int, int, str, str]) -> float:
    runs, number, shape, plan = asked
    return plateaus.opened(runs, 99 + number, shape, plan)


# --- experiments: false alarms, and the power that was planned --------------------------------


def _experiments(pool: ProcessPoolExecutor, runs: int) -> list[Promise]:
    found = []
    parts = [runs // 10] * 10
    for spending in SPENDINGS:
        rates = pd.DataFrame(
            pool.map(_alarms, [(n, 20_240 + k, spending) for k, n in enumerate(parts)])
        ).mean()
        setting = f"no effect, five looks, {spending}"
        promise = Promise("false alarms of the test", setting, runs, rates["sequential"], 0, FALSE)
        found.append(promise)
    rate = float(rates["peeking"])
    found.append(
        Promise("false alarms of five looks at p < 0.05", "no effect", runs, rate, NAIVE, 1.0)
    )
    plan = plan_looks(RATIO, power=POWER)
    seen = pool.map(_seen, [(n, 30_240 + k, plan.planned_events) for k, n in enumerate(parts)])
    slack = 3 * float(np.sqrt(POWER * (1 - POWER) / runs)) + 0.01
    found.append(
        Promise(
            "a planned effect is found",
            f"hazard ratio {RATIO}, {plan.planned_events} events planned for power {POWER}",
            runs,
            float(np.mean(list(seen))),
            POWER - slack,
            POWER + slack,
        )
    )
    return found


def _alarms(asked: tuple[int, int, str]) -> dict[str, float]:
    runs, seed, spending = asked
    return looks.false_alarms(runs, seed, spending=spending)


def _seen(asked: tuple[int, int, int]) -> float:
    runs, seed, planned = asked
    return looks.found(runs, seed, planned, RATIO)
