"""The book of what was compared: every number of R's results is compared, or left out for a reason.

A comparison marks the numbers that it used. Whatever is left at the end must match a
written reason, or the validation fails: a new entry cannot pass unseen.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

import numpy as np

# what R was asked with, or words about it: not results
INPUTS = frozenset(
    {
        *("meta", "data", "definitions", "model", "tau", "time", "times", "states", "terms"),
        *("ties", "note", "options", "filter", "quantile_p", "newdata", "pairs", "from", "to"),
        *("strata", "cause", "mgus2_definitions", "monotone_likelihood_note", "converged"),
    }
)
SMALL = 1e-9  # a number of R's smaller than this is compared absolutely, as zero is


@dataclass(frozen=True)
class Comparison:
    """One estimator on one entry: how many values, and how far the furthest is."""

    estimator: str
    data: str
    entry: str
    values: int
    deviation: float
    tolerance: float

    @property
    def passed(self) -> bool:
        """Whether every value is within the tolerance."""
        return self.deviation <= self.tolerance


@dataclass
class Ledger:
    """R's numbers, and what has become of each.

    Parameters
    ----------
    gold
        File -> R's results as read from JSON.
    """

    gold: dict[str, Any]
    done: list[Comparison] = field(default_factory=list)
    used: dict[str, int] = field(default_factory=dict)
    spared: list[tuple[str, int, str]] = field(default_factory=list)

    def get(self, path: str) -> Any:
        """Whatever stands at ``file/key/key``."""
        found: Any = self.gold
        for key in path.split("/"):
            found = found[key]
        return found

    def compare(
        self,
        estimator: str,
        path: str,
        ours: Any,
        tolerance: float,
        *,
        pick: Any = None,
        spare: tuple[Any, str] | None = None,
        absolute: bool = False,
    ) -> None:
        """Compare our values with those at ``path``, and mark them as used.

        Parameters
        ----------
        estimator
            Row of the table that the values belong to.
        path
            ``file/key/key`` of a number or of a list of numbers.
        ours
            The same numbers of ours; null in R is NaN here.
        tolerance
            Largest relative deviation allowed.
        pick
            Index of the values meant, where a list holds several things.
        spare
            Which of the values are not comparable, as booleans, and why.
        absolute
            Measure ``|ours - R|`` itself (numbers that R stored rounded).
        """
        theirs = np.array(self.get(path), dtype=float)
        theirs = np.atleast_1d(theirs if pick is None else theirs[pick])
        mine = np.asarray(ours, dtype=float).reshape(theirs.shape)
        self.used[path] = self.used.get(path, 0) + theirs.size
        if self.used[path] > np.size(self.get(path)):
            raise ValueError(f"{path} is compared twice")
        keep = np.ones(theirs.shape, dtype=bool)
        if spare is not None:
            keep = ~np.broadcast_to(np.asarray(spare[0], dtype=bool), theirs.shape)
            if not keep.all():
                self.spared.append((path, int((~keep).sum()), spare[1]))
        deviation = furthest(mine[keep], theirs[keep], absolute)
        data, _, entry = path.partition("/")
        count = int(keep.sum())
        self.done.append(Comparison(estimator, data, entry, count, deviation, tolerance))

    def leaves(self) -> Iterator[tuple[str, int]]:
        """Path and count of every number that is a result of R's."""
        for file, found in self.gold.items():
            yield from _leaves(found, file)

    def left(self) -> list[tuple[str, int]]:
        """Path and count of the numbers that no comparison has used."""
        rest = ((path, n - self.used.get(path, 0)) for path, n in self.leaves())
        return [(path, n) for path, n in rest if n > 0]

    def explained(self, reasons: dict[str, str]) -> tuple[dict[str, tuple[str, int]], list[str]]:
        """What is left by pattern, with its reason and count; and what no pattern covers."""
        found: dict[str, tuple[str, int]] = {}
        unexplained = []
        for path, n in self.left():
            pattern = next((p for p in reasons if fnmatchcase(path, p)), None)
            if pattern is None:
                unexplained.append(path)
            else:
                found[pattern] = (reasons[pattern], found.get(pattern, ("", 0))[1] + n)
        return found, unexplained


def furthest(ours: np.ndarray, theirs: np.ndarray, absolute: bool = False) -> float:
    """Largest deviation, relative to R's value; infinite where only one of them is undefined.

    Examples
    --------
    >>> furthest(np.array([1.0, np.nan]), np.array([1.1, np.nan])).__round__(3)
    0.091
    """
    undefined = np.isnan(theirs)
    if (np.isnan(ours) != undefined).any():
        return float("inf")
    gap = np.abs(ours - theirs)[~undefined]
    size = np.abs(theirs)[~undefined]
    scale = np.where(absolute | (size < SMALL), 1.0, size)
    return float((gap / scale).max(initial=0.0))


def _leaves(found: Any, path: str) -> Iterator[tuple[str, int]]:
    if isinstance(found, dict):
        for key, value in found.items():
            if key not in INPUTS or (key == "time" and isinstance(value, dict)):
                yield from _leaves(value, f"{path}/{key}")
        return
    values = np.ravel(np.array(found, dtype=object))
    numbers = sum(not isinstance(v, str | bool) for v in values)
    if numbers:
        yield path, numbers
