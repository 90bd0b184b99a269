"""How well a score orders the events: Harrell's and Uno's concordance.

A pair is comparable when one row has its event while the other is at risk and
does not have it at the same time. It is concordant when the one with the event
has the higher score; equal scores count half. Pairs are formed within strata.

The standard error is the infinitesimal jackknife: each row's (or cluster's)
influence on the ratio, squared and summed, as in R's ``concordance``.

References
----------
Harrell et al. (1982), JAMA 247; Uno et al. (2011), Statistics in Medicine 30;
Therneau and Watson (2015), Mayo Clinic technical report 85.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from journeylib.errors import ModelError, nearest
from journeylib.estimate.cox.dominance import weight_below
from journeylib.estimate.cox.fit import CoxFit
from journeylib.estimate.cox.residuals import grouped
from journeylib.estimate.cox.risksets import RiskSets, risk_sets

WEIGHTS = ("n", "n/G2")
SAME_SCORE = 1e-10  # on the scale of a log hazard


@dataclass(frozen=True)
class Concordance:
    """Share of comparable pairs put in the right order, ties counting half.

    ``concordant, discordant, tied`` are the (weighted) numbers of pairs; ``low`` and
    ``high`` the 95% interval, value plus and minus 1.96 standard errors.
    """

    value: float
    std_err: float
    concordant: float
    discordant: float
    tied: float

    @property
    def low(self) -> float:
        """Lower end of the 95% interval."""
        return max(self.value - float(stats.norm.isf(0.025)) * self.std_err, 0.0)

    @property
    def high(self) -> float:
        """Upper end of the 95% interval."""
        return min(self.value + float(stats.norm.isf(0.025)) * self.std_err, 1.0)


def concordance_index(
    start: np.ndarray,
    stop: np.ndarray,
    event: np.ndarray,
    score: np.ndarray,
    *,
    weight: np.ndarray | None = None,
    stratum: np.ndarray | None = None,
    cluster: np.ndarray | None = None,
    time_weight: str = "n",
) -> Concordance:
    """Concordance of any score with what happened; a high score should mean an early event.

    Parameters
    ----------
    start, stop, event
        Rows ``(start, stop]`` and whether they end with the event, shape (n,).
    score
        Shape (n,).
    weight, stratum, cluster
        Case weights, integer codes of strata and of clusters, shape (n,) or None.
    time_weight
        ``"n"`` for Harrell's C; ``"n/G2"`` for Uno's, pairs weighted by the inverse
        square of the censoring survival just before the event.

    Raises
    ------
    ModelError
        Without events or comparable pairs; for Uno's with delayed entry.

    Examples
    --------
    >>> zero, t, yes = np.zeros(3), np.array([1.0, 2.0, 3.0]), np.array([True, True, False])
    >>> concordance_index(zero, t, yes, np.array([3.0, 1.0, 2.0])).value
    0.6666666666666666
    """
    sets = risk_sets(start, stop, event, stratum)
    pick = sets.rows
    step = _pair_weights(sets, start, stop, event, weight, stratum, time_weight)
    return _concordance(
        sets,
        score[pick],
        None if weight is None else weight[pick],
        None if cluster is None else cluster[pick],
        step,
    )


def model_concordance(fit: CoxFit, time_weight: str) -> Concordance:
    """Concordance of a fitted model on its own data."""
    sets, design = fit.data.sets, fit.design
    step = _pair_weights(
        sets,
        design.start,
        design.stop,
        design.event,
        design.weight,
        design.stratum,
        time_weight,
    )
    cluster = fit.cluster if design.cluster is not None else None
    return _concordance(sets, fit.predictor(), fit.data.weight, cluster, step)


def _pair_weights(
    sets: RiskSets,
    start: np.ndarray,
    stop: np.ndarray,
    event: np.ndarray,
    weight: np.ndarray | None,
    stratum: np.ndarray | None,
    kind: str,
) -> np.ndarray | None:
    """Weight of the pairs formed at each event time; None for 1."""
    if kind not in WEIGHTS:
        raise ModelError(f"concordance weight {kind!r} is unknown", fix=nearest(kind, WEIGHTS))
    if kind == "n":
        return None
    if (start > 0).any():
        raise ModelError(
            "Uno's concordance is not defined with delayed entry or several rows a customer",
            fix='use weight="n"',
        )
    step = np.empty(sets.m)
    weight = np.ones(len(stop)) if weight is None else weight
    for s in np.unique(sets.stratum):
        here = slice(None) if stratum is None else stratum == s
        own = sets.stratum == s
        left = censoring_survival_before(sets.times[own], stop[here], event[here], weight[here])
        step[own] = 1 / left**2
    return step


def censoring_survival_before(
    times: np.ndarray, stop: np.ndarray, event: np.ndarray, weight: np.ndarray
) -> np.ndarray:
    """Kaplan-Meier survival of the censoring just before each time; events leave first."""
    distinct, where = np.unique(stop, return_inverse=True)
    left = np.bincount(where, weight)
    events = np.bincount(where, weight * event, minlength=len(distinct))
    at_risk = left[::-1].cumsum()[::-1] - events
    censored = left - events
    factor = 1 - np.divide(censored, at_risk, out=np.zeros_like(left), where=at_risk > 0)
    survival = np.concatenate(([1.0], np.cumprod(factor)))
    return survival[np.searchsorted(distinct, times)]


def _concordance(
    sets: RiskSets,
    score: np.ndarray,
    weight: np.ndarray | None,
    cluster: np.ndarray | None,
    step: np.ndarray | None,
) -> Concordance:
    ranks = score_ranks(score)
    below, equal, above = _at_risk_with(sets, ranks, weight)
    # a row is concordant with the higher-scoring events of its stay…
    discordant, tied, concordant = _events_among(sets, ranks, weight, step)
    own = np.ones(len(sets.deaths)) if step is None else sets.per_death(step)
    # …and, when it ends with an event, with the lower scores then at risk
    concordant[sets.deaths] += own * below
    tied[sets.deaths] += own * equal
    discordant[sets.deaths] += own * above
    case = np.ones(len(score)) if weight is None else weight
    pairs = [float(case @ part) / 2 for part in (concordant, discordant, tied)]
    count = sum(pairs)
    if count <= 0:
        raise ModelError("no two rows can be compared", fix="the concordance needs more events")
    value = (pairs[0] + pairs[2] / 2) / count
    influence = case * (concordant + tied / 2 - value * (concordant + discordant + tied)) / count
    influence = grouped(influence[None, :], cluster)[0]
    return Concordance(value, float(np.sqrt(influence @ influence)), *pairs)


def score_ranks(score: np.ndarray) -> np.ndarray:
    """Ranks from 0 of scores, equal ones sharing a rank.

    The same covariates may give scores that differ in the last digit, for sums are
    not rounded alike everywhere in an array: such scores are equal.
    """
    order = np.argsort(score)
    ranks = np.empty(len(score), dtype=np.int64)
    ranks[order] = np.concatenate(([0], np.cumsum(np.diff(score[order]) > SAME_SCORE)))
    return ranks


Counts = tuple[np.ndarray, np.ndarray, np.ndarray]


def _below_equal_above(
    ranks: np.ndarray,
    weight: np.ndarray | None,
    begin: np.ndarray,
    end: np.ndarray,
    own: np.ndarray,
    ties: bool,
) -> Counts:
    """Weight in a stretch of the list with lower, equal and higher rank than ``own``."""
    end = np.maximum(begin, end)
    below = weight_below(ranks, weight, begin, end, own)
    upto = weight_below(ranks, weight, begin, end, own + 1) if ties else below
    if weight is None:
        return below, upto - below, (end - begin) - upto
    total = np.concatenate(([0.0], np.cumsum(weight)))
    return below, upto - below, total[end] - total[begin] - upto


def _at_risk_with(sets: RiskSets, ranks: np.ndarray, weight: np.ndarray | None) -> Counts:
    """For each event, the weight at risk (and not dying then) with lower, equal, higher score."""
    ties = int(ranks.max()) + 1 < len(ranks)
    bins = sets.last[sets.deaths]
    own, ends = ranks[sets.deaths], sets.stratum_end[bins]
    order = _deaths_first(sets)
    after = sets.row_start[bins] + np.diff(sets.death_start)[bins]
    cases = None if weight is None else weight[order]
    here = _below_equal_above(ranks[order], cases, after, sets.row_start[ends], own, ties)
    if not len(sets.late):
        return here
    order = sets.late[np.argsort(sets.first[sets.late], kind="stable")]
    first = sets.first[order]
    begin, end = np.searchsorted(first, bins + 1), np.searchsorted(first, ends)
    cases = None if weight is None else weight[order]
    future = _below_equal_above(ranks[order], cases, begin, end, own, ties)
    return here[0] - future[0], here[1] - future[1], here[2] - future[2]


def _deaths_first(sets: RiskSets) -> np.ndarray:
    """Sorted rows with the events of each event time before the others that leave with them."""
    dead = np.zeros(len(sets.rows), dtype=np.int8)
    dead[sets.deaths] = 1
    key = 2 * sets.last + (1 - dead)
    return np.argsort(key, kind="stable") if (np.diff(key) < 0).any() else np.arange(len(key))


def _events_among(
    sets: RiskSets, ranks: np.ndarray, weight: np.ndarray | None, step: np.ndarray | None
) -> Counts:
    """For each row, the weight of events during its stay with lower, equal, higher score."""
    ties = int(ranks.max()) + 1 < len(ranks)
    after = sets.last + 1
    after[sets.deaths] -= 1  # events at one time are not compared with each other
    begin, end = sets.death_start[sets.first], sets.death_start[after]
    events = None if weight is None else weight[sets.deaths]
    if step is not None:
        events = sets.per_death(step) * (1.0 if events is None else events)
    return _below_equal_above(ranks[sets.deaths], events, begin, end, ranks, ties)
