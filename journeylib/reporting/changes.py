"""What moved between two runs of a report, and whether chance alone moves as much.

Findings are compared on their own scale: as they are, or by their logarithm for
ratios. How much of a difference chance alone makes is for ``noise`` to say.

Several changes that are looked at together are adjusted by Benjamini and Hochberg's
step-up rule [1]_: of those called beyond noise, at most the level (5%) is expected to
be noise; where nothing changed at all, nothing is called so in 95 of 100 cases.

References
----------
.. [1] Benjamini, Y. and Hochberg, Y. (1995), Controlling the false discovery rate, JRSS B
   57, 289-300.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from journeylib.numbers import bounds_only, estimate
from journeylib.reporting.noise import (
    FEWEST,
    Z95,
    benjamini_hochberg,
    how_related,
    on_scale,
    std_err_of,
    too_few_are_new,
    variance_within,
)
from journeylib.reporting.records import RunRecord
from journeylib.reporting.relations import Relation, relation

LEVEL = 0.05
WORDS = {
    "moved": "beyond noise",
    "noise": "within noise",
    "unchanged": "no change",
    "recomputed": "computed differently",
    "counted": "counted, not estimated",
    "unjudged": "cannot be judged",
    "new": "new",
    "gone": "no longer reported",
}


@dataclass(frozen=True)
class Change:
    """A finding in two runs; made by :func:`judge` and :func:`compare`.

    Parameters
    ----------
    old, new
        The two findings as in a run record; None where a run does not have it.
    difference, std_err
        New minus old on the finding's scale (the log of their ratio for ratios), and its
        standard error; None where unknown.
    z, p, adjusted
        Difference over standard error, its two-sided p-value, and that after
        :func:`adjust`; None where the change cannot be judged.
    relation
        How the customers of the two runs relate: ``same``, ``contains``, ``disjoint``,
        ``overlap`` or ``unknown``.
    why
        Why it cannot be judged; empty where it can.
    """

    old: Mapping[str, Any] | None
    new: Mapping[str, Any] | None
    difference: float | None = None
    std_err: float | None = None
    z: float | None = None
    p: float | None = None
    adjusted: float | None = None
    relation: str = "unknown"
    why: str = ""

    @property
    def finding(self) -> Mapping[str, Any]:
        """The finding as the newer run has it, else as the older one had it."""
        return self.new or self.old or {}

    @property
    def name(self) -> str:
        """What was found."""
        return str(self.finding.get("name", ""))

    @property
    def group(self) -> str:
        """The group it is about; empty where there is one."""
        return str(self.finding.get("group") or "")

    @property
    def ratio(self) -> bool:
        """Whether it is compared by its logarithm."""
        return self.finding.get("scale") == "log"

    @property
    def verdict(self) -> str:
        """A key of ``WORDS``, by the adjusted p-value where there is one."""
        if self.old is None or self.new is None:
            return "gone" if self.new is None else "new"
        if self.difference == 0.0:
            return "unchanged"
        p = self.p if self.adjusted is None else self.adjusted
        if p is not None:
            return "moved" if p <= LEVEL else "noise"
        if self.difference is None:
            return "unjudged"
        if self.relation == "same":
            return "recomputed"
        return "counted" if _is_count(self.old) and _is_count(self.new) else "unjudged"

    @property
    def words(self) -> str:
        """The verdict for a reader, such as "within noise"."""
        return WORDS[self.verdict]

    @property
    def direction(self) -> str:
        """``up``, ``down`` or empty."""
        if not self.difference:
            return ""
        return "up" if self.difference > 0 else "down"

    @property
    def good(self) -> bool | None:
        """Whether the direction is the better one; None where neither is."""
        better = self.finding.get("better")
        if better not in ("higher", "lower") or not self.direction:
            return None
        return (better == "higher") == (self.direction == "up")

    @property
    def shown(self) -> str:
        """How much it moved, for a reader: "+1.2 points", "−3 days", "× 1.12"; or empty.

        Examples
        --------
        >>> old, new = ({"value": x, "std_err": 0.6, "unit": "%"} for x in (37.45, 36.2))
        >>> judge(old, new, Relation("disjoint")).shown
        '−1.2 points'
        >>> old, new = ({"value": x, "scale": "log"} for x in (1.5, 1.8))
        >>> judge(old, new, Relation("disjoint")).shown
        '× 1.2'
        """
        if self.difference is None:
            return ""
        low, high = self.interval or (None, None)
        if self.ratio:
            ends = (math.exp(x) if x is not None and x < 700 else None for x in (low, high))
            return f"× {estimate(math.exp(min(self.difference, 700)), *ends, ratio=True)[0]}"
        text = estimate(self.difference, low, high)[0].lstrip("-−")
        unit = str(self.finding.get("unit") or "")
        unit = "points" if unit == "%" else unit
        sign = "" if not text.strip("0.") else "+" if self.difference > 0 else "−"
        return f"{sign}{text} {unit}".rstrip()

    @property
    def interval(self) -> tuple[float, float] | None:
        """95% interval of the difference on the finding's scale, for this change alone."""
        if self.difference is None or self.std_err is None:
            return None
        reach = Z95 * self.std_err
        return self.difference - reach, self.difference + reach


def judge(old: Mapping[str, Any], new: Mapping[str, Any], related: Relation) -> Change:
    """Compare a finding in two runs.

    Parameters
    ----------
    old, new
        Findings as in a run record.
    related
        How the customers of the two runs relate, from :func:`relation`.

    Examples
    --------
    >>> old = {"name": "bought", "value": 30.0, "std_err": 1.5, "n": 900}
    >>> new = {"name": "bought", "value": 32.0, "std_err": 0.9, "n": 2500}
    >>> inside = judge(old, new, Relation("contains", larger="new"))
    >>> apart = judge(old, new, Relation("disjoint"))
    >>> [(round(c.std_err, 2), round(c.p, 3), c.words) for c in (inside, apart)]
    [(1.2, 0.096, 'within noise'), (1.75, 0.253, 'within noise')]
    """
    a, b = on_scale(old), on_scale(new)
    if a is None or b is None:
        missing = "either run" if a is b else "the earlier run" if a is None else "the later run"
        bounds = any(bounds_only(*map(f.get, ("value", "low", "high"))) for f in (old, new))
        why = f"{'no point is given' if bounds else 'it is not reached'} in {missing}"
        return Change(old, new, relation=related.kind, why=why)
    difference = b - a
    if abs(difference) <= 1e-9 * max(abs(a), abs(b)):
        difference = 0.0
    plain = Change(old, new, difference, relation=related.kind)
    if related.kind in ("same", "unknown"):
        return replace(plain, why=related.why)
    errors = std_err_of(old), std_err_of(new)
    if errors[0] is None or errors[1] is None:
        return replace(plain, why="no standard error is known for it")
    kind = how_related(old, new, related)
    if kind == "contains":
        if too_few_are_new(old, new):
            return replace(plain, why=f"fewer than {FEWEST} events are new")
        variance = variance_within(old, new, errors[0], errors[1])
    else:
        variance = errors[0] ** 2 + errors[1] ** 2
    if variance <= 0:
        return replace(plain, why="the two runs know it equally well")
    error = math.sqrt(variance)
    z = difference / error
    p = math.erfc(abs(z) / math.sqrt(2))
    return Change(old, new, difference, error, z, p, relation=kind)


def compare(old: RunRecord, new: RunRecord) -> tuple[Change, ...]:
    """Every finding of two runs: in the newer one's order, then those that are gone.

    Findings are the same when name, group, unit and scale are. The p-values are not yet
    adjusted; see :func:`adjust`.
    """
    related = relation(old, new)
    before = dict(_keyed(old.findings))
    after = dict(_keyed(new.findings))
    changes = [
        judge(before[key], finding, related) if key in before else Change(None, finding)
        for key, finding in after.items()
    ]
    gone = [Change(finding, None) for key, finding in before.items() if key not in after]
    return (*changes, *gone)


def adjust(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Changes with p-values adjusted over all of them together, in the same order."""
    several = tuple(changes)
    return tuple(
        replace(c, adjusted=q)
        for c, q in zip(several, benjamini_hochberg([c.p for c in several]), strict=True)
    )


def previous(record: RunRecord, earlier: Iterable[RunRecord]) -> RunRecord | None:
    """The run that a run is compared with.

    Parameters
    ----------
    record
        A good run.
    earlier
        Runs of the same report, the latest first; those that are not older than ``record``
        or not ok are passed over.

    Returns
    -------
    RunRecord or None
        The latest that read other data or found other numbers: a report that was merely
        made once more on the data it had does not hide what changed before. None where
        there is none.
    """
    for other in earlier:
        if other.ok and other.run_id < record.run_id:
            told_the_same = tuple(other.findings) == tuple(record.findings)
            if not (told_the_same and relation(other, record).kind == "same"):
                return other
    return None


def _keyed(
    findings: Iterable[Mapping[str, Any]],
) -> Iterable[tuple[tuple[Any, ...], Mapping[str, Any]]]:
    """Findings by what tells them apart; those that nothing does, by their order."""
    seen: Counter[tuple[Any, ...]] = Counter()
    for f in findings:
        key = (f.get("name"), f.get("group"), f.get("unit") or "", f.get("scale") or "identity")
        seen[key] += 1
        yield (*key, seen[key]), f


def _is_count(finding: Mapping[str, Any]) -> bool:
    """Whether it is a count of what is there and no estimate."""
    return all(finding.get(key) is None for key in ("low", "high", "std_err"))
