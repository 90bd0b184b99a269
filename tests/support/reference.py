"""The rules of the clock in plain Python, one customer at a time, as slowly as you like.

Written from the rules and not from the package: dates are ``datetime`` objects, and
nothing is shared with it. Rows are dicts with ``id``, ``at`` (naive, on the log's own
clock), ``event`` and whatever else; they are assumed to be on or before the cutoff.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]
DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Watch:
    """The window; ``cutoff`` a date, or a moment that is still watched."""

    cutoff: dt.date
    start: dt.datetime | None = None
    resolution: str = "day"

    def instant(self, at: dt.datetime) -> dt.datetime:
        if self.resolution == "timestamp":
            return at
        return dt.datetime(at.year, at.month, at.day)

    @property
    def end(self) -> dt.datetime:
        if isinstance(self.cutoff, dt.datetime):
            return self.instant(self.cutoff)
        midnight = dt.datetime(self.cutoff.year, self.cutoff.month, self.cutoff.day)
        return midnight if self.resolution == "day" else midnight + DAY

    def sees(self, at: dt.datetime) -> bool:
        if isinstance(self.cutoff, dt.datetime):
            return at <= self.cutoff
        return at.date() <= self.cutoff


@dataclass(frozen=True)
class Outcome:
    """What became of one customer or episode: a reason, and the spell where it is at risk."""

    reason: str
    start: float = 0.0
    stop: float = 0.0
    cause: int = 0


def spell(
    watch: Watch,
    origin: dt.datetime | None,
    event: dt.datetime | None,
    planned: dt.datetime | None = None,
) -> Outcome:
    """From both ends to an outcome."""
    if origin is None:
        return Outcome("no origin event")
    if event is not None and event < origin:
        return Outcome("event before the origin")
    limit = watch.end if planned is None else min(planned, watch.end)
    if limit < origin:
        return Outcome("planned end before the origin")
    happened = event is not None and event <= limit
    stop = (event if happened and event is not None else limit) - origin
    start = dt.timedelta(0)
    if watch.start is not None:
        start = max(start, watch.instant(watch.start) - origin)
    if stop < start:
        return Outcome("ended before the window opened")
    if stop == start and start > dt.timedelta(0):
        return Outcome("ended at the instant the window opened")
    return Outcome("at risk", start / DAY, stop / DAY, int(happened))


def grouped(rows: list[Row], per: str | None) -> dict[tuple[Any, ...], list[Row]]:
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        if per is not None and row[per] is None:
            continue
        groups.setdefault((row["id"],) if per is None else (row["id"], row[per]), []).append(row)
    return groups


def time_to(
    rows: list[Row],
    watch: Watch,
    is_event: Callable[[Row], bool],
    is_origin: Callable[[Row], bool],
    *,
    same: bool = False,
    occurrence: int = 1,
    per: str | None = None,
    until: str | Callable[[Row], bool] | None = None,
    prior: str = "exclude",
) -> dict[tuple[Any, ...], Outcome]:
    """The outcome of every customer, or episode."""
    seen = [row for row in rows if watch.sees(row["at"])]
    return {
        key: _one(group, watch, is_event, is_origin, same, occurrence, until, prior)
        for key, group in grouped(seen, per).items()
    }


def _one(
    rows: list[Row],
    watch: Watch,
    is_event: Callable[[Row], bool],
    is_origin: Callable[[Row], bool],
    same: bool,
    occurrence: int,
    until: str | Callable[[Row], bool] | None,
    prior: str,
) -> Outcome:
    starts = sorted((r for r in rows if is_origin(r)), key=lambda r: r["at"])
    if not starts:
        return spell(watch, None, None)
    origin = watch.instant(starts[0]["at"])

    def itself(row: Row) -> bool:
        return is_origin(row) and watch.instant(row["at"]) == origin

    events = {watch.instant(r["at"]) for r in rows if is_event(r) and (same or not itself(r))}
    if prior == "ignore":
        events = {e for e in events if e >= origin}
    ordered = sorted(events)
    event = ordered[occurrence - 1] if len(ordered) >= occurrence else None
    planned = None
    if callable(until):
        ends = [watch.instant(r["at"]) for r in rows if until(r) and not itself(r)]
        planned = min((e for e in ends if e >= origin), default=None)
    elif until is not None:
        ends = [r[until] for r in starts if r["at"] == starts[0]["at"] and r[until] is not None]
        planned = min((watch.instant(e) for e in ends), default=None)
    return spell(watch, origin, event, planned)


def churn(
    rows: list[Row], watch: Watch, is_active: Callable[[Row], bool], days: float
) -> dict[tuple[Any, ...], Outcome]:
    """Churn by silence, for every customer."""
    silence = dt.timedelta(days=days)
    outcomes = {}
    for key, group in grouped([r for r in rows if watch.sees(r["at"])], None).items():
        acts = sorted({watch.instant(r["at"]) for r in group if is_active(r)})
        left = None
        for now, following in zip(acts, [*acts[1:], None], strict=False):
            gone = watch.end - now >= silence if following is None else following - now > silence
            if gone and left is None:
                left = now + silence
        outcomes[key] = spell(watch, acts[0] if acts else None, left)
    return outcomes
