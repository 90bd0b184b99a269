"""How many events an answer needs, and how small an effect the events at hand can show.

What counts in the comparison of two hazards is the number of events, not of
customers (Schoenfeld 1981, Biometrika 68; 1983, Biometrics 39): the log hazard ratio
of two groups with shares p and 1 - p has variance 1 / (d p (1 - p)) after d events.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import ClassVar

import numpy as np
import pandas as pd
from scipy.stats import norm

from journeylib.errors import DataError, nearest
from journeylib.estimate.about import about
from journeylib.estimate.risktable import risk_table
from journeylib.results import Result
from journeylib.spells.core import Spells


def events_needed(
    hazard_ratio: float,
    power: float = 0.8,
    *,
    alpha: float = 0.05,
    share: float = 0.5,
    r_squared: float = 0.0,
) -> int:
    """Events that a log-rank test (or Cox regression) needs to find a hazard ratio.

    Parameters
    ----------
    hazard_ratio
        To be found, not 1. A ratio and its inverse need the same number.
    power
        Probability of finding it.
    alpha
        Two-sided error.
    share
        Share of the treated among those at risk.
    r_squared
        How much of the variance of treatment the other covariates of the model
        explain: 0 in an experiment (Hsieh and Lavori 2000).

    Returns
    -------
    int
        Events of both groups together, rounded up.

    Raises
    ------
    DataError
        For a number outside its range.

    Examples
    --------
    >>> events_needed(0.5), events_needed(1.25), events_needed(1.25, share=0.1)
    (66, 631, 1752)
    """
    ratio = _ratio(hazard_ratio)
    each = _information(share, r_squared)
    return ceil((_reach(alpha, power) / np.log(ratio)) ** 2 / each - 1e-9)


def power_of(
    events: float,
    hazard_ratio: float,
    *,
    alpha: float = 0.05,
    share: float = 0.5,
    r_squared: float = 0.0,
) -> float:
    """Probability that a given number of events shows a given hazard ratio.

    Parameters
    ----------
    events
        Of both groups together.
    hazard_ratio, alpha, share, r_squared
        As for :func:`events_needed`.

    Examples
    --------
    >>> round(power_of(631, 1.25), 3)
    0.8
    """
    ratio, d = _ratio(hazard_ratio), _events(events)
    drift = abs(np.log(ratio)) * np.sqrt(d * _information(share, r_squared))
    edge = norm.isf(_open(alpha, "alpha") / 2)
    return float(norm.sf(edge - drift) + norm.cdf(-edge - drift))


def detectable_ratio(
    events: float,
    power: float = 0.8,
    *,
    alpha: float = 0.05,
    share: float = 0.5,
    r_squared: float = 0.0,
) -> float:
    """Smallest hazard ratio above 1 that so many events would show; below 1 its inverse.

    Parameters
    ----------
    events
        Of both groups together.
    power, alpha, share, r_squared
        As for :func:`events_needed`.

    Examples
    --------
    >>> round(detectable_ratio(631), 3)
    1.25
    """
    d = _events(events)
    return float(np.exp(_reach(alpha, power) / np.sqrt(d * _information(share, r_squared))))


@dataclass(frozen=True, repr=False, eq=False)
class Detectable(Result):
    """What the events at hand could show: the columns of ``.frame`` are

    ``group, reference, n, events, share, ratio_above, ratio_below``.

    A hazard ratio of ``group`` to ``reference`` between ``ratio_below`` and
    ``ratio_above`` would probably be missed. ``n`` and ``events`` are of both together,
    ``share`` is that of ``group``.
    """

    title: ClassVar[str] = "Smallest hazard ratio that would be seen"


def detectable(
    spells: Spells,
    by: str | Sequence[str],
    reference: str | None = None,
    *,
    power: float = 0.8,
    alpha: float = 0.05,
) -> Detectable:
    """Minimum detectable hazard ratio of each group to a reference, for the events at hand.

    Parameters
    ----------
    spells
        Any cause counts as the event.
    by
        Column or columns that make the groups.
    reference
        Label of the group the others are compared with; the first unless given.
    power, alpha
        As for :func:`events_needed`.

    Returns
    -------
    Detectable
        A ratio is NaN where a pair has no event.

    Raises
    ------
    DataError
        With fewer than two groups, or an unknown reference.

    Notes
    -----
    Before the result is known, or beside one that shows nothing; it is no second opinion
    on an estimate at hand (its interval is).

    Examples
    --------
    >>> from journeylib.spells import spells_from_frame
    >>> df = pd.DataFrame({"time": [1, 2, 3, 4] * 25, "event": 1, "arm": ["a", "b"] * 50})
    >>> detectable(spells_from_frame(df), "arm").frame.round(3)
      group reference    n  events  share  ratio_above  ratio_below
    0     b         a  100     100    0.5        1.751        0.571
    """
    table = risk_table(spells, by)
    labels = table.groups.labels
    if len(labels) < 2:
        raise DataError("there is one group only: nothing to compare", where=f"by={by!r}")
    if reference is not None and reference not in labels:
        raise DataError(f"there is no group {reference!r}", fix=nearest(reference, labels))
    base = 0 if reference is None else labels.index(reference)
    events = np.array([table.any_event[s].sum() for s in table.slices])
    rows = []
    for g in range(len(labels)):
        if g == base:
            continue
        n, d = int(table.n[g] + table.n[base]), int(events[g] + events[base])
        share = float(table.n[g] / n)
        above = detectable_ratio(d, power, alpha=alpha, share=share) if d else float("nan")
        rows.append((labels[g], labels[base], n, d, share, above, 1 / above))
    names = ["group", "reference", "n", "events", "share", "ratio_above", "ratio_below"]
    facts = about(spells, table, power=power, alpha=alpha)
    names_by = (by,) if isinstance(by, str) else tuple(by)
    return Detectable(pd.DataFrame(rows, columns=names), spells.unit, names_by, facts)


def _reach(alpha: float, power: float) -> float:
    edge = norm.isf(_open(alpha, "alpha") / 2)
    reach = float(edge + norm.ppf(_open(power, "power")))
    if reach <= 0:
        raise DataError(f"power={power!r} is less than chance alone gives", fix="use 0.8")
    return reach


def _information(share: float, r_squared: float) -> float:
    if not 0 <= r_squared < 1:
        raise DataError(f"r_squared must lie in 0 to 1, not {r_squared!r}")
    p = _open(share, "share")
    return p * (1 - p) * (1 - r_squared)


def _open(value: float, name: str) -> float:
    if not 0 < value < 1:
        raise DataError(f"{name} must lie between 0 and 1, not {value!r}", where=name)
    return float(value)


def _ratio(value: float) -> float:
    if not (np.isfinite(value) and value > 0 and value != 1):
        raise DataError(f"a hazard ratio to be found is positive and not 1, not {value!r}")
    return float(value)


def _events(value: float) -> float:
    if not (np.isfinite(value) and value > 0):
        raise DataError(f"events must be a positive number, not {value!r}")
    return float(value)
