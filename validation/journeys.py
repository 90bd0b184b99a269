"""Simulated journeys on their way from the event log to the estimates, and what is true of each.

Every scenario puts some effects into a log, asks for them through the public functions
(journey file, spells, estimator), and beside each of them the shortcut that errs. A value
is ``(estimate, truth)``.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import journeylib as jl
from journeylib.simulation import SimulatedJourney, Truth, simulate
from validation.shared import ROOT

Values = dict[str, tuple[float, float]]
KNOWN = ["first_channel", "first_content", "segment", "arm"]
MARKS = (
    "C(first_channel, contr.treatment(base='search')) + "
    "C(first_content, contr.treatment(base='text')) + "
    "C(segment, contr.treatment(base='consumer')) + arm"
)
EXITS = {"purchase": "purchase", "lost": "lost"}


@dataclass
class Found:
    """What one simulated journey gives: by the estimators meant for it, and by shortcuts."""

    right: Values = field(default_factory=dict)
    naive: Values = field(default_factory=dict)


def opened(made: SimulatedJourney, folder: Path) -> jl.EventLog:
    """The log of a simulated journey, through files and the committed journey file."""
    made.events.to_parquet(folder / "events.parquet", index=False)
    made.customers.to_parquet(folder / "customers.parquet", index=False)
    shutil.copyfile(ROOT / "data" / "simulated" / "journey.toml", folder / "journey.toml")
    return jl.open_log(jl.read_journey(folder / "journey.toml"))


def meaning(term: str) -> str:
    """The truth's name of a term of a model."""
    for mark in ("channel", "content", "segment", "arm"):
        if mark in term and "[" in term:
            return f"{mark}={term.rsplit('[', 1)[1].removeprefix('T.').rstrip(']')}"
    return term


@cache
def reached(truth: Truth, event: str, times: tuple[float, ...], by: str | None = None) -> pd.Series:
    """True shares; by mark where one is named, one time then."""
    rows = truth.reached(event, times, by)
    return rows.set_index("time" if by is None else "group")["probability"]


@cache
def true_stays(truth: Truth, horizon: float) -> pd.DataFrame:
    """True days in each stage within the horizon, and the share that is there then."""
    days = truth.days_per_stage(horizon).set_index("stage")["days"]
    share = truth.occupancy([horizon]).set_index("stage")["probability"]
    return pd.DataFrame({"days": days, "share": share})


def effects(truth: Truth, event: str, model: Any, label: str | None = None) -> Values:
    """Coefficients of a Cox model beside the true ones."""
    found = {}
    for term, coef in model.frame[["term", "coef"]].itertuples(index=False):
        name = meaning(term)
        true = truth.log_hazard_ratio(event, name)
        found[f"{label or event}: {name}"] = (float(coef), true)
    return found


def only(values: Values, *ends: str) -> Values:
    """Some of the values, by the end of their names."""
    return {k: v for k, v in values.items() if k.endswith(ends)}


# --- before the purchase: late entry, two ways out, exposures on the way ----------------------


def before(made: SimulatedJourney, log: jl.EventLog) -> Found:
    """Effects on purchase and on being lost; shares with delayed entry."""
    truth, found = made.truth, Found()
    spells = jl.exits(log, "first_contact", EXITS, by=KNOWN, until="opted_out")
    exposed = jl.with_exposure(jl.with_exposure(spells, log, "email"), log, "promotion")
    formula = f"{MARKS} + email + promotion"
    found.right |= effects(truth, "purchase", jl.cox(exposed, formula, cause="purchase"))
    lost = jl.cox(exposed, f"{MARKS} + email + promotion", cause="lost")
    found.right |= effects(truth, "lost", lost)
    # taken as known from the start: whoever waits longer has more e-mail
    frame = spells.frame
    mailed = set(made.events.loc[made.events["event"] == "email", "customer_id"])
    frame["email"] = frame["id"].isin(mailed).astype(float)
    ever = jl.cox(spells.with_table(frame), f"{MARKS} + email", cause="purchase")
    label = "ever mailed, as if from the start"
    found.naive |= only(effects(truth, "purchase", ever, label), ": email")
    times = (30.0, 90.0)
    for name, one in (("with late entry", spells), ("late entry ignored", _from_zero(spells))):
        shares = jl.cumulative_incidence(one).at(times)
        shares = shares[shares["outcome"] == "purchase"]
        true = reached(truth, "purchase", times)
        for t, mine, right in zip(times, shares["incidence"], true, strict=True):
            into = found.right if one is spells else found.naive
            into[f"share purchased by day {t:g}, {name}"] = (float(mine), float(right))
    return found


def _from_zero(spells: jl.Spells) -> jl.Spells:
    frame = spells.frame
    frame["start"] = 0.0
    return spells.with_table(frame)


# --- after the purchase: scores, support, loyalty, referrals ----------------------------------


def after(made: SimulatedJourney, log: jl.EventLog) -> Found:
    """Effects on churn, on buying again and on referrals."""
    truth, found = made.truth, Found()
    spells = jl.time_to(log, "cancelled", "purchase", by=["segment"], until="opted_out")
    switches = ["support_contact", "loyalty_joined", "referral_sent"]
    exposed = _scored(spells, log, switches)
    formula = "C(segment, contr.treatment(base='consumer')) + detractor + passive + promoter"
    whole = f"{formula} + {' + '.join(switches)}"
    found.right |= effects(truth, "cancelled", jl.cox(exposed, whole))
    frame = spells.frame
    helped = set(made.events.loc[made.events["event"] == "support_contact", "customer_id"])
    frame["support_contact"] = frame["id"].isin(helped).astype(float)
    ever = jl.cox(spells.with_table(frame), "support_contact")
    label = "ever asked support, as if from the start"
    found.naive |= effects(truth, "cancelled", ever, label)
    again = jl.repeats(log, "repeat_purchase", origin="purchase", until="gone")
    for event in ("onboarding_done", "loyalty_joined"):
        again = jl.with_exposure(again, log, event)
    model = jl.cox(again, "onboarding_done + loyalty_joined", cluster="id")
    found.right |= effects(truth, "repeat_purchase", model)
    told = jl.time_to(log, "referral_sent", "repeat_purchase", until="gone")
    model = jl.cox(_scored(told, log, []), "detractor + passive + promoter")
    found.right |= effects(truth, "referral_sent", model)
    return found


def _scored(spells: jl.Spells, log: jl.EventLog, switches: list[str]) -> jl.Spells:
    """Spells split at each score and each switch, with the class of the latest score."""
    for event in switches:
        spells = jl.with_exposure(spells, log, event)
    spells = jl.with_exposure(spells, log, "survey", name="latest", value="score")
    frame = spells.frame
    score = frame["latest"].astype(float)
    frame["detractor"] = (score <= 6).astype(float)
    frame["passive"] = score.between(7, 8).astype(float)
    frame["promoter"] = (score >= 9).astype(float)
    return spells.with_table(frame)


# --- the whole journey, everybody from the first contact on -----------------------------------


def whole(made: SimulatedJourney, log: jl.EventLog) -> Found:
    """Shares in the stages, days in them, paces of moves, shares of two ways out."""
    truth, found = made.truth, Found()
    horizon = 90.0
    true = true_stays(truth, horizon)
    days, share = true["days"], true["share"]
    places = jl.occupancy(jl.stages(log, terminal="lost", until="opted_out"))
    for row in places.expected_time(horizon).itertuples():
        found.right[f"days in {row.stage} of the first 90"] = (row.mean_time, days[row.stage])
    for row in places.at(horizon).itertuples():
        found.right[f"share in {row.stage} on day 90"] = (row.probability, share[row.stage])
    paces = places.hazards
    for a, b, event in (
        ("awareness", "consideration", "product_view"),
        ("consideration", "decision", "basket"),
    ):
        one = paces[(paces["from"] == a) & (paces["to"] == b) & (paces["time"] <= 30)]
        rate = float(one["cumulative_hazard"].iloc[-1]) / 30
        found.right[f"pace of {event}, a day"] = (rate, truth.model.rates[event])
    for row in jl.occupancy(jl.stages(log, terminal="lost")).at(horizon).itertuples():
        if row.stage == "awareness":
            key = "share in awareness on day 90, opted out taken to stay"
            found.naive[key] = (row.probability, share[row.stage])
    spells = jl.exits(log, "first_contact", EXITS, until="opted_out")
    shares = jl.cumulative_incidence(spells).at([horizon]).set_index("outcome")["incidence"]
    for outcome in EXITS:
        gone = float(reached(truth, outcome, (horizon,)).iloc[0])
        found.right[f"share {outcome} by day 90"] = (float(shares[outcome]), gone)
    only_purchase = jl.exits(log, "first_contact", EXITS, until="opted_out").frame
    only_purchase["cause"] = (only_purchase["cause"] == 1).astype(int)
    curve = jl.survival_curve(spells.with_table(only_purchase, causes=("purchase",)))
    mine = 1 - float(curve.at(horizon)["survival"].iloc[0])
    bought = float(reached(truth, "purchase", (horizon,)).iloc[0])
    found.naive["share purchase by day 90, lost customers censored"] = (mine, bought)
    return found


@cache
def as_experiment(truth: Truth) -> Truth:
    """The same journey with arms drawn by lot."""
    return Truth(replace(truth.model, confounding=0.0))


# --- one trap each ----------------------------------------------------------------------------


def never(made: SimulatedJourney, log: jl.EventLog) -> Found:
    """A share that never purchases, and an effect on when the others do."""
    truth, found = made.truth, Found()
    spells = jl.time_to(log, "purchase", "first_contact", by=["segment"])
    formula = "C(segment, contr.treatment(base='consumer'))"
    model = jl.cure(spells, formula, dist="exponential")
    if not model.supported:
        return found
    pace = truth.log_hazard_ratio("purchase", "segment=business")
    found.right["share that never will"] = (float(model.share["estimate"][0]), truth.model.cure)
    for part, true in (("whether", 0.0), ("when", -pace)):
        rows = model.frame[(model.frame["part"] == part) & model.frame["term"].str.contains("segm")]
        found.right[f"{part}: segment=business"] = (float(rows["coef"].iloc[0]), true)
    last = float((spells.frame["cause"] == 0).mean())
    found.naive["share that never will: who has not yet"] = (last, truth.model.cure)
    everybody = jl.aft(spells, formula, "exponential").frame["coef"][1]
    found.naive["when: segment=business, nobody cured"] = (float(everybody), -pace)
    return found


def confounded(made: SimulatedJourney, log: jl.EventLog) -> Found:
    """Treatment that follows the segment: adjusted in the model, and by weights."""
    truth, found = made.truth, Found()
    spells = jl.time_to(log, "purchase", "first_contact", by=KNOWN, until="opted_out")
    exposed = jl.with_exposure(jl.with_exposure(spells, log, "email"), log, "promotion")
    adjusted = effects(truth, "purchase", jl.cox(exposed, f"{MARKS} + email + promotion"))
    found.right |= only(adjusted, "arm=treatment")
    crude = effects(truth, "purchase", jl.cox(spells, "arm"), "purchase, not adjusted")
    found.naive |= only(crude, "arm=treatment")
    day = 60.0
    true = reached(as_experiment(truth), "purchase", (day,), "arm")
    weighted = jl.weights(spells, "first_channel + first_content + segment", "arm").spells
    for into, one, weight, what in (
        (found.right, weighted, "weight", "weighted"),
        (found.naive, spells, None, "not weighted"),
    ):
        rows = jl.survival_curve(one, by="arm", weights=weight).at(day).set_index("group")
        gap = float(rows.loc["control", "survival"] - rows.loc["treatment", "survival"])
        key = f"difference of the arms' shares purchased by day 60, {what}"
        into[key] = (gap, float(true["treatment"] - true["control"]))
    return found


def opting_out(made: SimulatedJourney, log: jl.EventLog) -> Found:
    """Censoring that goes along with a covariate: estimated within its levels, mixed again."""
    truth, found, day = made.truth, Found(), 40.0
    spells = jl.time_to(log, "purchase", "first_contact", by=["segment"], until="opted_out")
    by = jl.survival_curve(spells, by="segment").at(day).set_index("group")["survival"]
    mix = spells.frame["segment"].value_counts(normalize=True)
    true = float(reached(truth, "purchase", (day,)).iloc[0])
    share = 1 - float((by * mix).sum())
    found.right["share purchased by day 40, by segment and mixed"] = (share, true)
    crude = 1 - float(jl.survival_curve(spells).at(day)["survival"].iloc[0])
    found.naive["share purchased by day 40, opting out ignored"] = (crude, true)
    return found


def accounts(made: SimulatedJourney, log: jl.EventLog) -> Found:
    """Arms given to whole accounts: the errors themselves, to be held against the spread."""
    found = Found()
    spells = jl.time_to(log, "purchase", "first_contact", by=["arm", "account"])
    row = jl.cox(spells, "arm", cluster="account").frame.iloc[0]
    found.right["purchase: arm=treatment, by account"] = (float(row["coef"]), 0.0)
    found.right[SPREAD] = (float(row["robust_std_err"]), np.nan)
    found.naive[f"{SPREAD}, accounts ignored"] = (float(row["std_err"]), np.nan)
    return found


SPREAD = "standard error of an arm given to accounts"
_TRUTHS: dict[str, Truth] = {}  # one object a scenario, so that what follows is computed once
Estimate = Callable[[SimulatedJourney, "jl.EventLog"], Found]


@dataclass(frozen=True)
class Scenario:
    """A journey to simulate, and what is asked of it."""

    name: str
    estimate: Estimate
    arguments: dict[str, Any]
    n: int = 2000

    def run(self, seed: int) -> Found:
        """Simulate, open, estimate."""
        made = simulate(self.n, seed=seed, **self.arguments)
        made = replace(made, truth=_TRUTHS.setdefault(self.name, made.truth))
        with tempfile.TemporaryDirectory() as folder:
            return self.estimate(made, opened(made, Path(folder)))


SCENARIOS = (
    Scenario("before", before, {"early": 0.3, "rates": {"opted_out": 1 / 250}}),
    Scenario("after", after, {"early": 0.3, "rates": {"purchase": 1 / 40, "lost": 1 / 400}}),
    Scenario("whole", whole, {"rates": {"opted_out": 1 / 250}}),
    Scenario(
        "never",
        never,
        {
            "cure": 0.3,
            "rates": {"lost": 0.0, "opted_out": 0.0, "purchase": 1 / 25},
            "effects": {"purchase": {"segment=business": 0.7}},
            "cutoff": "2025-06-30",
        },
    ),
    Scenario("confounded", confounded, {"confounding": 1.5, "rates": {"lost": 0.0}}),
    Scenario(
        "opting out",
        opting_out,
        {
            "opting_out": 2.0,
            "rates": {"opted_out": 1 / 100, "lost": 0.0},
            "effects": {"purchase": {"segment=business": 1.2}},
        },
    ),
    Scenario(
        "accounts",
        accounts,
        {
            "contacts_per_account": 8,
            "account_spread": 0.8,
            "arm_by": "account",
            "rates": {"lost": 0.0, "opted_out": 0.0},
            "effects": {"purchase": {}},
        },
        n=600,
    ),
)
