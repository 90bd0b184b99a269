"""Whether anybody was followed for long enough to tell the cured from the late.

For each of three shapes of *when* (Weibull, log-normal, log-logistic) a mixture without
covariates is fitted. S_u, the share of those who will but have not by the last event,
must lie below 10%, by a likelihood-ratio test at one-sided 1% against S_u = 10%, for
*every* shape whose AIC is within 6 of the best. A hazard that is still high late, or
falls no faster than some shape with nobody cured explains, keeps S_u from being small.
(Maller and Zhou's alpha, 1996, is shown beside it. It only asks whether the last stretch
is free of events, and calls follow-up sufficient too readily.)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit
from scipy.stats import chi2

from journeylib.audit import Audit
from journeylib.errors import ModelError
from journeylib.estimate.aftfit import FAMILIES
from journeylib.estimate.curefit import CureRows, fit_cure, fit_with_left, left_at
from journeylib.estimate.curves import survival_curve
from journeylib.numbers import number
from journeylib.spells.core import Clock, Spells

SHAPES = ("weibull", "lognormal", "loglogistic")
NAMES = {"weibull": "Weibull", "lognormal": "log-normal", "loglogistic": "log-logistic"}
LEFT = 0.1  # of those who will, by the last event
EDGE = float(chi2.isf(0.02, 1))  # one-sided 1%
PLAUSIBLE = 6.0  # AIC above the best


@dataclass(frozen=True, eq=False)
class Gate:
    """Whether the follow-up is sufficient, and why.

    Parameters
    ----------
    open
        Whether a point is supported.
    reason
        In words.
    short
        The same in half a line, for where a point would stand; empty where there is one.
    table
        ``dist, aic, delta, plausible, cured, left, left_test, sufficient``: what each shape
        says; ``left`` is S_u at the last event, ``left_test`` the likelihood ratio against
        10%.
    upper
        Upper limit of the survival curve at its last event: no more can be cured.
    alpha
        Of Maller and Zhou; they call follow-up sufficient below 0.05.
    """

    open: bool
    reason: str
    short: str
    table: pd.DataFrame = field(repr=False)
    upper: float
    alpha: float


def check_follow_up(rows: CureRows, level: float = 0.95, unit: str = "") -> Gate:
    """Decide whether the follow-up is long enough to tell the cured from the late.

    Parameters
    ----------
    rows
        Covariates are not looked at.
    level
        Of the upper limit.
    unit
        Of the times, for the reason in words.

    Returns
    -------
    Gate
        Its table is ordered by AIC.
    """
    one = np.ones((len(rows.stop), 1))
    plain = CureRows(one, one, rows.start, rows.stop, rows.event)
    last = float(rows.stop[rows.event].max())
    found: list[dict[str, Any]] = []
    for dist in SHAPES:
        family = FAMILIES[dist]
        try:
            fit = fit_cure(plain, family)
        except ModelError:
            continue
        left, test = left_at(fit, family, last), 0.0
        if left < LEFT:
            test = 2 * (fit.value - fit_with_left(plain, family, last, LEFT))
        cured = 0.0 if fit.never_cured else float(expit(-fit.theta[0]))
        found.append({"dist": dist, "aic": 6 - 2 * fit.value, "cured": cured, "left": left})
        found[-1] |= {"left_test": test, "sufficient": left < LEFT and test > EDGE}
    if not found:
        raise ModelError(
            "no mixture can be fitted to these spells",
            fix="look at the survival curve: are there events enough?",
        )
    table = pd.DataFrame(found).sort_values("aic", kind="stable", ignore_index=True)
    table.insert(2, "delta", table["aic"] - table["aic"].min())
    table.insert(3, "plausible", table["delta"] <= PLAUSIBLE)
    return Gate(
        *_verdict(table, f"{number(last)} {unit}".strip()),
        table=table,
        upper=_upper(rows, level),
        alpha=_maller_zhou(rows),
    )


def _verdict(table: pd.DataFrame, last: str) -> tuple[bool, str, str]:
    told = table[table["plausible"]]
    against = told[~told["sufficient"]]
    if len(against):
        row = against.iloc[0]
        late = f"{row['left']:.0%}" if row["left"] >= LEFT else f"perhaps {LEFT:.0%} or more"
        reason = (
            f"if the times are {NAMES[row['dist']]}, {late} of those who will had not yet done so "
            f"by the last event, at {last}: who never will and who is late cannot be told apart"
        )
        return False, reason, "the follow-up is too short"
    if told["cured"].iloc[0] == 0:
        reason = "there is no sign that anybody is cured: the data are at their best with none"
        return False, reason, "there is no sign of a plateau"
    shapes = " or ".join(NAMES[dist] for dist in told["dist"])
    reason = (
        f"if the times are {shapes}, at most {LEFT:.0%} of those who will were still to come at "
        f"the last event, at {last} (about {told['left'].max():.1%})"
    )
    return True, reason, ""


def _upper(rows: CureRows, level: float) -> float:
    """Upper log-log limit of Kaplan-Meier at the last event."""
    frame = pd.DataFrame({"start": rows.start, "stop": rows.stop, "event": rows.event.astype(int)})
    frame["id"] = np.arange(len(frame))
    audit = Audit("rows", len(frame), kept={"rows": len(frame)})
    clock = Clock("at 0", "the event", "the end of watching")
    table = frame.rename(columns={"event": "cause"})
    curve = survival_curve(Spells(table, "", ("event",), audit, clock), level=level).frame
    end = curve[curve["events"] > 0].iloc[-1]
    if np.isnan(end["high"]):  # everybody had it: as many as would not have been missed
        return float(1 - (1 - level) ** (1 / len(frame)))
    return float(end["high"])


def _maller_zhou(rows: CureRows) -> float:
    """Their alpha: (1 - N / n)^n, N events in the stretch before the last that is as long
    as the one after it."""
    times, last = rows.stop[rows.event], float(rows.stop[rows.event].max())
    after = float(rows.stop.max()) - last
    among = int((times > last - after).sum())
    n = len(rows.stop)
    return float((1 - among / n) ** n)
