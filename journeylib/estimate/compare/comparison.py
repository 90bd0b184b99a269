"""Whether groups differ: log-rank and its weighted, stratified and trend versions; Gray's test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

import numpy as np
import pandas as pd
from scipy.stats import chi2

from journeylib.errors import DataError, ModelError, nearest
from journeylib.estimate.about import about
from journeylib.estimate.adjust import adjusted
from journeylib.estimate.compare.gray import gray
from journeylib.estimate.compare.logrank import TIES, Score, chi_squared, logrank, trend
from journeylib.estimate.compare.pools import Pool, pools
from journeylib.estimate.risktable import RiskTable, risk_table
from journeylib.estimate.subset import with_known
from journeylib.numbers import number
from journeylib.results import Result, _readable, html_table
from journeylib.spells.core import Spells

TESTS = ("logrank", "peto", "fleming-harrington", "trend", "gray")


@dataclass(frozen=True, eq=False)
class Plan:
    """Which test, with which weights, and whose variance at ties."""

    test: str
    rho: float = 0.0
    scores: tuple[float, ...] | None = None
    ties: str = "hypergeometric"
    causes: int = 1

    def run(self, strata: Sequence[Pool], members: np.ndarray) -> list[Score]:
        """Scores of these groups, one a cause for Gray's test, otherwise one."""
        if self.test == "gray":
            return [gray(strata, members, k) for k in range(1, self.causes + 1)]
        return [logrank(strata, members, self.rho, self.ties)]

    def verdict(self, score: Score, pair: bool = False) -> tuple[float, int, float]:
        """Statistic, degrees of freedom and p value of a score."""
        ordered = self.test == "trend" and not pair
        statistic, df = trend(score, self.scores) if ordered else chi_squared(score)
        return statistic, df, float(chi2.sf(statistic, df)) if df else float("nan")


@dataclass(frozen=True, repr=False, eq=False)
class Comparison(Result):
    """A test that several groups are the same.

    ``.frame`` has ``group, n, observed, expected``; for Gray's test with
    ``cause, outcome`` after the group.

    Parameters
    ----------
    statistic, df, p_value
        Chi-squared statistic, its degrees of freedom and its p value; for
        Gray's test arrays with one value a cause.
    plan, strata
        What was tested on which counts; pairs are computed from them when asked for.
    """

    statistic: float | np.ndarray = float("nan")
    df: int | np.ndarray = 0
    p_value: float | np.ndarray = float("nan")
    plan: Plan = field(default_factory=lambda: Plan("logrank"))
    strata: tuple[Pool, ...] = ()

    title: ClassVar[str] = "Comparison of groups"

    @cached_property
    def _pairs(self) -> pd.DataFrame:
        return _pairs(self.plan, self.strata, self.groups, self.about["causes"])

    @property
    def pairwise(self) -> pd.DataFrame:
        """The test of each pair: ``group, reference, statistic, df, p, p_holm, p_bh``.

        Adjusted over all pairs, for Gray's test over the pairs of each cause,
        after Holm and after Benjamini and Hochberg. For a trend the pairs are
        compared by log-rank.
        """
        return self._pairs.copy()

    def _headline(self) -> str:
        found = zip(*(np.atleast_1d(x) for x in (self.statistic, self.df, self.p_value)))
        tests = [f"chi-squared {number(s)} on {d} df, p = {number(p)}" for s, d, p in found]
        if len(tests) > 1:
            tests = [f"{c}: {t}" for c, t in zip(self.about["causes"], tests)]
        return f"{self.plan.test} test, {'; '.join(tests)}"

    def __repr__(self) -> str:
        if len(self.groups) < 3:
            return super().__repr__()
        return f"{super().__repr__()}\n{_readable(self._pairs).to_string(index=False)}"

    def _repr_html_(self) -> str:
        if len(self.groups) < 3:
            return super()._repr_html_()
        return super()._repr_html_() + html_table(self._pairs, "Pairs of groups")


def compare(
    spells: Spells,
    by: str | Sequence[str],
    test: str = "logrank",
    strata: str | Sequence[str] | None = None,
    *,
    rho: float | None = None,
    scores: Sequence[float] | None = None,
    ties: str | None = None,
) -> Comparison:
    """Test whether groups have the same time to the event.

    Parameters
    ----------
    spells
        Spells. Any cause is the event, but for ``"gray"``, which tests each
        cause in the presence of the others.
    by
        Column or columns that make the groups.
    test
        ``"logrank"``; ``"peto"`` (events weighted by pooled survival, R's
        ``rho=1``); ``"fleming-harrington"`` with ``rho``; ``"trend"`` for groups
        with an order; ``"gray"`` for competing causes.
    strata
        Column or columns within which groups are compared; rows without a stratum
        leave, audited.
    rho
        Exponent of the pooled survival for ``"fleming-harrington"``.
    scores
        For ``"trend"`` one number a group, in the order of the groups; 1, 2, …
        unless given.
    ties
        Variance at tied events: ``"hypergeometric"`` (R's ``survdiff``) or
        ``"breslow"`` (score test of R's ``coxph(ties="breslow")``, R's only
        test with delayed entry). Unless given, what R would use: the second if
        anybody enters late, else the first.

    Returns
    -------
    Comparison

    Raises
    ------
    DataError
        For an unknown test or column, or fewer than two groups.
    ModelError
        When no event can tell the groups apart; for Gray's test also with
        delayed entry.

    Notes
    -----
    Mantel (1966), Harrington and Fleming (1982), Tarone (1975) for trend, Gray
    (1988). Equals R's ``survdiff`` and ``cmprsk::cuminc``.

    Examples
    --------
    >>> from journeylib import spells_from_frame
    >>> df = pd.DataFrame({"time": [1, 2, 3, 4, 5, 6], "event": 1, "channel": list("aaabbb")})
    >>> result = compare(spells_from_frame(df), by="channel")
    >>> round(result.statistic, 4), result.df, round(result.p_value, 4)
    (5.0517, 1, 0.0246)
    """
    _check(test, rho, scores, ties)
    names = (by,) if isinstance(by, str) else tuple(by)
    inside = () if strata is None else (strata,) if isinstance(strata, str) else tuple(strata)
    spells = with_known(spells, spells.columns(inside))
    exact = test == "gray"  # cmprsk takes times as they are, survdiff ties what rounding parted
    table = risk_table(spells, names, near_ties=not exact)
    _check_groups(table, test)
    ties = ties or ("breslow" if table.delayed else "hypergeometric")
    exponent = 1.0 if test == "peto" else float(rho or 0.0)
    plan = Plan(test, exponent, tuple(scores) if scores else None, ties, len(spells.causes))
    counts = tuple(pools(spells, names, inside, table, causes=exact))
    found = plan.run(counts, np.arange(len(table.groups)))
    verdicts = [plan.verdict(score) for score in found]
    if not any(df for _, df, _ in verdicts):
        raise ModelError(
            f"no event can tell the groups of {' / '.join(names)} apart: "
            "none happens while several groups are at risk and could have had it",
            fix="look at survival_curve(spells, by) and at the number of events by group",
        )
    facts = about(spells, table, test=test, strata=inside, rho=exponent, ties=ties)
    frame = _frame(spells, table, found, test)
    statistic, df, p = map(np.array, zip(*verdicts)) if exact else verdicts[0]
    return Comparison(frame, spells.unit, names, facts, statistic, df, p, plan, counts)


def _check(test: str, rho: float | None, scores: Sequence[float] | None, ties: str | None) -> None:
    if test not in TESTS:
        raise DataError(f"there is no test {test!r}", where="test", fix=nearest(test, TESTS))
    if ties is not None and ties not in TIES:
        raise DataError(
            f"there is no rule {ties!r} for ties", where="ties", fix=nearest(ties, TIES)
        )
    if (rho is not None) != (test == "fleming-harrington"):
        raise DataError(
            "rho belongs to the Fleming-Harrington test, which needs it",
            where=f"test={test!r}, rho={rho!r}",
            fix='use test="fleming-harrington", rho=0.5, or leave rho out',
        )
    if scores is not None and test != "trend":
        raise DataError("scores belong to test='trend'", where=f"test={test!r}")


def _check_groups(table: RiskTable, test: str) -> None:
    labels = table.groups.labels
    if len(labels) < 2:
        raise DataError(
            f"there is only one group, {labels[0]!r}: nothing to compare it with",
            where=f"by {' / '.join(table.groups.names)}",
            fix="choose a column with at least two values among these spells",
        )
    if test == "gray" and table.delayed:
        raise ModelError(
            "Gray's test is not defined for delayed entry",
            where="test='gray'",
            fix="compare one cause at a time with a cause-specific Cox model",
        )


def _frame(spells: Spells, table: RiskTable, found: list[Score], test: str) -> pd.DataFrame:
    code = np.arange(len(table.groups))
    parts = []
    for k, score in enumerate(found):
        cause = {"cause": k + 1, "outcome": spells.causes[k]} if test == "gray" else {}
        counts = {"n": table.n, "observed": score.observed, "expected": score.expected}
        lead = table.groups.columns(code, ("n", "observed", "expected"))
        parts.append(pd.DataFrame(lead | cause | counts))
    return pd.concat(parts, ignore_index=True)


def _pairs(
    plan: Plan, strata: Sequence[Pool], groups: Sequence[str], causes: Sequence[str]
) -> pd.DataFrame:
    parts = []
    reference, other = np.triu_indices(len(groups), k=1)
    scores = [plan.run(strata, np.array(pair)) for pair in zip(reference, other)]
    labels = np.array(groups, dtype=object)
    for k in range(len(scores[0])):
        verdicts = [plan.verdict(score[k], pair=True) for score in scores]
        statistic, df, p = (np.array(v) for v in zip(*verdicts))
        lead = {"cause": k + 1, "outcome": causes[k]} if plan.test == "gray" else {}
        columns = {"group": labels[other], "reference": labels[reference]} | lead
        columns |= {"statistic": statistic, "df": df, "p": p}
        columns |= {"p_holm": adjusted(p, "holm"), "p_bh": adjusted(p, "fdr_bh")}
        parts.append(pd.DataFrame(columns))
    return pd.concat(parts, ignore_index=True)
