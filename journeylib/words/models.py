"""Sentences on models: what goes along with the event, and how far a model can be trusted."""

from __future__ import annotations

from typing import Any

import pandas as pd

from journeylib.numbers import number
from journeylib.words.parts import (
    MOST,
    and_more,
    chance,
    estimate,
    event_of,
    name,
    shares,
    term,
    told_as,
)

MOST_TERMS = 12  # of a model that are told one by one
LOG, PER_LOG = " (log)", "A term in logs: the ratio is for 2.7 times as much."
MISSING = " is missing"  # how an audit says why a row is not in a model


def effects(effects: Any, at: float | None) -> str:
    """Hazard ratios, one a term."""
    event = event_of(effects)
    told, references = [], effects.about.get("references")
    for row in effects.table.itertuples(index=False):
        if pd.isna(row.hazard_ratio):
            told.append(f"{term(row.term, references)}: no finite estimate")
            continue
        if pd.isna(row.low) or row.low <= 1 <= row.high:
            reading = "no difference beyond chance"
        else:
            reading = "sooner" if row.hazard_ratio > 1 else "later"
        ratio, ends = estimate(row.hazard_ratio, row.low, row.high, ratio=True)
        told.append(f"{term(row.term, references)}: hazard ratio {ratio} ({ends}), {reading}")
    head = (
        f"What goes along with reaching {event} sooner or later, per unit of each term, the "
        f"others held equal (n = {effects.about.get('n', 0):,}, "
        f"{effects.about.get('events', 0):,} events; 95% intervals in brackets):"
    )
    logs = any(LOG in line for line in told)
    tail = [PER_LOG if logs else "", _left_out(effects), *getattr(effects, "warnings", ())]
    return told_as(head, told, " ".join(filter(None, tail)), most=MOST_TERMS)


def _left_out(effects: Any) -> str:
    """Who is not in a model because something that it needs is not known of them."""
    audit = getattr(effects, "audit", None)
    if audit is None:
        return ""
    missing = {why: n for why, n in audit.dropped.items() if n and why.endswith(MISSING)}
    if not missing:
        return ""
    whole = audit.n_kept + sum(missing.values())
    what = ", ".join(f"no {name(why.removesuffix(MISSING))}: {n:,}" for why, n in missing.items())
    return f"Left out: {sum(missing.values()):,} of {whole:,} {audit.of} ({what})."


def fine_gray(model: Any, at: float | None) -> str:
    """Ratios of the hazard of an incidence."""
    event, others = event_of(model), " or ".join(map(name, model.about["others"]))
    told, references = [], model.about.get("references")
    for row in model.table.itertuples(index=False):
        shown = term(row.term, references)
        if pd.isna(row.hazard_ratio):
            told.append(f"{shown}: no finite estimate")
            continue
        sure = not pd.isna(row.low) and not row.low <= 1 <= row.high
        reading = "a larger share" if row.hazard_ratio > 1 else "a smaller share"
        ratio, ends = estimate(row.hazard_ratio, row.low, row.high, ratio=True)
        told.append(
            f"{shown}: subdistribution hazard ratio {ratio} ({ends}), "
            f"{reading if sure else 'no difference beyond chance'}"
        )
    head = (
        f"What goes along with a larger or smaller share that ends with {event}"
        f"{f' rather than {others}' if others else ''}, the other terms held equal "
        f"(n = {model.about['n']:,}, {model.about['events']:,} events; 95% intervals in brackets):"
    )
    return told_as(head, told, " ".join(model.warnings))


def side_by_side(both: Any, at: float | None) -> str:
    """Cause-specific and incidence ratios beside each other."""
    references, told = both.about.get("references"), []
    table = both.table.pivot(index=["cause", "term"], columns="model")
    for cause, label in both.table[["cause", "term"]].drop_duplicates().itertuples(index=False):
        shown = []
        for model, what in (("cause-specific", "pace"), ("subdistribution", "share")):
            three = [table.loc[(cause, label), (c, model)] for c in ("hazard_ratio", "low", "high")]
            ratio, ends = estimate(three[0], three[1], three[2], ratio=True)
            shown.append(f"{what} {ratio} ({ends})")
        told.append(f"{name(cause)}, {term(label, references)}: {', '.join(shown)}.")
    events = ", ".join(f"{n:,} {name(e)}" for e, n in both.about["events_by_cause"].items())
    size = f" Hazard ratios with 95% intervals (n = {both.about['n']:,}; {events}): "
    return (
        " ".join(both.about["answers"].values())
        + size
        + " ".join(told[:MOST])
        + and_more(len(told))
    )


def proportionality(test: Any, at: float | None) -> str:
    """Whether ratios stay the same over time."""
    table = test.table
    bad = table[(table["p"] < 0.05) & (table["term"] != "GLOBAL")]
    overall = table[table["term"] == "GLOBAL"].iloc[0]
    if pd.isna(overall.p):
        return "No term has a finite estimate whose constancy could be tested."
    head = (
        f"Constant hazard ratios: chi-squared {number(overall.chisq, 3)} on {number(overall.df)} "
        f"df, {chance(overall.p)} for all terms together."
    )
    if bad.empty:
        return f"{head} No term changes over time by more than chance would explain."
    terms = ", ".join(f"{term(r.term)} ({chance(r.p)})" for r in bad.head(MOST).itertuples())
    return (
        f"{head} Not constant over time: {terms}. Read these ratios as averages over the "
        "follow-up and look at the curves."
    )


def assessment(found: Any, at: float | None) -> str:
    """How well a model predicts."""
    table, event = found.table, event_of(found)
    who = f"(n = {found.about['n']:,}, {found.about['events']:,} events)"
    if table.empty:
        return (
            f"Predictions of {event} could not be judged on these customers {who}. {found.reason}"
        )
    row = table.iloc[-1]
    if at is not None:
        if pd.isna(found.horizon) or at > found.horizon:
            return (
                f"Nothing is said about predictions of {event} at {number(at)} {found.unit}. "
                f"{found.reason}"
            )
        row = table.iloc[int((table["time"] - at).abs().argmin())]
    when = f"by {number(float(row.time))} {found.unit}"
    told = []
    if not pd.isna(row.auc):
        share, low, high = shares(row.auc, row.auc_low, row.auc_high)
        told.append(
            f"Of 100 pairs of customers, one with {event} {when} and one without, the model gave "
            f"the higher risk to the one with it in about {share} ({low} to {high}; 50 is "
            "chance)."
        )
    score, ends = estimate(row.brier, row.brier_low, row.brier_high)
    told.append(
        f"The squared error of the predicted risk is {score} ({ends}), against "
        f"{number(float(row.brier_null), 3)} for one risk for everybody."
    )
    if not pd.isna(found.ibs):
        score, ends = estimate(found.ibs, found.ibs_low, found.ibs_high)
        told.append(
            f"Averaged over {number(float(table['time'].iloc[0]))} to {number(found.horizon)} "
            f"{found.unit} it is {score} ({ends}), against {number(found.ibs_null, 3)}."
        )
    return f"On customers the model had not seen {who}: " + " ".join(told) + f" {found.reason}"


def calibration(found: Any, at: float | None) -> str:
    """Whether predicted shares are those seen."""
    event, told = event_of(found), []
    for row in found.measures.itertuples(index=False):
        if pd.isna(row.value):
            told.append(f"{row.measure}: not estimable.")
        else:
            value, ends = estimate(row.value, row.low, row.high)
            told.append(f"{row.measure} {value} ({ends}).")
    apart = found.table.dropna(subset=["low", "high"])
    off = int(((apart["predicted"] < apart["low"]) | (apart["predicted"] > apart["high"])).sum())
    return (
        f"Predicted against observed risk of {event} by {number(found.at)} {found.unit} "
        f"(n = {found.about['n']:,}): {' '.join(told)} A ratio and a slope of 1 and an intercept "
        f"of 0 are right. In {off} of {len(apart)} groups of equal risk the prediction lies "
        "outside the 95% interval of what was observed."
    )
