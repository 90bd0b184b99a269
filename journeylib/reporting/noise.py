"""How much of a change between two runs chance alone makes.

The difference of two estimates has the variance

* ``se1**2 + se2**2`` where the customers are disjoint, because then the estimates are
  independent;
* ``abs(se1**2 - se2**2)`` where one run contains the other. The larger run knows all
  that the smaller one knew, so what it adds is independent of what it had: the
  covariance of the two estimates is the variance of the later one. This is the
  independent-increments property of efficient estimators; it holds for the
  Kaplan-Meier curve, the means and quantiles read from it, and for Cox's ratios as
  follow-up grows [1]_, [2]_, and for the difference of any efficient estimate and one
  from a part of the same data [3]_.
  Both errors are themselves estimates, and where little is new their difference is
  mostly chance. So it is never taken for less than the new events can have brought,
  ``v * (1/d1 - 1/d2)`` with d events in each run and v the mean of ``d * se**2``, as
  information grows with events [1]_. Where an error is only read off an interval (a
  median's), ten new events are asked for;
* ``se1**2 + se2**2`` again where they share some customers and not others. Two
  estimates with customers in common err in the same direction, so that the sum is
  too large rather than too small: a change may be missed, noise is not called a change.

References
----------
.. [1] Tsiatis, A. A. (1981), The asymptotic joint distribution of the efficient scores
   test for the proportional hazards model calculated over time, Biometrika 68, 311-315.
.. [2] Jennison, C. and Turnbull, B. W. (1997), Group-sequential analysis incorporating
   covariate information, JASA 92, 1330-1341.
.. [3] Hausman, J. A. (1978), Specification tests in econometrics, Econometrica 46,
   1251-1271.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from journeylib.reporting.relations import Relation

FEWEST = 10  # new events in the larger run, for an error that is read off an interval
Z95 = 1.959963984540054  # findings carry 95% intervals


def std_err_of(finding: Mapping[str, Any]) -> float | None:
    """Standard error of a finding on its own scale.

    Parameters
    ----------
    finding
        As in a run record. Where it has no ``std_err``, the width of its interval on that
        scale over 2 x 1.96 stands for it.

    Returns
    -------
    float or None
        None where neither is known, or where it is 0: an estimate from no event at all has
        no error that could be judged by.

    Examples
    --------
    >>> std_err_of({"value": 30.0, "std_err": 1.5})
    1.5
    >>> round(std_err_of({"value": 2.0, "low": 1.0, "high": 4.0, "scale": "log"}), 4)
    0.3537
    >>> std_err_of({"value": 310.0, "low": 250.0, "high": None}) is None
    True
    """
    given = _number(finding.get("std_err"))
    if given is not None:
        return given if given > 0 else None
    low, high = (on_scale(finding, key) for key in ("low", "high"))
    if low is None or high is None or high <= low:
        return None
    return (high - low) / (2 * Z95)


def on_scale(finding: Mapping[str, Any], key: str = "value") -> float | None:
    """A number of a finding on the scale on which it is compared; None where there is none."""
    x = _number(finding.get(key))
    if x is None or finding.get("scale") != "log":
        return x
    return math.log(x) if x > 0 else None


def how_related(old: Mapping[str, Any], new: Mapping[str, Any], related: Relation) -> str:
    """Containment is believed only where the larger run has counted no fewer."""
    if related.kind != "contains":
        return related.kind
    small, large = (old, new) if related.larger == "new" else (new, old)
    counts = [(_number(small.get(key)), _number(large.get(key))) for key in ("n", "events")]
    fewer = any(a is not None and b is not None and b < a for a, b in counts)
    return "overlap" if fewer else "contains"


def variance_within(
    old: Mapping[str, Any], new: Mapping[str, Any], before: float, after: float
) -> float:
    """Variance of the difference of two estimates with these errors, one run within the other."""
    apart = abs(before**2 - after**2)
    events = [_number(f.get("events")) for f in (old, new)]
    if not events[0] or not events[1]:
        return apart
    one = (events[0] * before**2 + events[1] * after**2) / 2  # the variance that one event leaves
    return max(apart, one * abs(1 / events[0] - 1 / events[1]))


def too_few_are_new(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether the difference of two errors read off intervals would be mostly chance."""
    if all(_number(f.get("std_err")) is not None for f in (old, new)):
        return False
    before, after = (_number(f.get("events")) for f in (old, new))
    return before is not None and after is not None and abs(after - before) < FEWEST


def benjamini_hochberg(ps: Sequence[float | None]) -> list[float | None]:
    """Adjusted p-values, as R's ``p.adjust(p, "BH")``; None stays None and does not count.

    Examples
    --------
    >>> [q and round(q, 4) for q in benjamini_hochberg([0.01, None, 0.04, 0.03, 0.5])]
    [0.04, None, 0.0533, 0.0533, 0.5]
    """
    known = sorted((p, place) for place, p in enumerate(ps) if p is not None)
    found: list[float | None] = [None] * len(ps)
    least = 1.0
    for rank in range(len(known), 0, -1):
        p, place = known[rank - 1]
        least = min(least, p * len(known) / rank)
        found[place] = least
    return found


def _number(x: Any) -> float | None:
    if isinstance(x, bool) or not isinstance(x, int | float) or not math.isfinite(x):
        return None
    return float(x)
