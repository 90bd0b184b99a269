"""The rules of the clock in plain Python, one customer at a time, as slowly as you like.

Written from the rules and not from the package: dates are ``datetime`` objects, and
nothing is shared with it. Rows are dicts with ``id``, ``at`` (naive, on the log's own
clock), ``event`` and whatever else; they are assumed to be on or before the cutoff.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
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


# ---- several ways out, several rows ----------------------------------------------------


def exits(
    rows: list[Row],
    watch: Watch,
    is_origin: Callable[[Row], bool],
    causes: list[Callable[[Row], bool] | float],
    is_active: Callable[[Row], bool],
    prior: str = "exclude",
) -> dict[tuple[Any, ...], Outcome]:
    """The first of competing causes; a number among them means days of silence."""
    outcomes = {}
    for key, group in grouped([r for r in rows if watch.sees(r["at"])], None).items():
        starts = [r["at"] for r in group if is_origin(r)]
        if not starts:
            outcomes[key] = Outcome("no origin event")
            continue
        origin = watch.instant(min(starts))
        moments = [
            _silent(group, watch, origin, cause, is_origin, causes, is_active)
            if isinstance(cause, float)
            else _first(group, watch, origin, cause, is_origin, prior)
            for cause in causes
        ]
        event = min((m for m in moments if m is not None), default=None)
        found = spell(watch, origin, event)
        if found.cause:
            found = Outcome("at risk", found.start, found.stop, moments.index(event) + 1)
        outcomes[key] = found
    return outcomes


def _first(
    group: list[Row],
    watch: Watch,
    origin: dt.datetime,
    cause: Callable[[Row], bool],
    is_origin: Callable[[Row], bool],
    prior: str,
) -> dt.datetime | None:
    seen = [
        watch.instant(r["at"])
        for r in group
        if cause(r) and not (is_origin(r) and watch.instant(r["at"]) == origin)
    ]
    if prior == "ignore":
        seen = [at for at in seen if at >= origin]
    if prior == "after":
        seen = [at for at in seen if at > origin]
    return min(seen, default=None)


def _silent(
    group: list[Row],
    watch: Watch,
    origin: dt.datetime,
    days: float,
    is_origin: Callable[[Row], bool],
    causes: list[Callable[[Row], bool] | float],
    is_active: Callable[[Row], bool],
) -> dt.datetime | None:
    breaks = [is_active, is_origin, *(c for c in causes if not isinstance(c, float))]
    acts = sorted({watch.instant(r["at"]) for r in group if any(b(r) for b in breaks)})
    acts = [at for at in acts if at >= origin]
    silence = dt.timedelta(days=days)
    for now, following in zip(acts, [*acts[1:], None], strict=True):
        if following is None and watch.end - now >= silence:
            return now + silence
        if following is not None and following - now > silence:
            return now + silence
    return None


Line = tuple[Any, ...]  # id, start, stop, cause, and what the rule adds


def repeats(
    rows: list[Row],
    watch: Watch,
    is_event: Callable[[Row], bool],
    is_origin: Callable[[Row], bool],
) -> list[Line]:
    """Each customer's time from event to event: id, start, stop, cause, enum."""
    lines: list[Line] = []
    for (who,), group in grouped([r for r in rows if watch.sees(r["at"])], None).items():
        starts = [r["at"] for r in group if is_origin(r)]
        whole = spell(watch, watch.instant(min(starts)) if starts else None, None)
        if whole.reason != "at risk":
            continue
        origin = watch.instant(min(starts))
        seen = {
            watch.instant(r["at"])
            for r in group
            if is_event(r) and not (is_origin(r) and watch.instant(r["at"]) == origin)
        }
        times = sorted((at - origin) / DAY for at in seen if at >= origin)
        begin = 0.0
        for number, (stop, cause) in enumerate([*((t, 1) for t in times), (whole.stop, 0)], 1):
            start = max(begin, whole.start)
            if stop > start or (number == 1 and stop == 0):
                lines.append((who, start, stop, cause, number))
            begin = stop
    return lines


def stages(
    rows: list[Row],
    watch: Watch,
    order: dict[str, str],
    names: list[str],
    terminal: set[str],
    forward: bool,
) -> list[Line]:
    """Stays in stages: id, start, stop, cause, stage; ``order`` is event -> stage."""
    lines: list[Line] = []
    for (who,), group in grouped([r for r in rows if watch.sees(r["at"])], None).items():
        entered: dict[dt.datetime, set[str]] = {}
        for row in group:
            if row["event"] in order:
                entered.setdefault(watch.instant(row["at"]), set()).add(order[row["event"]])
        passing = [at for at, found in entered.items() if found - terminal]
        ends = [at for at, found in entered.items() if found & terminal]
        whole = spell(watch, min(passing, default=None), min(ends, default=None))
        if whole.reason != "at risk":
            continue
        origin, moves = min(passing), []
        for at in sorted(passing):
            time = (at - origin) / DAY
            late = time > whole.stop or (time == whole.stop and whole.cause and time > 0)
            place = max(names.index(s) for s in entered[at] - terminal)
            highest = max((p for _, p in moves), default=-1)
            new = place > highest if forward else not moves or place != moves[-1][1]
            if new and not late:
                moves.append((time, place))
        last = -1
        if whole.cause:
            last = min(names.index(s) for s in entered[min(ends)] & terminal)
        for (time, place), (until, goes) in zip(
            moves, [*moves[1:], (whole.stop, last)], strict=True
        ):
            start = max(time, whole.start)
            if until > start or (time == 0 and until == 0):
                lines.append((who, start, until, goes + 1, names[place]))
    return lines


def exposed(lines: list[Line], changes: dict[Any, list[tuple[float, Any]]], default: Any) -> Any:
    """Lines of (id, start, stop, cause), cut where a value changes; the value added."""
    out: list[Line] = []
    for who, start, stop, cause in lines:
        known = sorted(changes.get(who, []))
        cuts = sorted({start, stop, *(u for u, _ in known if start < u < stop)})
        if start == stop:
            cuts = [start, stop]
        for a, b in pairwise(cuts):
            past = [v for u, v in known if (u <= a if b > a else u < a)]
            out.append((who, a, b, cause if b == stop else 0, past[-1] if past else default))
    return out
