"""Sentences on curves and means: when, how many, how long."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from journeylib.numbers import number
from journeylib.words.parts import (
    LIST_FROM,
    MOST,
    and_more,
    counted,
    estimate,
    event_of,
    in_group,
    listed,
    name,
    of_group,
    shares,
    span,
    whom,
)


def curve(curve: Any, at: float | None) -> str:
    """How many by a time, or the median."""
    event = event_of(curve)
    several = len(curve.groups) >= LIST_FROM
    if at is None:
        return median_list(curve, event) if several else " ".join(curve_median(curve, event))
    return share_list(curve, event, at) if several else " ".join(curve_at(curve, event, at))


def curve_at(curve: Any, event: str, at: float) -> list[str]:
    """One sentence a group: how many by a time."""
    told: list[str] = []
    for row, size in _by_then(curve, at):
        whose = of_group(curve, row.group)
        # the time is explained once
        when = f"within {f'{number(at)} {curve.unit}' if told else span(at, curve.unit)}"
        if pd.isna(row.survival):
            told.append(f"Nobody{whose} was followed for {number(at)} {curve.unit}.")
        elif not size["events"]:
            told.append(f"None{those(whose)} reach {event} {when} ({_told(size)}).")
        else:
            share, low, high = shares(1 - row.survival, 1 - row.high, 1 - row.low)
            told.append(
                f"Of 100 {whom(curve)}{whose}, about {share} ({low} to {high}) reach {event} "
                f"{when} ({_told(size)})."
            )
    return told


def share_list(curve: Any, event: str, at: float) -> str:
    """One line a group: how many by a time."""
    lines = []
    for row, size in _by_then(curve, at):
        if pd.isna(row.survival):
            lines.append(f"{row.group}: nobody was followed so long")
        elif not size["events"]:
            lines.append(f"{row.group}: none ({_told(size)})")
        else:
            share, low, high = shares(1 - row.survival, 1 - row.high, 1 - row.low)
            lines.append(f"{row.group}: about {share} ({low} to {high}; {_told(size)})")
    head = (
        f"Of 100 {whom(curve)} in each group{_columns(curve)}, so many reach {event} within "
        f"{span(at, curve.unit)}:"
    )
    return listed(head, lines)


def _by_then(curve: Any, at: float) -> Iterator[tuple[Any, dict[str, int]]]:
    """Each group's row at a time, with who was counted and the events by then."""
    n, table = counted(curve), curve.table
    for row in curve.at([at]).itertuples(index=False):
        by_then = table.loc[(table["group"] == row.group) & (table["time"] <= at), "events"].sum()
        yield row, {"n": n.get(row.group, 0), "events": int(by_then)}


def _told(size: dict[str, int]) -> str:
    return f"n = {size['n']:,}, {size['events']:,} events by then"


def _columns(result: Any) -> str:
    return f" ({' and '.join(name(column) for column in result.by)})" if result.by else ""


def those(whose: str) -> str:
    """A group as the part of which something is said."""
    return f" of those{whose}" if whose else ""


def curve_median(curve: Any, event: str) -> list[str]:
    """One sentence a group: by when half."""
    told = []
    for row, size, last in _halves(curve):
        who = those(of_group(curve, row.group))
        if pd.isna(row.quantile):
            ends = "" if pd.isna(row.low) else f"; the interval begins at {number(row.low)}"
            told.append(
                f"Fewer than half{who} reach {event} while we watched, at most "
                f"{span(last, curve.unit)}{ends} ({size})."
            )
        else:
            median, ends = estimate(row.quantile, row.low, row.high)
            told.append(
                f"Half{who} reach {event} within {median} {curve.unit} "
                f"(95% interval {ends}; {size})."
            )
    return told


def median_list(curve: Any, event: str) -> str:
    """One line a group: by when half."""
    lines = []
    for row, size, last in _halves(curve):
        if pd.isna(row.quantile):
            watched = f"fewer than half while we watched, at most {number(last)} {curve.unit}"
            lines.append(f"{row.group}: {watched} ({size})")
        else:
            median, ends = estimate(row.quantile, row.low, row.high)
            lines.append(f"{row.group}: {median} {curve.unit} (95% interval {ends}; {size})")
    return listed(f"Half of each group{_columns(curve)} reach {event} within:", lines)


def _halves(curve: Any) -> Iterator[tuple[Any, str, float]]:
    """Each group's median, who was counted, and how long the group was watched."""
    n = counted(curve)
    last = curve.table.groupby("group", sort=False)["time"].max()
    events = {group: int(size["events"]) for group, size in curve.about["sizes"].items()}
    for row in curve.median.itertuples(index=False):
        size = f"n = {n.get(row.group, 0):,}, {events[row.group]:,} events"
        yield row, size, float(last[row.group])


def hazard(found: Any, at: float | None) -> str:
    """The accumulated hazard by a time: events a customer would have who never leaves."""
    event, n = event_of(found), counted(found)
    last = float(found.table["time"].max()) if at is None else at
    told = []
    for row in found.at([last]).itertuples(index=False):
        size = f"(n = {n.get(row.group, 0):,})"
        if pd.isna(row.cumulative_hazard):
            told.append(
                f"Nobody{in_group(row.group)} was followed for {number(last)} {found.unit} {size}."
            )
            continue
        value, ends = estimate(row.cumulative_hazard, row.low, row.high)
        told.append(
            f"By {number(last)} {found.unit}, the hazard of {event}{in_group(row.group)} has "
            f"added up to {value} ({ends}) {size}."
        )
    size = f" ({found.about.get('events', 0):,} events; 95% intervals.)"
    return " ".join(told[:MOST]) + and_more(len(told)) + size


def incidence(incidence: Any, at: float | None) -> str:
    """How many reach each outcome first."""
    last = float(incidence.table["time"].max()) if at is None else at
    told: list[str] = []
    for row in incidence.at([last]).itertuples(index=False):
        share, low, high = shares(row.incidence, row.low, row.high)
        whose = "" if row.group == "all" else f"{row.group}: "
        ends = "" if pd.isna(row.low) else f" ({low} to {high})"
        told.append(f"{whose}{name(row.outcome)} about {share}{ends}")
    head = (
        f"Of 100 {whom(incidence)}{' in each group' if incidence.by else ''}{_columns(incidence)}, "
        f"so many within {span(last, incidence.unit)}, each counted by what comes first:"
    )
    size = (
        f"n = {incidence.about.get('n', 0):,}, {incidence.about.get('events', 0):,} events; 95% "
        "intervals in brackets."
    )
    return listed(head, told, size)


def rmst(result: Any, at: float | None) -> str:
    """Mean time without the event up to a horizon."""
    horizon, event = result.about["horizon"], event_of(result)
    told = []
    for row in result.table.itertuples(index=False):
        mean, ends = estimate(row.rmst, row.low, row.high)
        who = "Everybody together" if row.group == "all" else row.group
        told.append(f"{who}: {mean} ({ends}) {result.unit}")
    head = (
        f"Mean time without {event} within the first {span(horizon, result.unit)}, "
        f"with 95% intervals (n = {result.about.get('n', 0):,}):"
    )
    return listed(head, told) if len(told) >= LIST_FROM else f"{head} {'. '.join(told)}."


def mean_count(count: Any, at: float | None) -> str:
    """How often, on average, by a time."""
    last = float(count.table["time"].max()) if at is None else at
    event = event_of(count)
    told: list[str] = []
    for row in count.at([last]).itertuples(index=False):
        mean, ends = estimate(row.mean_count, row.low, row.high)
        when = f"{number(last)} {count.unit}" if told else span(last, count.unit)
        told.append(
            f"Within {when}, {event} has happened {mean} ({ends}) times per customer"
            f"{of_group(count, row.group)}, on average."
        )
    size = (
        f" (n = {count.about.get('ids', 0):,}, {count.about.get('events', 0):,} events; 95% "
        "intervals in brackets.)"
    )
    return " ".join(told[:MOST]) + and_more(len(told)) + size


def occupancy(result: Any, at: float | None) -> str:
    """How many are in each stage."""
    last = float(result.table["time"].max()) if at is None else at
    told = []
    for row in result.at([last]).itertuples(index=False):
        share, low, high = shares(row.probability, row.low, row.high)
        ends = "" if pd.isna(row.low) else f" ({low} to {high})"
        told.append(f"{name(row.stage)}{in_group(row.group)}: {share}{ends}")
    size = f"n = {result.about['n']:,}, {result.about['events']:,} moves; 95% intervals."
    return listed(f"Of 100 customers, {span(last, result.unit)} on:", told, size)


def flows(result: Any, at: float | None) -> str:
    """How many make each move."""
    told = []
    for move in result.table.sort_values("share", ascending=False).to_dict("records"):
        share, low, high = shares(move["share"], move["low"], move["high"])
        told.append(f"{name(move['from'])} to {name(move['to'])}: {share} ({low} to {high})")
    head = f"Of 100 customers, within {span(result.about['horizon'], result.unit)}:"
    return listed(head, told, f"n = {result.about['n']:,}; 95% intervals.")
