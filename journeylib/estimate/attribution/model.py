"""Hazard-based credit of touchpoints: what their effects add to the events that were seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from journeylib.errors import DataError, nearest
from journeylib.estimate.attribution.bootstrap import drawn_credits, limits_of_draws
from journeylib.estimate.attribution.excess import credit_influence
from journeylib.estimate.cox.model import Effects
from journeylib.estimate.intervals import z_value
from journeylib.results import Result

TOGETHER = "all together"


@dataclass(frozen=True, repr=False, eq=False)
class Attribution(Result):
    """Credit of each touchpoint: the columns of ``.frame`` are

    ``touchpoint, customers, events, credit, std_err, low, high, part, part_std_err, part_low,
    part_high``.

    ``credit`` is the share of all events that would be missing, as far as the model goes, had
    this touchpoint alone done nothing; below zero where fewer events come after it. ``part``
    is its part of what all do together: parts add up to the last row, ``all together``.
    ``customers`` were at risk after the touchpoint, with ``events`` among them. Shares, from
    0 to 1. A touchpoint without a finite effect is NaN.
    """

    title: ClassVar[str] = "Share of the events that touchpoints add"

    @property
    def touchpoints(self) -> tuple[str, ...]:
        """Names of the touchpoints, without the last row."""
        return tuple(self.table["touchpoint"].iloc[:-1])

    @property
    def together(self) -> pd.Series:
        """The row of all touchpoints together."""
        return self.table.iloc[-1]

    def _summary(self) -> pd.DataFrame:
        return self.frame[["touchpoint", "customers", "events", "credit", "low", "high", "part"]]

    def _headline(self) -> str:
        return f"{self.title}, {self.about['event']}: {self.about['events']:,} events"


def attribution(
    effects: Effects,
    exposures: Mapping[str, str | Sequence[str]],
    *,
    draws: int = 400,
    seed: int = 1,
    level: float = 0.95,
) -> Attribution:
    """Share of the events that each touchpoint's effect adds, by the hazard.

    Parameters
    ----------
    effects
        Result of :func:`journeylib.cox` on spells split at the touches.
    exposures
        Touchpoint -> its term or terms in the model, which are 0 where nothing touched; as
        ``touches(...).columns`` has them.
    draws
        Of the bootstrap by customer, for percentile intervals; 0 for normal intervals from
        influence functions.
    seed
        Of the draws.
    level
        Coverage of the intervals.

    Returns
    -------
    Attribution

    Raises
    ------
    DataError
        For a term that the model does not have, or a number out of range.

    Notes
    -----
    The sum over customers and time at risk of baseline hazard times
    ``exp(b'x) - exp(b'x, touchpoint off)``, over the same sum of ``exp(b'x)``: the
    attributable fraction of time-varying exposures, Samuelsen and Eide (2008), Statistics in
    Medicine 27; Chen, Lin and Zeng (2010), Biometrika 97. Parts: Aumann and Shapley (1974).
    It speaks of the customers and the time that were watched, and is an effect only as far as
    the hazard ratios are.

    Examples
    --------
    Two events in four come at twice the hazard: half of those two, a quarter of all, is added.

    >>> from journeylib import cox, spells_from_frame
    >>> df = pd.DataFrame({"time": [1, 2, 3, 4] * 25, "event": 1, "seen": [1, 0, 0, 1] * 25})
    >>> effects = cox(spells_from_frame(df), "seen")
    >>> found = attribution(effects, {"ad": "seen"}, draws=0)
    >>> round(float(found.frame.credit[0]), 9) == round(float(found.together.credit), 9)
    True
    """
    groups = _groups(effects, exposures)
    if draws < 0 or 0 < draws < 40:
        raise DataError(f"draws={draws!r} are too few for an interval", fix="0, or at least 40")
    z, fit = z_value(level), effects.fit
    cluster = pd.factorize(fit.design.id)[0][fit.data.sets.rows]
    credits, influence, of_beta = credit_influence(fit, groups, cluster)
    error = np.sqrt((influence**2).sum(axis=1))
    low, high = credits - z * error, credits + z * error
    if draws:
        made = drawn_credits(fit, groups, cluster, of_beta, draws, seed)
        error = made.std(axis=0, ddof=1)
        low, high = limits_of_draws(made, level)
    known = np.array([fit.finite[mine].all() for mine in groups])
    table = _table(list(exposures), np.stack([credits, error, low, high]), known)
    customers, events = _sizes(effects, groups)
    table.insert(1, "customers", customers)
    table.insert(2, "events", events)
    method = f"bootstrap by customer, {draws:,} draws" if draws else "influence functions"
    about: dict[str, Any] = {
        **effects.about,
        "terms": effects.terms,
        "level": level,
        "conf": method,
        "seed": seed,
    }
    return Attribution(table, effects.unit, (), {**about, "customers": len(np.unique(cluster))})


def _groups(effects: Effects, exposures: Mapping[str, str | Sequence[str]]) -> list[np.ndarray]:
    """Positions of the terms of each touchpoint."""
    if not exposures:
        raise DataError("no touchpoint is named", where="exposures", fix="touches(...).columns")
    found, taken = [], set()
    for label, given in exposures.items():
        terms = [given] if isinstance(given, str) else list(given)
        for term in terms:
            if term not in effects.terms:
                raise DataError(
                    f"the model has no term {term!r}",
                    where=f"exposures, {label}",
                    fix=nearest(term, effects.terms),
                )
            if term in taken:
                raise DataError(f"the term {term!r} belongs to two touchpoints", where="exposures")
            taken.add(term)
        found.append(np.array([effects.terms.index(term) for term in terms]))
    return found


def _table(labels: list[str], found: np.ndarray, known: np.ndarray) -> pd.DataFrame:
    """Rows of the touchpoints and of all together from values, errors and ends, (4, 2k + 1)."""
    k = len(labels)
    alone, part, both = found[:, :k].copy(), found[:, k : 2 * k].copy(), found[:, 2 * k :].copy()
    alone[:, ~known] = np.nan
    if not known.all():
        part[:], both[:] = np.nan, np.nan
    names = ("credit", "std_err", "low", "high")
    first = dict(zip(names, np.hstack([alone, both]), strict=True))
    second = ("part", *(f"part_{name}" for name in names[1:]))
    parts = dict(zip(second, np.hstack([part, both]), strict=True))
    return pd.DataFrame({"touchpoint": [*labels, TOGETHER], **first, **parts})


def _sizes(effects: Effects, groups: list[np.ndarray]) -> tuple[list[int], list[int]]:
    """Customers at risk after each touchpoint, and events after it; then after any."""
    fit = effects.fit
    own = fit.data.x + (fit.mean / fit.scale)[:, None]
    on = np.stack([(np.abs(own[mine]) > 1e-9).any(axis=0) for mine in groups])
    on = np.vstack([on, on.any(axis=0)])
    ids, deaths = fit.design.id[fit.data.sets.rows], fit.data.sets.deaths
    customers = [len(pd.unique(ids[row])) for row in on]
    return customers, [int(row[deaths].sum()) for row in on]
