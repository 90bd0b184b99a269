"""The model in numbers: states, kinds of events, rates and effects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import product

import numpy as np
import pandas as pd

from journeylib.errors import DataError, nearest

STAGES = ("awareness", "consideration", "decision", "purchase", "retention", "advocacy")
LOST = "lost"
SCORES = ("detractor", "passive", "promoter")

# baseline intensities a day; where an event splits by a mark, of all its marks together
RATES: Mapping[str, float] = {
    "ad_view": 1 / 12,
    "email": 1 / 30,
    "product_view": 1 / 12,
    "basket": 1 / 18,
    "purchase": 1 / 120,
    "lost": 1 / 150,
    "survey": 1 / 60,
    "support_contact": 1 / 90,
    "onboarding_done": 1 / 15,
    "loyalty_joined": 1 / 100,
    "repeat_purchase": 1 / 45,
    "referral_sent": 1 / 120,
    "cancelled": 1 / 240,
    "opted_out": 1 / 600,
}
# log hazard ratios: event -> term -> value
EFFECTS: Mapping[str, Mapping[str, float]] = {
    "purchase": {
        "channel=social": -0.4,
        "channel=display": -0.7,
        "channel=referral": 0.5,
        "channel=store": 0.2,
        "content=video": 0.3,
        "content=review": 0.15,
        "segment=business": 0.4,
        "arm=treatment": 0.25,
        "email": 0.5,
        "promotion": 0.6,
    },
    "lost": {"channel=display": 0.4, "email": -0.3},
    "repeat_purchase": {"onboarding_done": 0.3, "loyalty_joined": 0.5},
    "referral_sent": {"detractor": -0.8, "promoter": 0.7},
    "cancelled": {
        "segment=business": -0.3,
        "detractor": 0.9,
        "promoter": -0.7,
        "support_contact": 0.5,
        "loyalty_joined": -0.6,
        "referral_sent": -0.4,
    },
}
# the first level of each is the reference
MARKS: Mapping[str, Mapping[str, float]] = {
    "channel": {"search": 0.35, "social": 0.25, "display": 0.15, "referral": 0.1, "store": 0.15},
    "content": {"text": 0.5, "video": 0.3, "review": 0.2},
    "segment": {"consumer": 0.6, "business": 0.4},
    "arm": {"control": 0.5, "treatment": 0.5},
}
SCORE_SHARES = (0.25, 0.35, 0.4)
_SWITCHES = ("email", "promotion", "support_contact", "onboarding_done", "loyalty_joined")
FLAGS = ("consideration", "decision", *SCORES, *_SWITCHES, "referral_sent")


@dataclass(frozen=True)
class State:
    """Where a customer is and what has happened so far."""

    stage: str
    email: bool = False
    promotion: bool = False
    score: str | None = None
    support_contact: bool = False
    onboarding_done: bool = False
    loyalty_joined: bool = False

    @property
    def flags(self) -> np.ndarray:
        """The 0/1 covariates ``FLAGS`` of the state."""
        on = {self.stage, self.score}
        on |= {name for name in _SWITCHES if getattr(self, name)}
        on |= {"referral_sent"} if self.stage == "advocacy" else set()
        return np.array([f in on for f in FLAGS], dtype=float)


_NO_YES = (False, True)
BEFORE = tuple(
    State(stage, email, promotion)
    for stage, email, promotion in product(STAGES[:3], _NO_YES, _NO_YES)
    if stage == "decision" or not promotion
)
AFTER = tuple(
    State(stage, False, False, score, *switches)
    for stage, score, *switches in product(STAGES[3:], (None, *SCORES), *[_NO_YES] * 3)
)
ENDS = (State(LOST), State("cancelled"), State("opted_out"))
STATES = (*BEFORE, *AFTER, *ENDS)
_INDEX = {state: i for i, state in enumerate(STATES)}
FIRST, PURCHASED = _INDEX[State("awareness")], _INDEX[State("purchase")]

# kinds: events, where baskets differ by the offer made and surveys by the class of the score
KINDS = (
    *("ad_view", "email", "product_view", "basket", "basket:promotion", "purchase", "lost"),
    *(f"survey:{score}" for score in SCORES),
    *("support_contact", "onboarding_done", "loyalty_joined"),
    *("repeat_purchase", "referral_sent", "cancelled", "opted_out"),
)
EVENT = {kind: kind.partition(":")[0] for kind in KINDS}


def _next(state: State, kind: str) -> State | None:
    """The state after an event, None where it cannot happen."""
    if state in ENDS:
        return None
    event, _, mark = kind.partition(":")
    if event == "opted_out":
        return State(event)
    before = state in BEFORE
    if before != (event in ("ad_view", "email", "product_view", "basket", "purchase", "lost")):
        return None
    match event:
        case "product_view" if state.stage == "awareness":
            return replace(state, stage="consideration")
        case "basket" if state.stage == "consideration":
            return replace(state, stage="decision", promotion=mark == "promotion")
        case "product_view" | "basket":
            return None
        case "purchase":
            return State("purchase")
        case "lost" | "cancelled":
            return State(event)
        case "survey":
            return replace(state, score=mark)
        case "email":
            return replace(state, email=True)
        case "support_contact":
            return replace(state, support_contact=True)
        case "onboarding_done":
            return None if state.onboarding_done else replace(state, onboarding_done=True)
        case "loyalty_joined":
            return None if state.loyalty_joined else replace(state, loyalty_joined=True)
        case "repeat_purchase" if state.stage == "purchase":
            return replace(state, stage="retention")
        case "referral_sent":
            return None if state.stage == "purchase" else replace(state, stage="advocacy")
    return state


NEXT = np.array([[_INDEX.get(_next(s, k), -1) for k in KINDS] for s in STATES])  # type: ignore[arg-type]


@dataclass(frozen=True)
class Model:
    """Rates, effects and who comes: all that fixes the chain.

    Parameters
    ----------
    rates
        Event -> baseline intensity a day, for the reference levels and no flag.
    effects
        Event -> term -> log hazard ratio. A term is ``"channel=social"`` (a level
        of channel, content, segment or arm) or a flag of the state: ``"email"``,
        ``"promotion"``, ``"consideration"``, ``"decision"``, ``"detractor"``,
        ``"passive"``, ``"promoter"``, ``"support_contact"``, ``"onboarding_done"``,
        ``"loyalty_joined"``, ``"referral_sent"``.
    marks
        Mark -> level -> its share; the first level is the reference.
    promotion
        Probability that a basket meets a promotion.
    score_shares
        Probabilities of detractor, passive and promoter at each survey.
    cure
        Share that never purchases.
    confounding
        Log odds ratio of treatment for the business segment.
    account_spread
        Purchase intensities of an account are multiplied by 1 + spread or
        1 - spread.

    Raises
    ------
    DataError
        For an unknown event, term or level, or a number outside its range.
    """

    rates: Mapping[str, float] = field(default_factory=lambda: RATES)
    effects: Mapping[str, Mapping[str, float]] = field(default_factory=lambda: EFFECTS)
    marks: Mapping[str, Mapping[str, float]] = field(default_factory=lambda: MARKS)
    promotion: float = 0.4
    score_shares: tuple[float, float, float] = SCORE_SHARES
    cure: float = 0.0
    confounding: float = 0.0
    account_spread: float = 0.0

    def __post_init__(self) -> None:
        for name, rate in self.rates.items():
            _known(name, RATES, "rates")
            _within(rate, 0, np.inf, f"rates[{name!r}]")
        for name, levels in self.marks.items():
            _known(name, MARKS, "marks")
            if abs(sum(levels.values()) - 1) > 1e-9 or min(levels.values()) < 0:
                raise DataError(
                    f"the shares of {name} are {dict(levels)}",
                    where="marks",
                    fix="let them sum to 1",
                )
        for event, terms in self.effects.items():
            _known(event, RATES, "effects")
            for term, value in terms.items():
                _known(term, self.terms, f"effects[{event!r}]")
                _within(value, -np.inf, np.inf, f"effects[{event!r}][{term!r}]")
        for name in ("promotion", "cure", "account_spread"):
            _within(getattr(self, name), 0, 1, name)
        if abs(sum(self.score_shares) - 1) > 1e-9:
            raise DataError("the shares of scores do not sum to 1", where="score_shares")

    @property
    def terms(self) -> tuple[str, ...]:
        """Every term an effect may have."""
        levels = [f"{m}={v}" for m, of in self.marks.items() for v in list(of)[1:]]
        return (*levels, *FLAGS)

    def intensity(self) -> np.ndarray:
        """Intensity of each kind in each state for the reference levels, shape (states, kinds)."""
        shares = dict(zip((f"survey:{s}" for s in SCORES), self.score_shares))
        shares |= {"basket": 1 - self.promotion, "basket:promotion": self.promotion}
        flags = np.array([s.flags for s in STATES])
        out = np.zeros((len(STATES), len(KINDS)))
        for k, kind in enumerate(KINDS):
            terms = self.effects.get(EVENT[kind], {})
            gamma = np.array([terms.get(f, 0.0) for f in FLAGS])
            rate = self.rates[EVENT[kind]] * shares.get(kind, 1.0)
            out[:, k] = np.where(NEXT[:, k] >= 0, rate * np.exp(flags @ gamma), 0.0)
        return out

    def multiplier(self, customers: pd.DataFrame) -> np.ndarray:
        """Factor of each customer on each kind, shape (customers, kinds); marks only."""
        log = np.zeros((len(customers), len(KINDS)))
        for k, kind in enumerate(KINDS):
            for term, value in self.effects.get(EVENT[kind], {}).items():
                mark, _, level = term.partition("=")
                if level:
                    log[:, k] += value * (customers[mark] == level).to_numpy()
        return np.exp(log)

    def treated(self, business: np.ndarray) -> np.ndarray:
        """Probability of treatment, given whether the segment is business."""
        share = self.marks["arm"]["treatment"]
        if not self.confounding or share in (0.0, 1.0):
            return np.full(len(business), share)
        odds = np.log(share / (1 - share)) + self.confounding * (business - 0.5)
        return 1 / (1 + np.exp(-odds))

    def frame(self) -> pd.DataFrame:
        """Tidy table ``event, term, rate, log_hazard_ratio, hazard_ratio``."""
        rows = [(event, "baseline", rate, 0.0, 1.0) for event, rate in self.rates.items()]
        rows += [
            (event, term, self.rates[event] * np.exp(v), v, float(np.exp(v)))
            for event, terms in self.effects.items()
            for term, v in terms.items()
        ]
        names = ["event", "term", "rate", "log_hazard_ratio", "hazard_ratio"]
        return pd.DataFrame(rows, columns=names)


def _known(name: str, allowed: Mapping[str, object] | tuple[str, ...], where: str) -> None:
    if name not in allowed:
        raise DataError(f"there is no {name!r}", where=where, fix=nearest(name, allowed))


def _within(value: float, low: float, high: float, name: str) -> None:
    if not (np.isfinite(value) and low <= value <= high):
        raise DataError(
            f"{name} cannot be {value!r}", fix=f"give a number from {low:g} to {high:g}"
        )
