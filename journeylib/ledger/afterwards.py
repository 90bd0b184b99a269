"""Checks of what comes after the purchase: who answers, how arms were given, how cohorts lie."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import Any

import numpy as np
from scipy.stats import binomtest

from journeylib import words
from journeylib.errors import DataError, ModelError
from journeylib.estimate.cohorts import CohortTrend
from journeylib.estimate.compare import compare
from journeylib.estimate.incidence import cumulative_incidence
from journeylib.ledger.core import Check
from journeylib.numbers import number
from journeylib.spells.core import Spells

CHANCE = 0.05  # of a false warning, over all columns together
MISMATCH = 0.001  # p below which the arms are not as large as they were meant to be


def check_response(
    answering: Spells, by: str | tuple[str, ...] | None, at: float, least: float = 0.5
) -> Check:
    """Warn when few answer, or when those who answer differ from those who do not.

    Parameters
    ----------
    answering
        Spells until the first answer, cause 1, with whatever may prevent it as other causes.
    by
        Columns known at the origin, each looked at by itself.
    at
        Time by which the share that answers is read.
    least
        Share below which few answer.
    """
    row = cumulative_incidence(answering).at([at]).iloc[0]
    share = float(row["incidence"])
    p: dict[str, float] = {}
    for column in answering.columns(by):
        with suppress(DataError, ModelError):  # one group, or nothing tells them apart
            compared = compare(_first_cause(answering), column)
            p[column] = float(np.atleast_1d(compared.p_value)[0])
    columns = tuple(p)
    bad = [c for c in columns if p[c] < CHANCE / len(columns)]
    shown = f"{words.percent(share)} of 100 answer within {number(at)} {answering.unit}"
    few = not share >= least
    if bad:
        told = ", ".join(f"{words.name(c)} ({words.chance(p[c])})" for c in bad)
        shown += f", sooner in some groups than in others by {told}"
    elif columns:
        shown += f", alike by {', '.join(map(words.name, columns))}"
    worry = []
    if bad:
        worry.append("Read scores by these groups, or weight the groups by their customers.")
    if few:
        worry.append("What the others would have said is not known.")
    return Check(
        "those who answer are like those who do not",
        "warned" if bad or few else "passed",
        f"{shown}.",
        " ".join(worry) or "It cannot be tested beyond what is recorded.",
    )


def check_split(spells: Spells, arm: str, share: float = 0.5) -> Check:
    """Warn when the arms are not as large as they were meant to be.

    Parameters
    ----------
    spells
        One row a customer.
    arm
        Column of the arm; two of them.
    share
        Share that each of two equal arms was meant to have, or of the second one.

    Notes
    -----
    Sample ratio mismatch: Fabijan and others (2019), KDD. A lost part of one arm is seldom
    lost at random.
    """
    if not 0 < share < 1:
        raise DataError(f"the share of an arm lies between 0 and 1, not {share!r}", where="share")
    sizes = spells.frame.groupby(spells.column(arm), observed=True)["id"].nunique()
    told = ", ".join(f"{words.name(name)} {n:,}" for name, n in sizes.items())
    said = "the arms are as large as they were meant to be"
    if len(sizes) != 2:
        return Check(said, "failed", f"{len(sizes)} arms: {told}.", "An experiment has two.")
    p = float(binomtest(int(sizes.iloc[1]), int(sizes.sum()), share).pvalue)
    bad = p < MISMATCH
    return Check(
        said,
        "warned" if bad else "passed",
        f"{told} ({words.chance(p)}).",
        "Find out who is missing before you read the result." if bad else "Nothing.",
    )


def check_cohorts(trend: CohortTrend) -> Check:
    """Warn when cohorts scatter about their line, or are too few for one.

    Parameters
    ----------
    trend
        Result of :func:`journeylib.cohort_trend`.
    """
    fit, said = trend.lack_of_fit, "nothing but the trend and the change moves the cohorts"
    if math.isnan(fit["p"]):
        text = f"{len(trend.table)} cohorts are too few for a line."
        return Check(said, "warned", text, "It cannot be tested: read the cohorts themselves.")
    bad = fit["p"] < CHANCE
    return Check(
        said,
        "warned" if bad else "passed",
        f"Scatter about the line: chi-squared {number(fit['statistic'])} on {fit['df']} df, "
        f"{words.chance(fit['p'])}.",
        "Something else moved, too: the intervals of trend and step are widened for it."
        if bad
        else "What else happened at the time of a change is in its step all the same.",
    )


def _first_cause(spells: Any) -> Any:
    """The same spells with every other outcome censored."""
    frame = spells.frame
    frame["cause"] = (frame["cause"] == 1).astype(int)
    return spells.with_table(frame, causes=spells.causes[:1])
