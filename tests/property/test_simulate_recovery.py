"""Each effect put into the simulation is found by the estimator meant for it; the naive one errs.

Bias is judged against Monte-Carlo standard errors over replications with fixed
seeds: none of several effects may lie beyond 2.6 of them, and together (as
chi-squared) they may not be unusual at one in a hundred.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2

from journeylib.estimate.cox import cox
from journeylib.estimate.curves import survival_curve
from journeylib.simulation import SimulatedJourney, simulate
from journeylib.spells import Spells, spells_from_frame

DAY = pd.Timedelta(days=1)
MARKS = "search_social + display + referral + store + video + review + business + treated"
TRUE = {
    "search_social": "channel=social",
    "display": "channel=display",
    "referral": "channel=referral",
    "store": "channel=store",
    "video": "content=video",
    "review": "content=review",
    "business": "segment=business",
    "treated": "arm=treatment",
}


def base(
    made: SimulatedJourney, origin: str | None = None, ends: tuple[str, ...] = ()
) -> pd.DataFrame:
    """One row a customer: days to the first of several ends since the origin, and 0/1 marks."""
    events = made.events
    first = events.groupby(["customer_id", "event"])["at"].min().unstack()
    rows = made.customers.set_index("customer_id").join(first)
    rows["origin"] = rows["first_contact"] if origin is None else rows[origin]
    rows = rows[rows["origin"].notna()].copy()
    closing = made.window[1] + pd.Timedelta(seconds=1)
    known = [c for c in (*ends, "opted_out") if c in rows]
    rows["end"] = rows[known].min(axis=1).fillna(closing)
    rows["stop"] = (rows["end"] - rows["origin"]) / DAY
    rows["start"] = ((made.window[0] - rows["origin"]) / DAY).clip(lower=0)
    for name, term in TRUE.items():
        mark, _, level = term.partition("=")
        column = mark if mark in rows else f"first_{mark}"
        rows[name] = (rows[column] == level).astype(float)
    rows = rows[rows["stop"] > rows["start"]]
    return rows.reset_index()


def to_event(
    made: SimulatedJourney, event: str, other: str, origin: str | None = None
) -> pd.DataFrame:
    rows = base(made, origin, (event, other))
    rows["event"] = (rows[event] == rows["end"]).astype(int) if event in rows else 0
    return rows


def split(rows: pd.DataFrame, exposures: dict[str, pd.Series]) -> pd.DataFrame:
    """Rows split where a 0/1 exposure begins; on from strictly after that moment."""
    for name, days in exposures.items():
        when = rows["customer_id"].map(days)
        inside = (when > rows["start"]) & (when < rows["stop"])
        rows[name] = (when <= rows["start"]).astype(float)
        before = rows[inside].assign(stop=when[inside], event=0)
        after = rows[inside].assign(start=when[inside], **{name: 1.0})
        rows = pd.concat([rows[~inside], before, after], ignore_index=True)
    return rows


def spells(rows: pd.DataFrame) -> Spells:
    return spells_from_frame(rows, start="start", stop="stop", cause="event", id="customer_id")


def since(rows: pd.DataFrame, event: str) -> pd.Series:
    return pd.Series(
        ((rows[event] - rows["origin"]) / DAY).to_numpy(), index=rows["customer_id"].to_numpy()
    ).dropna()


def slim(rows: pd.DataFrame, *covariates: str) -> pd.DataFrame:
    return rows[["customer_id", "start", "stop", "event", *covariates]]


def coefficients(rows: pd.DataFrame, formula: str) -> pd.Series:
    names = [n.strip() for n in formula.split("+")]
    return cox(spells(slim(rows, *names)), formula).frame.set_index("term")["coef"]


def judged(estimates: list[pd.Series], true: dict[str, float]) -> pd.DataFrame:
    """Bias of each effect in Monte-Carlo standard errors."""
    frame = pd.DataFrame(estimates)[list(true)]
    bias = frame.mean() - pd.Series(true)
    error = frame.std() / np.sqrt(len(frame))
    return pd.DataFrame({"bias": bias, "error": error, "z": bias / error})


def unbiased(estimates: list[pd.Series], true: dict[str, float]) -> None:
    found = judged(estimates, true)
    assert found["z"].abs().max() < 2.6, found
    assert (found["z"] ** 2).sum() < chi2.isf(0.01, len(found)), found


REPLICATIONS = range(20)


@pytest.fixture(scope="module")
def journeys():
    """With delayed entry, and censoring that depends on the segment."""
    return [
        simulate(1500, seed=100 + s, early=0.3, opting_out=0.8, rates={"opted_out": 1 / 250})
        for s in REPLICATIONS
    ]


def purchase_rows(made: SimulatedJourney) -> pd.DataFrame:
    rows = to_event(made, "purchase", "lost")
    return split(rows, {"mailed": since(rows, "email"), "promoted": since(rows, "promotion")})


def test_effects_on_purchase_are_found(journeys):
    truth = journeys[0].truth
    true = {n: truth.log_hazard_ratio("purchase", t) for n, t in TRUE.items()}
    true |= {
        "mailed": truth.log_hazard_ratio("purchase", "email"),
        "promoted": truth.log_hazard_ratio("purchase", "promotion"),
    }
    formula = f"{MARKS} + mailed + promoted"
    unbiased([coefficients(purchase_rows(made), formula) for made in journeys], true)


def test_an_email_taken_as_known_from_the_start_looks_harmful_or_weak(journeys):
    """Whoever waits longer gets more e-mail: immortal time pulls the ratio down."""
    naive = []
    for made in journeys:
        rows = to_event(made, "purchase", "lost")
        mailed = rows["email"].notna() & (rows["email"] <= rows["end"])
        naive.append(coefficients(rows.assign(mailed=mailed.astype(float)), f"{MARKS} + mailed"))
    true = journeys[0].truth.log_hazard_ratio("purchase", "email")
    found = judged(naive, {"mailed": true})
    assert found.loc["mailed", "bias"] < -0.3
    assert found.loc["mailed", "z"] < -5


def test_what_happens_after_the_purchase_changes_churn(journeys):
    truth = journeys[0].truth
    estimates = []
    for made in journeys:
        rows = base(made, "purchase", ("cancelled",))
        rows["event"] = (rows["cancelled"] == rows["end"]).astype(int)
        known = {"support": "support_contact", "loyal": "loyalty_joined"}
        known["referred"] = "referral_sent"
        rows = split(rows, {name: since(rows, event) for name, event in known.items()})
        scores = made.events[made.events["event"] == "survey"]
        rows = with_last_score(rows, scores)
        terms = "business + support + loyal + referred + detractor + promoter + passive"
        estimates.append(coefficients(rows, terms))
    true = {
        "business": truth.log_hazard_ratio("cancelled", "segment=business"),
        "support": truth.log_hazard_ratio("cancelled", "support_contact"),
        "loyal": truth.log_hazard_ratio("cancelled", "loyalty_joined"),
        "referred": truth.log_hazard_ratio("cancelled", "referral_sent"),
        "detractor": truth.log_hazard_ratio("cancelled", "detractor"),
        "promoter": truth.log_hazard_ratio("cancelled", "promoter"),
        "passive": 0.0,
    }
    unbiased(estimates, true)


def with_last_score(rows: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """Rows split at each score; the flags are those of the last score strictly before."""
    asked = scores.merge(rows[["customer_id", "origin"]].drop_duplicates(), on="customer_id")
    asked["day"] = (asked["at"] - asked["origin"]) / DAY
    parts = []
    grouped = dict(list(asked.groupby("customer_id")))
    for row in rows.to_dict("records"):
        g = grouped.get(row["customer_id"])
        days = [] if g is None else g["day"].tolist()
        values = [] if g is None else g["score"].tolist()
        inside = [d for d in days if row["start"] < d < row["stop"]]
        cuts = [row["start"], *inside, row["stop"]]
        for a, b in pairwise(cuts):
            known = [v for d, v in zip(days, values) if d <= a]
            last = known[-1] if known else None
            parts.append(
                {
                    **row,
                    "start": a,
                    "stop": b,
                    "event": row["event"] if b == row["stop"] else 0,
                    "detractor": float(last is not None and last <= 6),
                    "passive": float(last is not None and 7 <= last <= 8),
                    "promoter": float(last is not None and last >= 9),
                }
            )
    return pd.DataFrame(parts)


def test_ignoring_delayed_entry_overstates_survival(journeys):
    """Those watched late had to survive until then: from the origin they seem immortal."""
    t, true = 30.0, journeys[0].truth
    right, naive = [], []
    for made in journeys:
        # both exits together are the event, so that the truth is one minus both shares
        rows = base(made, None, ("purchase", "lost"))
        rows["event"] = (rows[["purchase", "lost"]].min(axis=1) == rows["end"]).astype(int)
        for found, late in ((right, rows["start"]), (naive, 0.0)):
            curve = survival_curve(spells(slim(rows.assign(start=late))))
            found.append(float(curve.at([t]).survival.iloc[0]))
    gone = sum(true.reached(e, [t])["probability"][0] for e in ("purchase", "lost"))
    z = judged([pd.Series({"s": v}) for v in right], {"s": 1 - gone})["z"].iloc[0]
    worse = judged([pd.Series({"s": v}) for v in naive], {"s": 1 - gone})
    assert abs(z) < 2.6
    assert worse["bias"].iloc[0] > 0.03 and worse["z"].iloc[0] > 5


def test_lost_customers_censored_overstate_purchase(journeys):
    """One minus Kaplan-Meier answers a question about a world without leaving."""
    t = 120.0
    naive = []
    for made in journeys:
        rows = to_event(made, "purchase", "lost")
        curve = survival_curve(spells(slim(rows)))
        naive.append(1 - float(curve.at([t]).survival.iloc[0]))
    true = journeys[0].truth.reached("purchase", [t])["probability"][0]
    found = judged([pd.Series({"p": v}) for v in naive], {"p": true})
    assert found["bias"].iloc[0] > 0.05 and found["z"].iloc[0] > 5


def test_treatment_that_follows_the_segment_needs_adjustment():
    made = [simulate(1500, seed=300 + s, confounding=1.5) for s in REPLICATIONS]
    true = made[0].truth.log_hazard_ratio("purchase", "arm=treatment")
    rows = [purchase_rows(one) for one in made]
    adjusted = [coefficients(r, f"{MARKS} + mailed + promoted") for r in rows]
    naive = [coefficients(r, "treated") for r in rows]
    unbiased(adjusted, {"treated": true})
    found = judged(naive, {"treated": true})
    assert found.loc["treated", "bias"] > 0.05 and found.loc["treated", "z"] > 4


def test_censoring_that_depends_on_a_covariate_needs_its_strata():
    """Quick buyers opt out sooner: the crude curve lacks them; strata, mixed again, do not."""
    t = 40.0
    made = [
        simulate(
            1500,
            seed=500 + s,
            opting_out=2.0,
            rates={"opted_out": 1 / 100, "lost": 0.0},
            effects={"purchase": {"segment=business": 1.2}},
        )
        for s in REPLICATIONS
    ]
    true = 1 - made[0].truth.reached("purchase", [t])["probability"][0]
    crude, mixed = [], []
    for one in made:
        rows = to_event(one, "purchase", "lost")
        stays = spells(slim(rows, "segment"))
        crude.append(pd.Series({"s": float(survival_curve(stays).at([t]).survival.iloc[0])}))
        by = survival_curve(stays, by="segment").at([t]).set_index("group")["survival"]
        share = rows["segment"].value_counts(normalize=True)
        mixed.append(pd.Series({"s": float((by * share).sum())}))
    unbiased(mixed, {"s": true})
    found = judged(crude, {"s": true})
    assert found["bias"].iloc[0] > 0.02 and found["z"].iloc[0] > 5


def test_an_account_of_contacts_is_a_cluster():
    """Arms given to whole accounts that differ: only the robust error tells the spread."""
    rows = [
        base(made, None, ("purchase",)).assign(
            event=lambda r: (r["purchase"] == r["end"]).astype(int)
        )
        for made in (
            simulate(
                600,
                seed=700 + s,
                contacts_per_account=8,
                account_spread=0.8,
                arm_by="account",
                rates={"lost": 0.0},
                effects={"purchase": {}},
            )
            for s in range(40)
        )
    ]
    fits = [cox(spells(slim(r, "treated", "account")), "treated", cluster="account") for r in rows]
    frame = pd.concat([f.frame for f in fits])
    spread = frame["coef"].std()
    assert frame["std_err"].mean() < 0.8 * spread
    assert 0.8 * spread < frame["robust_std_err"].mean() < 1.2 * spread
