"""What is true of what a finding says it estimates: one function a kind of estimand.

A finding says so in ``of``: ``kind``, ``event`` (or ``events``), ``origin``, ``at`` or
``horizon``, and for a group ``by`` and ``levels``. Each function answers with the number in
the model's own terms (shares from 0 to 1, days), or None where the model does not say.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from scipy.optimize import brentq

from journeylib.estimate.attribution.model import TOGETHER
from journeylib.simulation.credit import touch_credit
from journeylib.simulation.model import FLAGS
from journeylib.simulation.truth import Truth
from journeylib.truth.chain import MARKS, Started, rates_of, started, whole_journey

# drawn without an effect of its own: it goes along with nothing that the model holds
NO_EFFECT = ("returned", "sentiment", "no_answer")
ADS = ("ad_view", "store_visit", "mailing", "call")  # nor have these, after the first contact
REPEAT_VALUE = float(np.exp(3.8 + 0.5**2 / 2))  # mean of the log-normal that values are drawn from


def true_value(truth: Truth, of: Mapping[str, Any] | None) -> float | None:
    """What is true of an estimand; None where that is not known.

    Examples
    --------
    >>> from journeylib.simulation import Model
    >>> known = Truth(Model(rates={**Model().rates, "lost": 0.0}, effects={}))
    >>> of = {"kind": "share", "event": "purchase", "origin": "first_contact", "at": 120.0}
    >>> round(true_value(known, of), 4)  # 1 - exp(-120 / 120)
    0.6321
    """
    solve = KINDS.get(str((of or {}).get("kind")))
    return None if of is None or solve is None else solve(truth, of)


def share(truth: Truth, of: Mapping[str, Any]) -> float | None:
    """Share with the event by a time, while others may prevent it."""
    start, events = _start(truth, of), _events(of)
    known = start is not None and set(events) <= set(start.ends)
    return start.reached(events, float(of["at"])) if known and start is not None else None


def still(truth: Truth, of: Mapping[str, Any]) -> float | None:
    """Share still without the event at a time."""
    reached = share(truth, of)
    return None if reached is None else 1 - reached


def quantile(truth: Truth, of: Mapping[str, Any]) -> float | None:
    """Time by which a share has the event, where it ever does."""
    start, events, p = _start(truth, of), _events(of), float(of.get("p", 0.5))
    if start is None or not set(events) <= set(start.ends):
        return None
    reached = start.reached
    if reached(events, 1e4) <= p:
        return None
    return float(brentq(lambda t: reached(events, t) - p, 0, 1e4, xtol=1e-6))


def restricted_mean(truth: Truth, of: Mapping[str, Any]) -> float | None:
    """Mean time without the event within the horizon."""
    start, events = _start(truth, of), _events(of)
    if start is None or not set(events) <= set(start.ends):
        return None
    return start.days_outside(events, float(of["horizon"]))


def excess_time(truth: Truth, of: Mapping[str, Any]) -> float | None:
    """Mean time without the event of a group, less that of all others together."""
    whole, chosen, events = _whole(truth, of), _chosen(truth, of), _events(of)
    if whole is None or chosen is None or chosen.all() or not set(events) <= set(whole.ends):
        return None
    horizon = float(of["horizon"])
    own, others = whole.among(chosen), whole.among(~chosen)
    return own.days_outside(events, horizon) - others.days_outside(events, horizon)


def stage_share(truth: Truth, of: Mapping[str, Any]) -> float | None:
    """Share in a stage at a time since the first contact."""
    start, chosen = _journey(truth), _chosen(truth, of)
    if chosen is None or of["stage"] not in start.ends or of.get("origin") != "first_contact":
        return None
    return start.among(chosen).reached([str(of["stage"])], float(of["at"]))


def stage_time(truth: Truth, of: Mapping[str, Any]) -> float | None:
    """Mean days in a stage within the horizon since the first contact."""
    start, chosen = _journey(truth), _chosen(truth, of)
    if chosen is None or of["stage"] not in start.ends or of.get("origin") != "first_contact":
        return None
    spent = _days(truth, chosen.tobytes(), float(of["horizon"]))
    return float(spent[start.ends[str(of["stage"])]].sum())


@lru_cache(maxsize=8)
def _journey(truth: Truth) -> Started:
    return whole_journey(truth)


@lru_cache(maxsize=32)
def _days(truth: Truth, chosen: bytes, horizon: float) -> np.ndarray:
    return _journey(truth).among(np.frombuffer(chosen, dtype=bool)).days(horizon)


def hazard_ratio(truth: Truth, of: Mapping[str, Any]) -> float | None:
    """Hazard ratio of a term; known only of a model that holds whatever acts on the event."""
    event = str(of["event"])
    effects = truth.model.effects.get(event, {})
    if not _holds_all(truth, event, list(of.get("terms", ()))):
        return None
    column, level, reference = _levels(of)
    if column in MARKS:
        names = truth.model.marks[MARKS[column]]
        if level not in names or reference not in names:
            return None
        by = [effects.get(f"{MARKS[column]}={x}", 0.0) for x in (level, reference)]
        return float(np.exp(by[0] - by[1]))
    if column in (*NO_EFFECT, *ADS) and not level:
        return 1.0
    return (
        float(np.exp(effects.get(column, 0.0))) if column in FLAGS and level in ("", "1") else None
    )


def touch_share(truth: Truth, of: Mapping[str, Any]) -> float | None:
    """Share of the purchases that a touchpoint's hazard adds among those watched."""
    touchpoint, touchpoints = str(of["touchpoint"]), list(of.get("touchpoints", ()))
    known = of.get("event") == "purchase" and _origin(str(of.get("origin", ""))) == "first_contact"
    if not known or not truth.arrivals:
        return None
    if not _holds_all(truth, "purchase", list(of.get("terms", ()))):
        return None
    flags = [t for t in touchpoints if t in FLAGS]
    if touchpoint in touchpoints and touchpoint in (*NO_EFFECT, *ADS):
        return 0.0
    if not flags or touchpoint not in (*flags, TOGETHER):
        return None
    shares = touch_credit(truth, flags)
    return float(shares[-1] if touchpoint == TOGETHER else shares[flags.index(touchpoint)])


def _holds_all(truth: Truth, event: str, terms: Sequence[str]) -> bool:
    """Whether a model holds every term that acts on an event, and nothing else does."""
    effects = truth.model.effects.get(event, {})
    flags = {f for f in FLAGS if f in effects}
    marks = {name.partition("=")[0] for name in effects if "=" in name}
    held = {_parsed(t)[0] for t in terms}
    held_marks = {MARKS[c] for c in held if c in MARKS}
    # who is left of a mixture changes, and the ratio with it
    mixed = (truth.model.cure and event in ("purchase", "lost")) or truth.model.account_spread
    return event in truth.model.rates and marks <= held_marks and flags <= held and not mixed


def mean_count(truth: Truth, of: Mapping[str, Any]) -> float | None:
    """Mean number of an event after the purchase within the horizon, ended by leaving."""
    start = _start(truth, of) if _origin(str(of.get("origin", ""))) == "purchase" else None
    if start is None or of["event"] not in truth.model.rates:
        return None
    rates = rates_of(truth, str(of["event"]))[start.states]
    return float(start.days(float(of["horizon"]))[: len(rates)] @ rates)


def mean_value(truth: Truth, of: Mapping[str, Any]) -> float | None:
    """Mean value of the purchases that follow the first within the horizon."""
    if of.get("event") != "repeat_purchase":
        return None
    count = mean_count(truth, of)
    return None if count is None else REPEAT_VALUE * count


def promoter_score(truth: Truth, of: Mapping[str, Any]) -> float | None:
    """Promoters less detractors among first answers, in points; the same in every group."""
    detractors, _, promoters = truth.model.score_shares
    return 100 * (promoters - detractors) if of.get("event") == "survey" else None


def cohort_change(truth: Truth, of: Mapping[str, Any]) -> float | None:
    """What moves from cohort to cohort: nothing, as the rates do not know the calendar."""
    return 0.0 if of.get("event") in truth.model.rates else None


Solver = Callable[[Truth, Mapping[str, Any]], float | None]
KINDS: dict[str, Solver] = {
    "share": share,
    "still": still,
    "quantile": quantile,
    "restricted mean": restricted_mean,
    "excess time": excess_time,
    "stage share": stage_share,
    "stage time": stage_time,
    "hazard ratio": hazard_ratio,
    "touch credit": touch_share,
    "mean count": mean_count,
    "mean value": mean_value,
    "promoter score": promoter_score,
    "cohort change": cohort_change,
}


# ---- who is meant --------------------------------------------------------------------


def _events(of: Mapping[str, Any]) -> Sequence[str]:
    named = of.get("events") or of.get("event")
    found = [named] if isinstance(named, str) else list(named or ())
    return ["cancelled" if e == "churn" else e for e in found]


def _whole(truth: Truth, of: Mapping[str, Any]) -> Started | None:
    return _from(truth, _origin(str(of.get("origin", ""))))


def _origin(name: str) -> str:
    """The first purchase comes before whatever else a customer does after it."""
    names = name.split(", ")
    return names[0] if set(names[1:]) <= {"repeat_purchase", "referral_sent"} else name


@lru_cache(maxsize=16)
def _from(truth: Truth, origin: str) -> Started | None:
    return started(truth, origin)


def _start(truth: Truth, of: Mapping[str, Any]) -> Started | None:
    whole, chosen = _whole(truth, of), _chosen(truth, of)
    return None if whole is None or chosen is None else whole.among(chosen)


def _chosen(truth: Truth, of: Mapping[str, Any]) -> np.ndarray | None:
    """Profiles that a group means; None for a group that is no mark's level."""
    chosen = np.ones(len(truth.profiles), dtype=bool)
    for column, level in zip(of.get("by", ()), of.get("levels", ()), strict=False):
        mark = MARKS.get(column)
        if mark is None or level not in truth.model.marks[mark]:
            return None
        chosen &= (truth.profiles[mark] == level).to_numpy()
    return chosen


def _parsed(term: str) -> tuple[str, str]:
    """Column and level of a model's term."""
    found = re.fullmatch(r"(?:C\()?(\w+)\)?(?:\[T\.(.+)\])?", term)
    return (found[1], found[2] or "") if found else (term, "")


def _levels(of: Mapping[str, Any]) -> tuple[str, str, str]:
    term = str(of["term"])
    column, level = _parsed(term)
    references = {_parsed(str(k))[0]: str(v) for k, v in dict(of.get("references", {})).items()}
    return column, level, references.get(column, "")
