"""Findings made of results: shares, medians, means, ratios, each saying what it estimates."""

from __future__ import annotations

import math
from typing import Any

from journeylib import words
from journeylib.errors import DataError
from journeylib.estimate.cox import Effects
from journeylib.estimate.cure import Cure
from journeylib.estimate.curves import Curve
from journeylib.estimate.occupancy import Occupancy
from journeylib.estimate.rmst import RestrictedMean
from journeylib.estimate.segments import SegmentScan
from journeylib.estimate.value import LifetimeValue
from journeylib.events import EventLog
from journeylib.findings.core import Findings, finding, findings
from journeylib.findings.estimand import each_row, estimates, group_of, need_usual
from journeylib.numbers import number


def shares(curve: Curve, at: float, *, show: str = "event") -> Findings:
    """One finding a group: the share with the event by a time, or still without it.

    Parameters
    ----------
    curve
        Result of :func:`journeylib.survival_curve`.
    at
        Time at which it is read, in its unit.
    show
        ``"event"`` or ``"survival"``, as in :func:`journeylib.plot_curve`.

    Returns
    -------
    Findings
        In percent, with ``n`` spells counted and ``events`` by that time.
    """
    if show not in ("event", "survival"):
        raise DataError(f"show={show!r} is neither 'survival' nor 'event'")
    event, n, table = words.event_of(curve), words.counted(curve), curve.table
    reached = show == "event"
    label = f"{'reach' if reached else 'still without'} {event} {'within' if reached else 'after'}"
    told = []
    for row in each_row(curve.at([at])):
        mine = (table["group"] == row.group) & (table["time"] <= at)
        events = int(table.loc[mine, "events"].sum())
        low, high = (1 - row.high, 1 - row.low) if reached else (row.low, row.high)
        if not events:  # the interval of a curve that never stepped is no interval
            low, high = math.nan, math.nan
        told.append(
            finding(
                f"{label} {number(at)} {curve.unit}",
                100 * ((1 - row.survival) if reached else row.survival),
                100 * low,
                100 * high,
                unit="%",
                n=n[row.group],
                events=events,
                std_err=100 * row.std_err,
                group=group_of(row.group),
                of=estimates(curve, "share" if reached else "still", row, at=float(at)),
            )
        )
    return Findings(told)


def medians(curve: Curve) -> Findings:
    """One finding a group: the time by which half have reached the event, where they do.

    Parameters
    ----------
    curve
        Result of :func:`journeylib.survival_curve`.

    Returns
    -------
    Findings
        In the curve's unit; the value is None where the median is not reached.
    """
    event, n = words.event_of(curve), words.counted(curve)
    sizes = curve.about["sizes"]
    return Findings(
        finding(
            f"median time to {event}",
            row.quantile,
            row.low,
            row.high,
            unit=curve.unit,
            n=n[row.group],
            events=int(sizes[row.group]["events"]),
            group=group_of(row.group),
            of=estimates(curve, "quantile", row, p=0.5),
        )
        for row in each_row(curve.median)
    )


def ratios(effects: Effects) -> Findings:
    """One finding a term: its hazard ratio.

    Parameters
    ----------
    effects
        Result of :func:`journeylib.cox`.

    Returns
    -------
    Findings
        Compared between runs on the log scale. A term without a finite estimate
        has no ratio to tell; :func:`journeylib.check_finite` names it.
    """
    need_usual(effects)
    event = words.event_of(effects)
    robust = effects.table["robust_std_err"].notna()
    errors = effects.table["robust_std_err"].where(robust, effects.table["std_err"])
    told = []
    for row, error in zip(each_row(effects.table), errors):
        if not math.isfinite(row.hazard_ratio):
            continue
        column, level = words.term_parts(row.term, effects.about.get("references"))
        told.append(
            finding(
                f"hazard ratio for {event}, {column}",
                row.hazard_ratio,
                row.low,
                row.high,
                n=effects.about["n"],
                events=effects.about["events"],
                std_err=error,
                scale="log",
                group=level or None,
                of={
                    "kind": "hazard ratio",
                    "event": effects.about["event"],
                    "term": str(row.term),
                    "terms": [str(term) for term in effects.table["term"]],
                    "references": {
                        str(k): str(v) for k, v in effects.about.get("references", {}).items()
                    },
                },
            )
        )
    return Findings(told)


def mean_times(means: RestrictedMean) -> Findings:
    """One finding a group: the mean time without the event up to the horizon.

    Parameters
    ----------
    means
        Result of :func:`journeylib.rmst`.
    """
    event, sizes = words.event_of(means), means.about["sizes"]
    horizon = number(means.horizon)
    return Findings(
        finding(
            f"mean {means.unit} without {event}, of the first {horizon}",
            row.rmst,
            row.low,
            row.high,
            unit=means.unit,
            n=int(sizes[row.group]["n"]),
            events=int(sizes[row.group]["events"]),
            std_err=row.std_err,
            group=group_of(row.group),
            of=estimates(means, "restricted mean", row, horizon=float(means.horizon)),
        )
        for row in each_row(means.table)
    )


def stage_shares(occupancy: Occupancy, at: float) -> Findings:
    """One finding a stage: the share of customers in it at a time.

    Parameters
    ----------
    occupancy
        Result of :func:`journeylib.occupancy`.
    at
        Time at which it is read, in its unit.
    """
    rows = each_row(occupancy.at([at]))
    label = f"share in each stage after {number(at)} {occupancy.unit}"
    return Findings(
        finding(
            label,
            *(100 * float(x) for x in (row.probability, row.low, row.high)),
            unit="%",
            n=occupancy.about["n"],
            std_err=100 * row.std_err,
            group=_stage_group(row),
            of=estimates(occupancy, "stage share", row, stage=str(row.stage), at=float(at)),
        )
        for row in rows
    )


def stage_times(occupancy: Occupancy, horizon: float) -> Findings:
    """One finding a stage: the mean time spent in it up to a horizon.

    Parameters
    ----------
    occupancy
        Result of :func:`journeylib.occupancy`.
    horizon
        In its unit.
    """
    label = f"mean {occupancy.unit} in each stage, of the first {number(horizon)}"
    return Findings(
        finding(
            label,
            row.mean_time,
            row.low,
            row.high,
            unit=occupancy.unit,
            n=occupancy.about["n"],
            std_err=row.std_err,
            group=_stage_group(row),
            of=estimates(
                occupancy, "stage time", row, stage=str(row.stage), horizon=float(horizon)
            ),
        )
        for row in each_row(occupancy.expected_time(horizon))
    )


def _stage_group(row: Any) -> str:
    stage = words.name(row.stage)
    return stage if row.group == "all" else f"{row.group}: {stage}"


def excess_times(scan: SegmentScan, how: str = "") -> Findings:
    """One finding a group: how much longer it waits than all others together.

    Parameters
    ----------
    scan
        Result of :func:`journeylib.segment_scan`.
    how
        How the groups were made, where a report tells several kinds of groups; ``"by"`` names
        their columns.
    """
    columns = " and ".join(words.name(column) for column in scan.by)
    made = f", by {columns}" if how == "by" else f", {how}" if how else ""
    horizon = number(scan.about["horizon"])
    event = words.event_of(scan)
    return Findings(
        finding(
            f"extra {scan.unit} without {event} against all others, of the first {horizon}{made}",
            row.difference,
            row.low,
            row.high,
            unit=scan.unit,
            n=row.n,
            events=row.events,
            std_err=row.std_err,
            better="lower",
            group=row.group,
            of=estimates(scan, "excess time", row, horizon=float(scan.about["horizon"])),
        )
        for row in each_row(scan.table)
        if math.isfinite(row.difference)
    )


def values(worth: LifetimeValue) -> Findings:
    """One finding a group: the mean value of a customer up to the horizon.

    Parameters
    ----------
    worth
        Result of :func:`journeylib.lifetime_value`.
    """
    horizon = f"{number(worth.about['horizon'])} {worth.unit}"
    what = words.name(worth.about["value"])
    return Findings(
        finding(
            f"{what} of a customer, of the first {horizon} after the start",
            row.value,
            row.low,
            row.high,
            n=row.n,
            events=row.events,
            std_err=row.std_err,
            better="higher",
            group=group_of(row.group),
            of=estimates(
                worth,
                "mean value",
                row,
                event=str(worth.about["of"]),
                horizon=float(worth.about["horizon"]),
            ),
        )
        for row in each_row(worth.table)
    )


def cured(cure: Cure) -> Findings:
    """The share that never will, as a point or, where the follow-up is too short, as bounds.

    Parameters
    ----------
    cure
        Result of :func:`journeylib.cure`.
    """
    need_usual(cure)
    event, row = words.event_of(cure), cure.share.iloc[0]
    value = None if math.isnan(row["estimate"]) else 100 * row["estimate"]
    return findings(
        finding(
            f"share that never will reach {event}",
            value,
            100 * row["low"],
            100 * row["high"],
            unit="%",
            n=cure.n,
            events=cure.events,
            std_err=None if value is None else 100 * row["std_err"],
            why=None if cure.supported else cure.gate.short,
        )
    )


def counts(log: EventLog) -> Findings:
    """What an event log holds: events and customers kept, and the share left out.

    Parameters
    ----------
    log
        An :class:`EventLog`.

    Returns
    -------
    Findings
        Counts of what is there; they are not estimates and have no interval.
    """
    audit = log.audit
    share = 100 * audit.n_dropped / audit.came_in if audit.came_in else 0.0
    return findings(
        finding("events kept", audit.n_kept),
        finding("customers", log.customers),
        finding("events left out", share, unit="%", n=audit.came_in, better="lower"),
    )
