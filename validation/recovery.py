"""Whether each effect that is put into a simulated journey is found again.

Bias is judged in Monte-Carlo standard errors over seeded journeys. Of so many values some
lie beyond 2 by chance alone: such a value is asked again of as many new journeys, where
what was chance is gone and a bias is not. The shortcuts are held to the same truth, and
should miss it.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from validation.journeys import SCENARIOS, SPREAD, Found, Scenario, Values

SEED = 7
REACH, PLAIN = 2.0, 4.0  # standard errors: of chance; of a bias that nobody can overlook


@dataclass(frozen=True)
class Recovered:
    """One value over many journeys."""

    scenario: str
    what: str
    shortcut: bool
    truth: float
    mean: float
    error: float
    journeys: int
    again: float | None = None  # bias over new journeys, in their standard errors

    @property
    def z(self) -> float:
        """Bias in Monte-Carlo standard errors."""
        return (self.mean - self.truth) / self.error

    @property
    def passed(self) -> bool:
        """Whether an estimate is unbiased; whether a shortcut shows its bias."""
        if self.shortcut:
            return abs(self.z) > PLAIN
        if abs(self.z) <= REACH:
            return True
        # a bias stays, and on its side
        return self.again is not None and bool(self.again * np.sign(self.z) <= REACH)


def seed_of(scenario: str, number: int) -> int:
    """The same journey for the same number, whoever asks."""
    return int(np.random.default_rng([SEED, zlib.crc32(scenario.encode()), number]).integers(2**31))


def one(name: str, number: int) -> Found:
    """Estimates of one journey."""
    return by_name()[name].run(seed_of(name, number))


def by_name() -> dict[str, Scenario]:
    """Every scenario by its name."""
    return {s.name: s for s in SCENARIOS}


def run(names: Iterable[str], journeys: int, workers: int = 1) -> list[Recovered]:
    """Every value of these scenarios; what lies beyond chance is asked again."""
    found: list[Recovered] = []
    with ProcessPoolExecutor(workers) as pool:
        for name in names:
            first = _values(pool, name, range(journeys))
            if any(not r.passed for r in first if not r.shortcut):
                second = {r.what: r for r in _values(pool, name, range(journeys, 2 * journeys))}
                first = [
                    r if r.passed or r.shortcut else replace(r, again=second[r.what].z)
                    for r in first
                ]
            found += first
    return found


def _values(pool: ProcessPoolExecutor, name: str, numbers: Iterable[int]) -> list[Recovered]:
    several = list(pool.map(one, *zip(*((name, k) for k in numbers), strict=True)))
    right = _summed(name, [f.right for f in several], False)
    return right + _summed(name, [f.naive for f in several], True, right)


def _summed(
    name: str, rows: list[Values], shortcut: bool, right: Iterable[Recovered] = ()
) -> list[Recovered]:
    found = []
    spread = {r.what: r.truth for r in right}
    for what in dict.fromkeys(k for row in rows for k in row):
        given = np.array([row[what][0] for row in rows if what in row], dtype=float)
        truth = next(row[what][1] for row in rows if what in row)
        error = float(given.std(ddof=1) / np.sqrt(len(given)))
        if what.startswith(SPREAD):  # held against the spread of the estimates themselves
            if shortcut:
                truth = spread[SPREAD]
            else:
                effect = [v[0] for row in rows for k, v in row.items() if k.endswith("by account")]
                truth = float(np.std(effect, ddof=1))
            error = float(np.hypot(error, truth / np.sqrt(2 * (len(given) - 1))))
        mean = float(given.mean())
        found.append(Recovered(name, what, shortcut, truth, mean, error, len(given)))
    return found
