"""Results as plain sentences: they compute nothing and leave out nothing.

Every sentence carries the number, its interval and who was counted. A contrast
between groups that chose themselves is described, never explained: "differ",
"go along with", not "cause". All texts of the reports stand in this file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from html import escape
from typing import Any

import numpy as np
import pandas as pd

from journeylib import numbers
from journeylib.errors import DataError
from journeylib.numbers import number

_MOST = 8  # groups or terms told one by one


class Sentence(str):
    """Text that a notebook shows as a paragraph and not as a quoted string."""

    def _repr_html_(self) -> str:
        return f"<p class='journey say'>{escape(self)}</p>"


def say(result: Any, at: float | None = None) -> Sentence:
    """Say in plain words what a result shows.

    Parameters
    ----------
    result
        A curve, incidence, comparison, restricted mean, mean count, effects or
        proportionality result, the spells themselves, or an event log.
    at
        Time at which a curve is read, in its unit. Without it the median is told.

    Returns
    -------
    Sentence
        A ``str`` that a notebook shows as a paragraph.

    Raises
    ------
    DataError
        When there are no words for this kind of result.

    Examples
    --------
    >>> import pandas as pd, journeylib as jl
    >>> days = pd.DataFrame({"time": [10, 20, 30, 40], "event": [1, 1, 1, 0]})
    >>> spells = jl.spells_from_frame(days, causes=["purchase"], unit="days")
    >>> print(say(jl.survival_curve(spells)))
    Half reach purchase within 25 days (95% interval 10 to beyond follow-up; n = 4, 3 events).
    """
    for kind in type(result).__mro__:
        if kind.__name__ in _TELLERS:
            return Sentence(_TELLERS[kind.__name__](result, at))
    raise DataError(f"there are no words for a {type(result).__name__}")


def note(text: str) -> Sentence:
    """A sentence of the notebook's own, shown as a paragraph."""
    return Sentence(text)


def name(event: object) -> str:
    """An event's or column's name as words.

    Examples
    --------
    >>> name("coupon_redeemed")
    'coupon redeemed'
    """
    return str(event).replace("_", " ").strip()


def term(text: object, references: Mapping[str, str] | None = None) -> str:
    """A model term as words: the column, its level, and the level it is held against.

    Parameters
    ----------
    text
        As the formula names it.
    references
        Factor -> reference level, as ``effects.about["references"]`` has them.

    Examples
    --------
    >>> term("C(campaign_type)[T.Type B]", {"C(campaign_type)": "Type A"})
    'campaign type: Type B against Type A'
    >>> term("log(age)"), term("number_of_visits")
    ('log(age)', 'number of visits')
    """
    column, level = term_parts(text, references)
    return f"{column}: {level}" if level else column


def term_parts(text: object, references: Mapping[str, str] | None = None) -> tuple[str, str]:
    """The column of a model term, and its level against the reference; no level for a number."""
    found = re.fullmatch(r"((?:C\()?([\w ]+?)(?:,.*)?\)?)\[T?\.?(.+)\]", str(text))
    if not found:
        return name(text), ""
    reference = (references or {}).get(found[1])
    return name(found[2]), found[3] + (f" against {reference}" if reference else "")


def percent(share: float) -> str:
    """A share as "about n of 100": one decimal below ten, none above.

    Examples
    --------
    >>> percent(0.143), percent(0.0312), percent(0.0), percent(float("nan"))
    ('14', '3.1', '0', 'unknown')
    """
    if np.isnan(share):
        return "unknown"
    value = 100 * share
    return f"{value:.0f}" if value >= 10 or value == 0 else f"{value:.1f}"


def chance(p: float) -> str:
    """A p-value with its sign, as a sentence has it.

    Examples
    --------
    >>> chance(0.00001), chance(0.5)
    ('p < 0.001', 'p = 0.50')
    """
    shown = numbers.chance(p)
    return f"p {shown[0]} {shown[1:]}" if shown.startswith("<") else f"p = {shown}"


def counted(result: Any) -> Mapping[str, int]:
    """Group -> spells counted in it."""
    return {group: int(size["n"]) for group, size in result.about.get("sizes", {}).items()}


def _shares(*shares: float) -> list[str]:
    """Shares "of 100", whole where they are large; an end without a number is said so."""
    return ["unknown" if pd.isna(x) else percent(x) for x in shares]


def _estimate(value: float, low: float, high: float, ratio: bool = False) -> tuple[str, str]:
    """A value and its interval in words, to as many digits as the interval bears."""
    shown, *ends = numbers.estimate(value, low, high, ratio=ratio)
    told = ["beyond follow-up" if end == numbers.UNKNOWN else end for end in ends]
    return shown, f"{told[0]} to {told[1]}"


def _who(group: str) -> str:
    return "" if group == "all" else f" in {group}"


def _more(total: int) -> str:
    return f" {total - _MOST} more are in the table." if total > _MOST else ""


def _curve(curve: Any, at: float | None) -> str:
    event = name(curve.about.get("event", "event"))
    told = _curve_at(curve, event, at) if at is not None else _curve_median(curve, event)
    return " ".join(told[:_MOST]) + _more(len(told))


def _curve_at(curve: Any, event: str, at: float) -> list[str]:
    n = counted(curve)
    table = curve.table
    told = []
    for row in curve.at([at]).itertuples(index=False):
        by_then = table.loc[(table["group"] == row.group) & (table["time"] <= at), "events"].sum()
        size = f"(n = {n.get(row.group, 0):,}, {int(by_then):,} events by then)"
        when = f"within {number(at)} {curve.unit}"
        if pd.isna(row.survival):
            told.append(f"Nobody{_who(row.group)} was followed for {number(at)} {curve.unit}.")
        elif not by_then:
            told.append(f"None{_who(row.group)} reach {event} {when} {size}.")
        else:
            share, low, high = _shares(1 - row.survival, 1 - row.high, 1 - row.low)
            told.append(
                f"Of 100{_who(row.group)}, about {share} ({low} to {high}) reach {event} "
                f"{when} {size}."
            )
    return told


def _curve_median(curve: Any, event: str) -> list[str]:
    n = counted(curve)
    last = curve.table.groupby("group", sort=False)["time"].max()
    events = {group: int(size["events"]) for group, size in curve.about["sizes"].items()}
    told = []
    for row in curve.median.itertuples(index=False):
        size = f"n = {n.get(row.group, 0):,}, {events[row.group]:,} events"
        who = _who(row.group)
        if pd.isna(row.quantile):
            ends = "" if pd.isna(row.low) else f"; the interval begins at {number(row.low)}"
            told.append(
                f"Fewer than half{who} reach {event} within the {number(float(last[row.group]))} "
                f"{curve.unit} of follow-up{ends} ({size})."
            )
        else:
            median, ends = _estimate(row.quantile, row.low, row.high)
            told.append(
                f"Half{who} reach {event} within {median} {curve.unit} "
                f"(95% interval {ends}; {size})."
            )
    return told


def _incidence(incidence: Any, at: float | None) -> str:
    last = float(incidence.table["time"].max()) if at is None else at
    told = []
    for row in incidence.at([last]).itertuples(index=False):
        share, low, high = _shares(row.incidence, row.low, row.high)
        told.append(
            f"Of 100{_who(row.group)}, about {share} ({low} to {high}) reach "
            f"{name(row.outcome)} first within {number(last)} {incidence.unit}."
        )
    size = f" (n = {incidence.about.get('n', 0):,}, {incidence.about.get('events', 0):,} events.)"
    return " ".join(told[:_MOST]) + _more(len(told)) + size


def _comparison(test: Any, at: float | None) -> str:
    table = test.table
    told = []
    labels = test.about.get("causes") or [test.about.get("event", "event")]
    for event, statistic, df, p in zip(
        labels, *(np.atleast_1d(x) for x in (test.statistic, test.df, test.p_value))
    ):
        verdict = (
            "differ by more than chance would explain"
            if p < 0.05
            else "do not differ by more than chance would explain"
        )
        told.append(
            f"The {len(table)} groups {verdict} in their time to {name(event)} "
            f"({test.about.get('test', 'log-rank')} test: chi-squared {number(float(statistic))} "
            f"on {number(float(df))} df, {chance(float(p))}; n = {int(table['n'].sum()):,})."
        )
    return " ".join(told)


def _rmst(result: Any, at: float | None) -> str:
    horizon, event = result.about["horizon"], name(result.about.get("event", "event"))
    told = []
    for row in result.table.itertuples(index=False):
        mean, ends = _estimate(row.rmst, row.low, row.high)
        who = "Everybody together" if row.group == "all" else row.group
        told.append(f"{who}: {mean} ({ends}) {result.unit}.")
    head = (
        f"Mean time without {event} within the first {number(horizon)} {result.unit}, "
        f"with 95% intervals (n = {result.about.get('n', 0):,}): "
    )
    return head + " ".join(told[:_MOST]) + _more(len(told))


def _scan(scan: Any, at: float | None) -> str:
    horizon, event = number(scan.about["horizon"]), name(scan.about["event"])
    clear = scan.table[scan.table["p_adjusted"] < 0.05].sort_values("difference", ascending=False)
    told = []
    for row in clear.itertuples(index=False):
        more, ends = _estimate(row.difference, row.low, row.high)
        told.append(f"{row.group} {more} ({ends}; n = {row.n:,})")
    head = f"Of {len(scan.table)} groups, {len(clear)} wait"
    tail = (
        f"than all others together, by more than chance would explain with so many groups "
        f"(mean {scan.unit} without {event} within the first {horizon}; "
        f"n = {scan.about['n']:,}, {scan.about['events']:,} events)"
    )
    if clear.empty:
        return f"{head} longer or shorter {tail}."
    return f"{head} longer or shorter {tail}: {', '.join(told[:_MOST])}.{_more(len(told))}"


def _mean_count(count: Any, at: float | None) -> str:
    last = float(count.table["time"].max()) if at is None else at
    event = name(count.about.get("event", "event"))
    told = []
    for row in count.at([last]).itertuples(index=False):
        mean, ends = _estimate(row.mean_count, row.low, row.high)
        told.append(
            f"By {number(last)} {count.unit}, a customer{_who(row.group)} has had on average "
            f"{mean} ({ends}) times {event}."
        )
    size = f" (n = {count.about.get('ids', 0):,}, {count.about.get('events', 0):,} events.)"
    return " ".join(told[:_MOST]) + _more(len(told)) + size


def _effects(effects: Any, at: float | None) -> str:
    event = name(effects.about.get("event", "event"))
    told, references = [], effects.about.get("references")
    for row in effects.table.itertuples(index=False):
        if pd.isna(row.hazard_ratio):
            told.append(f"{term(row.term, references)}: no finite estimate.")
            continue
        if pd.isna(row.low) or row.low <= 1 <= row.high:
            reading = "no difference beyond chance"
        else:
            reading = "sooner" if row.hazard_ratio > 1 else "later"
        ratio, ends = _estimate(row.hazard_ratio, row.low, row.high, ratio=True)
        told.append(f"{term(row.term, references)}: hazard ratio {ratio} ({ends}), {reading}.")
    head = (
        f"What goes along with reaching {event} sooner or later, per unit of each term and the "
        f"others held equal (n = {effects.about.get('n', 0):,}, "
        f"{effects.about.get('events', 0):,} events): "
    )
    warned = " ".join(getattr(effects, "warnings", ()))
    return " ".join([head + " ".join(told[:_MOST]) + _more(len(told)), warned]).strip()


def _fine_gray(model: Any, at: float | None) -> str:
    event, others = name(model.about["event"]), " or ".join(map(name, model.about["others"]))
    told, references = [], model.about.get("references")
    for row in model.table.itertuples(index=False):
        shown = term(row.term, references)
        if pd.isna(row.hazard_ratio):
            told.append(f"{shown}: no finite estimate.")
            continue
        sure = not pd.isna(row.low) and not row.low <= 1 <= row.high
        reading = "a larger share" if row.hazard_ratio > 1 else "a smaller share"
        ratio, ends = _estimate(row.hazard_ratio, row.low, row.high, ratio=True)
        told.append(
            f"{shown}: subdistribution hazard ratio {ratio} ({ends}), "
            f"{reading if sure else 'no difference beyond chance'}."
        )
    head = (
        f"What goes along with a larger or smaller share that ends with {event}"
        f"{f' rather than {others}' if others else ''}, the other terms held equal "
        f"(n = {model.about['n']:,}, {model.about['events']:,} events): "
    )
    warned = " ".join(model.warnings)
    return " ".join([head + " ".join(told[:_MOST]) + _more(len(told)), warned]).strip()


def _side_by_side(both: Any, at: float | None) -> str:
    references, told = both.about.get("references"), []
    table = both.table.pivot(index=["cause", "term"], columns="model")
    for cause, label in both.table[["cause", "term"]].drop_duplicates().itertuples(index=False):
        shown = []
        for model, what in (("cause-specific", "pace"), ("subdistribution", "share")):
            three = [table.loc[(cause, label), (c, model)] for c in ("hazard_ratio", "low", "high")]
            ratio, ends = _estimate(three[0], three[1], three[2], ratio=True)
            shown.append(f"{what} {ratio} ({ends})")
        told.append(f"{name(cause)}, {term(label, references)}: {', '.join(shown)}.")
    events = ", ".join(f"{n:,} {name(e)}" for e, n in both.about["events_by_cause"].items())
    size = f" Hazard ratios with 95% intervals (n = {both.about['n']:,}; {events}): "
    return (
        " ".join(both.about["answers"].values()) + size + " ".join(told[:_MOST]) + _more(len(told))
    )


def _assessment(found: Any, at: float | None) -> str:
    table, event = found.table, name(found.about["event"])
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
        share, low, high = _shares(row.auc, row.auc_low, row.auc_high)
        told.append(
            f"Of 100 pairs of customers, one with {event} {when} and one without, the model gave "
            f"the higher risk to the one with it in about {share} ({low} to {high}; 50 is "
            "chance)."
        )
    score, ends = _estimate(row.brier, row.brier_low, row.brier_high)
    told.append(
        f"The squared error of the predicted risk is {score} ({ends}), against "
        f"{number(float(row.brier_null), 3)} for one risk for everybody."
    )
    if not pd.isna(found.ibs):
        score, ends = _estimate(found.ibs, found.ibs_low, found.ibs_high)
        told.append(
            f"Averaged over {number(float(table['time'].iloc[0]))} to {number(found.horizon)} "
            f"{found.unit} it is {score} ({ends}), against {number(found.ibs_null, 3)}."
        )
    return f"On customers the model had not seen {who}: " + " ".join(told) + f" {found.reason}"


def _calibration(found: Any, at: float | None) -> str:
    event, told = name(found.about["event"]), []
    for row in found.measures.itertuples(index=False):
        if pd.isna(row.value):
            told.append(f"{row.measure}: not estimable.")
        else:
            value, ends = _estimate(row.value, row.low, row.high)
            told.append(f"{row.measure} {value} ({ends}).")
    apart = found.table.dropna(subset=["low", "high"])
    off = int(((apart["predicted"] < apart["low"]) | (apart["predicted"] > apart["high"])).sum())
    return (
        f"Predicted against observed risk of {event} by {number(found.at)} {found.unit} "
        f"(n = {found.about['n']:,}): {' '.join(told)} A ratio and a slope of 1 and an intercept "
        f"of 0 are right. In {off} of {len(apart)} groups of equal risk the prediction lies "
        "outside the 95% interval of what was observed."
    )


def _weighting(found: Any, at: float | None) -> str:
    table, group = found.table, name(found.about["treatment"])
    before, after = (float(table[c].abs().max()) for c in ("smd_before", "smd_after"))
    worst = table.loc[table["smd_after"].abs().idxmax(), "term"]
    worth = "; ".join(
        f"{label}: {n:,} worth {number(size, 3)} equally weighted ones"
        for label, n, size, *_ in found.sizes.itertuples(index=False)
    )
    cut = found.about["truncated"]
    told = [
        f"The groups of {group} are weighted to be alike in "
        f"{', '.join(map(name, found.about['covariates']))} (n = {found.about['n']:,}). "
        "The largest standardised difference of means was "
        f"{number(before, 2)} before and is {number(after, 2)} after weighting ({term(worst)}); "
        "below 0.1 is taken for alike.",
        f"{worth}.",
        "What is not among these covariates may still differ between the groups.",
    ]
    if cut:
        told.insert(2, f"{cut:,} weights were truncated.")
    return " ".join([*told, *(f"{w[0].upper()}{w[1:]}." for w in found.warnings)])


def _proportionality(test: Any, at: float | None) -> str:
    table = test.table
    bad = table[(table["p"] < 0.05) & (table["term"] != "GLOBAL")]
    overall = table[table["term"] == "GLOBAL"].iloc[0]
    if pd.isna(overall.p):
        return "No term has a finite estimate whose constancy could be tested."
    head = (
        f"Constant hazard ratios: chi-squared {number(overall.chisq)} on {number(overall.df)} df, "
        f"{chance(overall.p)} for all terms together."
    )
    if bad.empty:
        return f"{head} No term changes over time by more than chance would explain."
    terms = ", ".join(f"{term(r.term)} ({chance(r.p)})" for r in bad.head(_MOST).itertuples())
    return (
        f"{head} Not constant over time: {terms}. Read these ratios as averages over the "
        "follow-up and look at the curves."
    )


def _spells(spells: Any, at: float | None) -> str:
    c = spells.clock
    return (
        f"The clock starts {c.starts} and stops at {c.stops}; {c.censors} is censored; {c.enters}."
    )


def _occupancy(result: Any, at: float | None) -> str:
    last = float(result.table["time"].max()) if at is None else at
    told = []
    for row in result.at([last]).itertuples(index=False):
        share, low, high = _shares(row.probability, row.low, row.high)
        told.append(f"{name(row.stage)}{_who(row.group)} {share} ({low} to {high})")
    size = f"(n = {result.about['n']:,}, {result.about['events']:,} moves; 95% intervals)"
    return f"Of 100 customers, {number(last)} {result.unit} on: {', '.join(told)} {size}."


def _flows(result: Any, at: float | None) -> str:
    told = []
    for move in result.table.sort_values("share", ascending=False).to_dict("records"):
        share, low, high = _shares(move["share"], move["low"], move["high"])
        told.append(f"{name(move['from'])} to {name(move['to'])} {share} ({low} to {high})")
    horizon, n = number(result.about["horizon"]), result.about["n"]
    moves = ", ".join(told[:_MOST])
    return (
        f"Of 100 customers, within {horizon} {result.unit}: {moves}.{_more(len(told))} "
        f"(n = {n:,}; 95% intervals.)"
    )


def _log(log: Any, at: float | None) -> str:
    audit = log.audit
    return (
        f"{log.journey.name}: {audit.n_kept:,} events of {log.customers:,} customers, "
        f"{log.window}; {audit.n_dropped:,} of {audit.came_in:,} rows left out."
    )


_TELLERS: dict[str, Callable[[Any, float | None], str]] = {
    "Curve": _curve,
    "Incidence": _incidence,
    "Comparison": _comparison,
    "RestrictedMean": _rmst,
    "SegmentScan": _scan,
    "MeanCount": _mean_count,
    "Effects": _effects,
    "FineGray": _fine_gray,
    "SideBySide": _side_by_side,
    "Assessment": _assessment,
    "Calibration": _calibration,
    "Weighting": _weighting,
    "Proportionality": _proportionality,
    "Occupancy": _occupancy,
    "Flows": _flows,
    "Spells": _spells,
    "EventLog": _log,
}
