"""Coverage: how often a nominal 95% interval contains the truth, over simulated studies.

A replication counts where at least 20 are at risk and the estimator gives an interval. An
interval with one undefined limit is open on that side; with both undefined it misses.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

from validation.studies import studies
from validation.study import Study, Truth

LEAST = 20
SEED = 20240517


@dataclass(frozen=True)
class Coverage:
    """Share of the replications in which an interval contains the truth."""

    study: str
    note: str
    truth: Truth
    replications: int
    share: float
    peer: float | None = None  # of R's own interval on the same replications

    @property
    def band(self) -> tuple[float, float]:
        """Where the share should lie: 93.5 to 96.5%, wider for fewer replications."""
        return band(self.replications)

    @property
    def passed(self) -> bool:
        """Whether it lies there."""
        low, high = self.band
        return low <= self.share <= high

    @property
    def excused(self) -> bool:
        """Whether R's own interval misses the band as well."""
        low, high = self.band
        return self.peer is not None and not low <= self.peer <= high


def band(replications: int) -> tuple[float, float]:
    """The nominal share, plus and minus what chance allows in so many replications.

    Examples
    --------
    >>> band(2000), band(500)
    ((0.935, 0.965), (0.925, 0.972))
    """
    if replications >= 1500:
        return 0.935, 0.965
    if replications >= 400:
        return 0.925, 0.972
    reach = 3.5 * float(np.sqrt(0.95 * 0.05 / max(replications, 1)))
    return 0.95 - reach, min(0.95 + reach, 1.0)


def generator(study: str, replication: int) -> np.random.Generator:
    """The same numbers for the same replication, whoever asks."""
    return np.random.default_rng([SEED, zlib.crc32(study.encode()), replication])


@cache
def by_name() -> dict[str, Study]:
    """Every study by its name."""
    return {s.name: s for s in studies()}


def enough(study: Study, frame: pd.DataFrame) -> np.ndarray:
    """Whether each truth is asked where at least 20 are at risk, in every group."""
    stop = frame["stop" if "stop" in frame else "time"].to_numpy()
    start = frame["start"].to_numpy() if "start" in frame else np.zeros(len(frame))
    group = np.zeros(len(frame)) if study.group is None else pd.factorize(frame[study.group])[0]

    def fewest(day: float) -> int:
        here = (start < day) & (stop >= day)
        return int(np.bincount(group[here].astype(int), minlength=int(group.max()) + 1).min())

    days = {t.day for t in study.truths if t.day is not None}
    known = {day: fewest(day) >= LEAST for day in days}
    return np.array([t.day is None or known[t.day] for t in study.truths])


def contains(low: np.ndarray, high: np.ndarray, truth: float | np.ndarray) -> np.ndarray:
    """Whether intervals contain the truth.

    Examples
    --------
    >>> low, high = np.array([0.1, 0.6, 0.4, np.nan]), np.array([0.5, 0.9, np.nan, np.nan])
    >>> contains(low, high, 0.5).tolist()
    [True, False, True, False]
    """
    defined = ~(np.isnan(low) & np.isnan(high))
    above = np.where(np.isnan(low), True, low <= truth)
    below = np.where(np.isnan(high), True, high >= truth)
    return defined & above & below


def replicate(name: str, numbers: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Which truths are asked, and which are contained: two arrays (replications, truths)."""
    study = by_name()[name]
    values = np.array([t.value for t in study.truths])
    asked = np.empty((len(numbers), len(values)), dtype=bool)
    hit = np.empty_like(asked)
    for i, number in enumerate(numbers):
        frame = study.draw(generator(name, number))
        found = study.limits(frame)
        given = np.array([t.key in found for t in study.truths])
        limits = np.array([found.get(t.key, (np.nan, np.nan)) for t in study.truths], dtype=float)
        asked[i] = enough(study, frame) & given
        hit[i] = contains(limits[:, 0], limits[:, 1], values)
    return asked, hit


def run(names: Iterable[str], replications: int, workers: int = 1) -> list[Coverage]:
    """Coverage of every interval of these studies.

    Of so many intervals some lie outside by chance alone. Where R has the same ones it is
    asked about the same samples; where it has none, as many new samples join the judgement.
    """
    found = []
    with ProcessPoolExecutor(workers) as pool:
        for name in names:
            study = by_name()[name]
            count = min(replications, study.most)
            several = _replicated(pool, name, range(count), workers)
            told = summary(study, *several)
            if not study.in_r and not all(one.passed for one in told):
                more = _replicated(pool, name, range(count, 2 * count), workers)
                told = summary(study, *map(np.concatenate, zip(several, more)))
            found += told
    return found


def _replicated(
    pool: ProcessPoolExecutor, name: str, numbers: range, workers: int
) -> tuple[np.ndarray, np.ndarray]:
    """Replications of a study, shared among the processes."""
    parts = np.array_split(np.array(numbers), max(workers * 4, 1))
    jobs = [pool.submit(replicate, name, p.tolist()) for p in parts if len(p)]
    asked, hit = zip(*(job.result() for job in jobs))
    return np.concatenate(asked), np.concatenate(hit)


def summary(study: Study, asked: np.ndarray, hit: np.ndarray) -> list[Coverage]:
    """Shares of the replications that count."""
    rows = []
    for k, truth in enumerate(study.truths):
        n = int(asked[:, k].sum())
        share = float(hit[asked[:, k], k].mean()) if n else float("nan")
        rows.append(Coverage(study.name, study.note, truth, n, share))
    return rows
