"""Headline numbers of what comes after the purchase, as findings that the index collects."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from journeylib import words
from journeylib.columns import names
from journeylib.estimate.cohorts import CohortTrend
from journeylib.estimate.cox import Effects
from journeylib.estimate.incidence import Incidence
from journeylib.estimate.power import Detectable
from journeylib.estimate.promoters import PromoterScore
from journeylib.estimate.rates import Rates
from journeylib.estimate.recurrent import MeanCount
from journeylib.estimate.sequential import Sequential
from journeylib.findings import Finding, Findings, finding, ratios
from journeylib.findings.estimand import each_row, estimates
from journeylib.numbers import estimate, number

COUNTED = "(who was counted)"  # the last row of models beside each other


def counts_again(count: MeanCount, at: float) -> Findings:
    """One finding a group: how often the event has come back by a time, on average.

    Parameters
    ----------
    count
        Result of :func:`journeylib.mean_cumulative_count`.
    at
        Time at which it is read, in its unit.
    """
    event, sizes = words.event_of(count), count.about["sizes"]
    table = count.table
    told = []
    for row in each_row(count.at([at])):
        mine = (table["group"] == row.group) & (table["time"] <= at)
        told.append(
            finding(
                f"{event}: times per customer within {number(at)} {count.unit}",
                row.mean_count,
                row.low,
                row.high,
                n=count.about["ids"] if len(sizes) == 1 else None,
                events=int(table.loc[mine, "events"].sum()),
                std_err=row.std_err,
                group=None if row.group == "all" else row.group,
            )
        )
    return Findings(told)


def outcome_shares(incidence: Incidence, at: float) -> Findings:
    """One finding an outcome (and group): the share that reaches it first by a time.

    Parameters
    ----------
    incidence
        Result of :func:`journeylib.cumulative_incidence`.
    at
        Time at which it is read, in its unit.
    """
    sizes = incidence.about["sizes"]
    told = []
    for row in each_row(incidence.at([at])):
        told.append(
            finding(
                f"reach {words.name(row.outcome)} first within {number(at)} {incidence.unit}",
                **_hundred(row.incidence, row, seen=row.incidence > 0),
                unit="%",
                n=int(sizes[row.group]["n"]),
                group=None if row.group == "all" else row.group,
                of=estimates(incidence, "share", row, events=[str(row.outcome)], at=float(at)),
            )
        )
    return Findings(told)


def ratios_as(effects: Effects | None, how: str) -> Findings:
    """The hazard ratios of one of several models of the same event, told apart by its name.

    Parameters
    ----------
    effects
        Result of :func:`journeylib.cox`; None where there is no such model.
    how
        What the model does, for instance ``"time since the last"``.
    """
    if effects is None:
        return Findings()
    people = effects.about.get("ids")  # on a clock that starts anew one customer is many spells
    told = ratios(effects)
    return Findings(replace(f, name=f"{f.name} ({how})", n=people or f.n) for f in told)


def ratios_of(effects: Effects | None, columns: str) -> Findings:
    """The hazard ratios of some of a model's columns; what is only held equal is left out.

    Parameters
    ----------
    effects
        Result of :func:`journeylib.cox`; None where there is no such model.
    columns
        Names, separated by commas; none means all.
    """
    told = Findings() if effects is None else ratios(effects)
    wanted = {words.name(column) for column in names(columns)}
    return Findings(f for f in told if not wanted or f.name.rpartition(", ")[2] in wanted)


def beside(models: Mapping[str, Effects | None]) -> pd.DataFrame:
    """Hazard ratios of several models, one column a model.

    Parameters
    ----------
    models
        Name -> result of :func:`journeylib.cox`, or None where there is no such model.

    Returns
    -------
    DataFrame
        ``term`` and the models, as text: the ratio with its interval; last who was counted.
    """
    columns: dict[str, dict[str, str]] = {}
    for name, effects in models.items():
        shown = columns.setdefault(name, {})
        if effects is None:
            continue
        for row in each_row(effects.table):
            value, low, high = estimate(row.hazard_ratio, row.low, row.high, ratio=True)
            label = words.term(row.term, effects.about.get("references"))
            known = math.isfinite(row.hazard_ratio)
            shown[label] = f"{value} ({low} to {high})" if known else "no finite estimate"
        if effects is not None:
            counts = f"{effects.about['ids']:,} customers, {effects.events:,} events"
            shown[COUNTED] = counts
    frame = pd.DataFrame(columns).fillna("\N{EN DASH}")
    if COUNTED in frame.index:
        frame = frame.loc[[label for label in frame.index if label != COUNTED] + [COUNTED]]
    return frame.rename_axis("term").reset_index()


def leaving_rates(rates: Rates) -> Findings:
    """One finding a group: how often the event happens per hundred customers at risk.

    Parameters
    ----------
    rates
        Result of :func:`journeylib.event_rates`.
    """
    event = words.event_of(rates)
    label = f"{event} per 100 customers and {number(rates.per)} {rates.unit} at risk"
    told = []
    for row in each_row(rates.table):
        told.append(
            finding(
                label,
                **_hundred(row.rate, row, seen=row.events > 0),
                n=row.n,
                events=row.events,
                group=None if row.group == "all" else words.name(row.group),
            )
        )
    return Findings(told)


def promoter_scores(score: PromoterScore) -> Findings:
    """One finding a group: the net promoter score of those who answered.

    Parameters
    ----------
    score
        Result of :func:`journeylib.promoter_score`.
    """
    return Findings(
        finding(
            "net promoter score of those who answered",
            row.score,
            row.low,
            row.high,
            unit="points",
            n=row.answered,
            std_err=row.std_err,
            better="higher",
            group=None if row.group == "all" else row.group,
            of={"kind": "promoter score", "event": score.about["event"]},
        )
        for row in each_row(score.table)
        if math.isfinite(row.score)
    )


def read_out(found: Sequential) -> Findings:
    """What an experiment says: its hazard ratio, and the difference of means at the final look.

    Parameters
    ----------
    found
        Result of :func:`journeylib.sequential`. The ratio is that of the look at which the
        experiment ended, or of the latest one; its interval holds over all looks.
    """
    event = words.event_of(found)
    arms = f"{found.treated} against {found.reference}"
    row = found.table.iloc[-1 if found.stopped is None else found.stopped - 1]
    told: list[Finding] = []
    if math.isfinite(row["hazard_ratio"]):
        ends = (row["low"], row["high"])
        open_ended = not all(math.isfinite(x) and x > 0 for x in ends)
        told.append(
            finding(
                f"hazard ratio for {event}, over all looks",
                row["hazard_ratio"],
                *((None, None) if open_ended else ends),
                n=int(row["n"]),
                events=int(row["events"]),
                scale="log",
                group=arms,
            )
        )
    if found.mean_difference is not None:
        mean = found.mean_difference.iloc[0]
        told.append(
            finding(
                f"extra {found.unit} without {event}, of the first {number(mean['horizon'])}",
                mean["difference"],
                mean["low"],
                mean["high"],
                unit=found.unit,
                n=found.about["n"],
                events=found.about["events"],
                std_err=mean["std_err"],
                group=arms,
                of={
                    "kind": "excess time",
                    "event": found.about["event"],
                    "origin": found.about["clock"].origin,
                    "horizon": float(mean["horizon"]),
                    "by": list(found.by),
                    "levels": [found.treated],
                },
            )
        )
    return Findings(told)


def trends(found: CohortTrend) -> Findings:
    """The trend from cohort to cohort, and the step at a change beyond it.

    Parameters
    ----------
    found
        Result of :func:`journeylib.cohort_trend`.
    """
    event, horizon = words.event_of(found), number(found.horizon)
    unit = f"{found.unit} without {event}, of the first {horizon}"
    parts = [(f"{unit}: change from one cohort to the next", found.trend)]
    if found.step is not None:
        parts.append((f"{unit}: step at {found.change} beyond the trend", found.step))
    return Findings(
        finding(
            name,
            part["value"],
            part["low"],
            part["high"],
            unit=found.unit,
            n=found.about["n"],
            events=found.about["events"],
            std_err=part["std_err"],
            of={"kind": "cohort change", "event": found.about["event"]},
        )
        for name, part in parts
        if math.isfinite(part["value"])
    )


def smallest_ratios(found: Detectable) -> Findings:
    """One finding a group: the smallest hazard ratio that the events at hand would show.

    Parameters
    ----------
    found
        Result of :func:`journeylib.detectable`. A property of the design: no interval.
    """
    event = words.event_of(found)
    return Findings(
        finding(
            f"smallest hazard ratio for {event} that would be seen",
            row.ratio_above,
            n=row.n,
            events=row.events,
            scale="log",
            better="lower",
            group=f"{row.group} against {row.reference}",
        )
        for row in each_row(found.table)
        if math.isfinite(row.ratio_above)
    )


def _hundred(value: float, row: Any, *, seen: bool) -> dict[str, Any]:
    """A share or a rate of a hundred customers; what was never seen has no interval."""
    told = {"low": row.low, "high": row.high, "std_err": row.std_err} if seen else {}
    return {name: 100 * x for name, x in {"value": value, **told}.items()}
