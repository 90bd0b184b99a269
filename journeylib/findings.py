"""The few numbers that a report stands on, in a form that the index can read.

A finding shows itself in a notebook as a line of text and carries the same
numbers as a MIME output, so that a page can lift it to the top and an index can
follow it from run to run without reading prose.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from html import escape
from typing import Any

from journeylib import words
from journeylib.errors import DataError
from journeylib.numbers import UNKNOWN, estimate, number

MIME = "application/vnd.journey.finding+json"


@dataclass(frozen=True)
class Finding:
    """One number with its interval and who was counted; made by :func:`finding`."""

    name: str
    value: float | None
    low: float | None = None
    high: float | None = None
    unit: str = ""
    n: int | None = None
    events: int | None = None
    std_err: float | None = None
    scale: str = "identity"
    better: str | None = None
    group: str | None = None

    def __str__(self) -> str:
        who = [f"n = {self.n:,}"] if self.n is not None else []
        who += [f"{self.events:,} events"] if self.events is not None else []
        tail = f" ({', '.join(who)})" if who else ""
        group = f", {self.group}" if self.group else ""
        return f"{self.name}{group}: {self.shown}{tail}"

    @property
    def shown(self) -> str:
        """Value, unit and interval as text."""
        unit = self.unit if self.unit == "%" else f" {self.unit}" if self.unit else ""
        value, *ends = estimate(self.value, self.low, self.high, ratio=self.scale == "log")
        shown = "not reached" if self.value is None else f"{value}{unit}"
        if self.low is None and self.high is None:
            return shown
        low, high = ("beyond follow-up" if end == UNKNOWN else end for end in ends)
        return f"{shown} (95% interval {low} to {high})"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return Findings((self,))._repr_mimebundle_()


class Findings(tuple[Finding, ...]):
    """Several findings shown by one cell."""

    def __repr__(self) -> str:
        return "\n".join(str(f) for f in self)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        items = "".join(f"<li>{escape(str(f))}</li>" for f in self)
        return {
            MIME: {"findings": [asdict(f) for f in self]},
            "text/html": f"<ul class='journey findings'>{items}</ul>",
            "text/plain": repr(self),
        }


def finding(
    name: str,
    value: float | None,
    low: float | None = None,
    high: float | None = None,
    *,
    unit: str = "",
    n: int | None = None,
    events: int | None = None,
    std_err: float | None = None,
    scale: str = "identity",
    better: str | None = None,
    group: str | None = None,
) -> Finding:
    """State a number that the report stands on.

    Parameters
    ----------
    name
        What it is, in the reader's words; the same from run to run.
    value
        The number, or None where it is not reached.
    low, high
        Ends of the 95% interval; None or NaN where an end is undefined or the
        number is a count of what was there and not an estimate.
    unit
        ``"%"``, ``"days"``, … ; empty for a ratio.
    n, events
        Who was counted: spells or customers, and the events among them.
    std_err
        Standard error on ``scale``.
    scale
        ``"identity"`` or ``"log"`` (for ratios): where two runs are compared.
    better
        ``"higher"`` or ``"lower"``, or None where neither is.
    group
        The group it is about.

    Returns
    -------
    Finding

    Raises
    ------
    DataError
        When ``scale`` or ``better`` is none of the words above, or the value
        lies outside its interval.

    Examples
    --------
    >>> print(finding("bought in 30 days", 14.0, 12.9, 15.2, unit="%", n=3647, events=604))
    bought in 30 days: 14.0% (95% interval 12.9 to 15.2) (n = 3,647, 604 events)
    >>> print(finding("median", None, 310, None, unit="days"))
    median: not reached (95% interval 310 to beyond follow-up)
    """
    if scale not in ("identity", "log"):
        raise DataError(f"finding {name!r}: scale {scale!r} is neither 'identity' nor 'log'")
    if better not in (None, "higher", "lower"):
        raise DataError(f"finding {name!r}: better {better!r} is neither 'higher' nor 'lower'")
    value, low, high, std_err = (_json(x) for x in (value, low, high, std_err))
    if None not in (value, low, high):
        slack = 1e-9 * max(abs(float(value or 0)), 1.0)
        if not float(low or 0) - slack <= float(value or 0) <= float(high or 0) + slack:
            raise DataError(f"finding {name!r}: {value:g} lies outside {low:g} to {high:g}")
    return Finding(
        name=str(name),
        value=value,
        low=low,
        high=high,
        unit=unit,
        n=None if n is None else int(n),
        events=None if events is None else int(events),
        std_err=std_err,
        scale=scale,
        better=better,
        group=None if group is None else str(group),
    )


def findings(*several: Finding | Iterable[Finding]) -> Findings:
    """Show several findings in one cell.

    Examples
    --------
    >>> len(findings(finding("a", 1.0), [finding("b", 2.0)]))
    2
    """
    flat: list[Finding] = []
    for item in several:
        flat.extend([item] if isinstance(item, Finding) else item)
    return Findings(flat)


def shares(curve: Any, at: float, *, show: str = "event") -> Findings:
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
    event, n, table = words.name(curve.about["event"]), words.counted(curve), curve.table
    reached = show == "event"
    label = f"{'reach' if reached else 'still without'} {event} {'within' if reached else 'after'}"
    told = []
    for row in curve.at([at]).itertuples(index=False):
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
                group=_group(row.group),
            )
        )
    return Findings(told)


def medians(curve: Any) -> Findings:
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
    event, n = words.name(curve.about["event"]), words.counted(curve)
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
            group=_group(row.group),
        )
        for row in curve.median.itertuples(index=False)
    )


def ratios(effects: Any) -> Findings:
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
    event = words.name(effects.about["event"])
    robust = effects.table["robust_std_err"].notna()
    errors = effects.table["robust_std_err"].where(robust, effects.table["std_err"])
    told = []
    for row, error in zip(effects.table.itertuples(index=False), errors):
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
            )
        )
    return Findings(told)


def stage_shares(occupancy: Any, at: float) -> Findings:
    """One finding a stage: the share of customers in it at a time.

    Parameters
    ----------
    occupancy
        Result of :func:`journeylib.occupancy`.
    at
        Time at which it is read, in its unit.
    """
    rows = occupancy.at([at]).itertuples(index=False)
    label = f"share in each stage after {number(at)} {occupancy.unit}"
    return Findings(
        finding(
            label,
            *(100 * float(x) for x in (row.probability, row.low, row.high)),
            unit="%",
            n=occupancy.about["n"],
            std_err=100 * row.std_err,
            group=_stage_group(row),
        )
        for row in rows
    )


def stage_times(occupancy: Any, horizon: float) -> Findings:
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
        )
        for row in occupancy.expected_time(horizon).itertuples(index=False)
    )


def _stage_group(row: Any) -> str:
    stage = words.name(row.stage)
    return stage if row.group == "all" else f"{row.group}: {stage}"


def excess_times(scan: Any) -> Findings:
    """One finding a group: how much longer it waits than all others together.

    Parameters
    ----------
    scan
        Result of :func:`journeylib.segment_scan`.
    """
    horizon = number(scan.about["horizon"])
    event = words.name(scan.about["event"])
    return Findings(
        finding(
            f"extra {scan.unit} without {event} against all others, of the first {horizon}",
            row.difference,
            row.low,
            row.high,
            unit=scan.unit,
            n=row.n,
            events=row.events,
            std_err=row.std_err,
            better="lower",
            group=row.group,
        )
        for row in scan.table.itertuples(index=False)
        if math.isfinite(row.difference)
    )


def counts(log: Any) -> Findings:
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


def _group(group: str) -> str | None:
    return None if group == "all" else group


def _json(x: float | None) -> float | None:
    """JSON has no NaN and no infinity: both mean that the number does not exist."""
    return None if x is None or not math.isfinite(float(x)) else float(x)
