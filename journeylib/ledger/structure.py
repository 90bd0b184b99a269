"""Faults in how spells were made: overlaps, ignored entry, a log of converters only.

Each look says what it saw and where. Ignored entry and a log of converters only are told
from the data: by events that are missing though the hazard says there should be some. The
number expected is a sum of hazards, so that it is Poisson for practical purposes, and ten
expected and none seen happens by chance once in twenty thousand logs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from journeylib.ledger.calendar import SLACK, Calendar, hazard, read, whole_stays
from journeylib.ledger.core import FAILED, PASSED, STRUCTURAL, WARNED, Check
from journeylib.numbers import number
from journeylib.spells.core import Spells

EXPECTED = 10.0  # events that should be there before their absence is called a fault
SHARE = 0.2  # of events counted more than once before that is called a fault


@dataclass(frozen=True)
class Look:
    """A check of how the spells were made, and where to look."""

    check: Check
    where: str


def look(assumption: str, verdict: str, seen: str, follows: str, where: str) -> Look:
    """One look of the bias audit."""
    return Look(Check(assumption, verdict, seen, follows, STRUCTURAL), where)


def overlaps(spells: Spells) -> Look:
    """Whether intervals of one customer overlap, so that they count twice at one time."""
    said, where = "nobody is counted twice at one time", "columns id, start, stop of the spells"
    if spells.per is not None:
        return _twice(spells, said, f"per={spells.per!r}")
    rows = spells.frame[["id", "start", "stop"]].sort_values(["id", "start", "stop"])
    same = rows["id"].eq(rows["id"].shift())
    bad = same & (rows["start"] < rows["stop"].shift() - SLACK)
    who = int(rows.loc[bad, "id"].nunique())
    if not who:
        return look(said, PASSED, "No intervals of one customer overlap.", "Nothing.", where)
    return look(
        said,
        FAILED,
        f"{who:,} customer(s) have intervals that overlap: they are at risk twice at one time.",
        "Keep one interval at a time, or name the column that tells episodes apart (per).",
        where,
    )


def _twice(spells: Spells, said: str, where: str) -> Look:
    """Whether several episodes of one customer are one episode written down several times."""
    rows = whole_stays(spells)
    ended = rows[rows["cause"] > 0]
    twice = int(ended.duplicated(["id", "start", "stop", "cause"]).sum())
    share = twice / max(len(ended), 1)
    if share <= SHARE:
        return look(
            said,
            WARNED if twice else PASSED,
            f"{twice:,} of {len(ended):,} events end several episodes of one customer at once."
            if twice
            else "No event ends two episodes of one customer at once.",
            "Read intervals of the curves with reserve." if twice else "Nothing.",
            where,
        )
    return look(
        said,
        FAILED,
        f"{twice:,} of {len(ended):,} events ({share:.0%}) are counted again in another episode "
        "of the same customer, of the same length.",
        "The same rows are in the log under several episodes: keep one, or leave per out.",
        where,
    )


def entry(placed: Calendar | None) -> Look | None:
    """Whether somebody is counted as at risk before anything could be seen of them."""
    if placed is None:
        return None
    rows, said = placed.rows, "nobody is at risk before being watched"
    if placed.opening is not None:
        due = placed.opening - rows["origin"]
        bad = int(((due > SLACK) & (rows["start"] < due - SLACK)).sum())
        if bad:
            return look(
                said,
                FAILED,
                f"{bad:,} started before the window opened, on {placed.date(placed.opening)}, "
                "and are counted from their start.",
                "Let them enter when the window opens: build the spells from the log.",
                "column start of the spells",
            )
    return _unwatched(placed, said)


def _unwatched(placed: Calendar, said: str) -> Look:
    rows, where = placed.rows, "[window] start of the journey file"
    late = int((rows["start"] > 0).sum())
    fine = look(
        said,
        PASSED,
        f"{late:,} enter after their clock started." if late else "Nobody enters late.",
        "They count from their entry on only." if late else "Nothing to adjust.",
        where,
    )
    origin, start, stop = (rows[c].to_numpy(dtype=float) for c in ("origin", "start", "stop"))
    event = rows["cause"].to_numpy() > 0
    if not event.any():
        return fine
    first = float((origin + stop)[event].min()) - SLACK  # the first event was seen itself
    begins = np.maximum(start, first - origin)
    seen = (begins < stop) | ((begins <= stop) & (start == stop))
    curve = hazard(begins[seen], stop[seen], event[seen])
    until = np.minimum(stop, first - origin)
    missing = np.where(until > start, read(curve, until) - read(curve, start), 0.0).sum()
    if missing < EXPECTED:
        return fine
    early = int((origin + start < first).sum())
    day = placed.date(first + SLACK)
    return look(
        said,
        FAILED,
        f"No event is seen before {day}, though {early:,} customers are counted "
        f"as at risk by then and about {number(float(missing), 2)} events should be: until then "
        "only those who had none could come into the log.",
        f"Say in the journey file when watching began, [window] start = {day} or "
        "the day you know: whoever started before then enters there.",
        where,
    )


def converters(placed: Calendar | None, minimum: int = 20) -> Look | None:
    """Whether the log holds only those who had the event."""
    if placed is None or len(placed.rows) < minimum:
        return None
    rows, said, where = placed.rows, "those without the event are in the log", "the event log"
    start, stop, origin = (rows[c].to_numpy(dtype=float) for c in ("start", "stop", "origin"))
    event = rows["cause"].to_numpy() > 0
    waiting = int((~event).sum())
    curve = hazard(start, stop, event)
    room = np.maximum(placed.cutoff - origin, start)
    expected = float(np.exp(read(curve, start) - read(curve, room)).sum())
    fault = expected >= EXPECTED and waiting < expected / 10
    if not fault:
        return look(
            said, PASSED, f"{waiting:,} of {len(rows):,} were still waiting.", "Nothing.", where
        )
    return look(
        said,
        FAILED,
        f"{waiting:,} of {len(rows):,} were still waiting when they were last seen, though about "
        f"{number(expected, 2)} should be: only those who got there seem to be in the log.",
        "Export everybody whose clock started, also those with nothing after it.",
        where,
    )
