"""Where customers are: one row for each stay in a stage of the journey.

- The clock starts at the customer's first event of a stage that does not end the journey;
  that stage is the first one occupied.
- An event of a stage moves the customer there. *Forward* (the default) only to a stage
  later in the journey than any before; *free* to any other stage.
- Of several stages entered at one instant the latest in the journey counts; those passed
  at once have no row (audited).
- A terminal stage, or being lost, ends the journey: no row follows. At one instant it
  comes before any move, and of several the first named wins (audited).
- Otherwise the last stay is censored at the cutoff, or earlier at ``until``: an event after
  which nothing is seen any more. A move at its very instant counts, a later one does not.
- A stay that ended before the window opened makes no row; who is in a stage when it opens
  enters late.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import ibis
import ibis.expr.types as ir

from journeylib.errors import DataError, nearest
from journeylib.events import EventLog, Meaning, any_of, of_events
from journeylib.events.keep import keep
from journeylib.journey import FIRST_CONTACT
from journeylib.spells.core import Clock, Spells
from journeylib.spells.exits import Exits, exits_seen, resolve
from journeylib.spells.question import (
    KEYS,
    Question,
    ask,
    censor_words,
    entry_words,
    firsts,
    with_end_event,
    with_origin_rows,
)
from journeylib.spells.settle import Rules, as_spells, settled
from journeylib.spells.silence import Silence

STAGE = "stage"
LOST = "lost"
MOVEMENTS = ("forward", "free")
PASSED = "stages passed at the instant of another, without a row"
TIED = "two ends at one instant: the first named wins"
Lost: TypeAlias = str | float | Silence | Sequence[str]


def stages(
    log: EventLog,
    lost: Lost | None = None,
    terminal: str | Sequence[str] = (),
    by: str | Sequence[str] | None = (),
    movement: str = "forward",
    until: str | None = None,
) -> Spells:
    """Stays in the stages of the journey, one row each.

    Parameters
    ----------
    log
        As opened by ``open_log``; its journey must have stages.
    lost
        What takes a customer out of any stage, under the name ``"lost"``: an event (or
        several), a number of days of silence, or ``silence(days, activity=…)``. As a cause
        of ``exits``; None where nobody is lost.
    terminal
        Stages that nobody leaves: to enter one ends the journey.
    by
        Columns to carry along, of the row that starts the clock, or as in ``time_to``.
    movement
        ``"forward"``: a customer moves only to later stages than any before; an event of
        an earlier stage changes nothing. ``"free"``: to any other stage, back too.
    until
        After what a customer is not seen any more, as in ``time_to``: an event (such as
        opting out), or a column that holds a planned end. Without it whoever cannot be
        seen looks as if staying where last seen.

    Returns
    -------
    Spells
        Rows ``id, start, stop, cause, stage``, then ``by``. ``stage`` is occupied in
        ``(start, stop]``; ``cause`` is the stage entered at ``stop``, 0 where the stay is
        censored. ``causes`` are all stages in the order of the journey, then ``"lost"``.
        Lazy; its audit counts customers.

    Raises
    ------
    DataError
        Without stages, for a name that means nothing, when all stages are terminal, or
        when a stage is called ``"lost"`` already.

    Notes
    -----
    As the data of R's ``survfit(Surv(start, stop, state) ~ 1, id=)``; read by ``occupancy``.

    Examples
    --------
    >>> from journeylib.example import small_log
    >>> stages(small_log(), terminal="purchase").frame
        id  start  stop  cause      stage
    0  ann    0.0   3.0      2  awareness
    1  bob    0.0  29.0      0  awareness
    2  cat    0.0   0.0      2  awareness
    """
    names, ends_at = _names(log, lost, terminal, movement)
    passing = [name for name in log.journey.stages if name not in ends_at]
    ways = resolve(log, ends_at) if ends_at else Exits((), {}, {})
    origin = of_events("stage", _events(log, passing))
    if ways.events:
        origin = origin.besides(ways.any_event)
    asked = ask(log, origin, by, until=until)
    if STAGE in asked.by.names:
        raise DataError(f"stays have a column {STAGE!r} of their own", where="by")
    clock = Clock(
        starts=f"at the customer's first event of a stage ({', '.join(passing)})",
        stops=f"at each move {'to a later' if movement == 'forward' else 'to another'} stage"
        + (f"; for good at {ways.words}" if ends_at else ""),
        censors=censor_words(log, until),
        enters=entry_words(log),
        origin=FIRST_CONTACT,
    )
    rules = Rules("customers", names, KEYS, asked.by, clock, TIED, bool(ends_at), ways.meant)
    numbers = [names.index(name) + 1 for name in ends_at]
    whole, audit = settled(log, with_origin_rows(asked, _ends(asked, ways, numbers)), rules)
    # kept by the database, so that the events are read once however often the stays are
    entered = keep(_entered(asked, passing, names, whole))
    audit = audit.note(PASSED, int((entered["_places"] - 1).sum().to_pandas()))
    rows = _stays(entered, asked, names, movement == "forward")
    return as_spells(log, rows, rules, audit, extra=[STAGE], single=False)


# ---- names ---------------------------------------------------------------------------


def _names(
    log: EventLog, lost: Lost | None, terminal: str | Sequence[str], movement: str
) -> tuple[tuple[str, ...], dict[str, Lost]]:
    """All causes in their order, and those that end the journey with what they are."""
    known = tuple(log.journey.stages)
    last = (terminal,) if isinstance(terminal, str) else tuple(terminal)
    if not known:
        raise DataError(
            "the journey has no stages",
            where=f"{log.journey.file}, key stages",
            fix="add [stages], in the order of the journey",
        )
    if movement not in MOVEMENTS:
        raise DataError(f"movement cannot be {movement!r}", fix=nearest(movement, MOVEMENTS))
    for name in last:
        if name not in known:
            raise DataError(
                f"no stage is called {name!r}", where="terminal", fix=nearest(name, known)
            )
    if len(last) >= len(known) and set(last) == set(known):
        raise DataError(
            "every stage is terminal: nobody could be anywhere",
            where="terminal",
            fix="leave out the stages that customers pass through",
        )
    # the journey's order decides between two ends at one instant
    ends: dict[str, Lost] = {s: log.journey.stages[s] for s in known if s in last}
    if lost is None:
        return known, ends
    if LOST in known:
        raise DataError(
            f"a stage is called {LOST!r} already",
            where="lost",
            fix=f"pass terminal={LOST!r} instead: the stage's events end the journey",
        )
    return (*known, LOST), {**ends, LOST: lost}


def _events(log: EventLog, stages_: Sequence[str]) -> frozenset[str]:
    return frozenset(event for stage in stages_ for event in log.journey.stages[stage])


# ---- the whole journey, and the stays in it ------------------------------------------


def _ends(asked: Question, ways: Exits, numbers: Sequence[int]) -> ir.Table:
    """One row a customer: origin and end of the journey; ``_which`` as ``causes`` number it."""
    if not ways.names:
        found = with_end_event(asked, firsts(asked))
        columns = {"_origin": asked.ticks(found["_start_at"]), "_event": ibis.null("int64")}
        if asked.end_event is not None:
            columns["_end"] = asked.ticks(found["_end_at"])
        return found.select("id", _merged=ibis.literal(0), **columns)
    ends = exits_seen(asked, ways)
    which = ibis.cases(
        *((ends["_which"] == n, number) for n, number in enumerate(numbers, start=1)), else_=0
    )
    return ends.mutate(_which=which)


def _entered(
    asked: Question, passing: Sequence[str], names: Sequence[str], whole: ir.Table
) -> ir.Table:
    """Each instant at which a customer has an event of a stage, with the latest of them.

    Returns
    -------
    Table
        The columns of ``whole``, ``_tick`` from the origin, ``_place`` of the stage, and
        ``_places``, how many stages there were at that instant.
    """
    log = asked.log
    places = {name: _meant(log, name) for name in passing}
    rows = asked.rows
    staged = any_of(list(places.values()))
    rows = rows.filter(staged.holds(rows))
    place = ibis.cases(
        *((meant.holds(rows), names.index(name) + 1) for name, meant in places.items())
    )
    moves = rows.select("id", _at=asked.instant(rows["at"]), _place=place)
    moves = moves.group_by(["id", "_at"]).aggregate(
        _place=moves["_place"].max().cast("int64"), _places=moves["_place"].nunique()
    )
    moves = moves.select(
        "id", _moment=asked.ticks(moves["_at"]), _place="_place", _places="_places"
    )
    timed = whole.inner_join(moves, "id")
    timed = timed.mutate(_tick=timed["_moment"] - timed["_origin"])
    # a move at the instant of the journey's end is none, unless it ends where it begins
    held = (timed["_tick"] == 0) | (timed["_tick"] < timed["_stop"])
    still = (timed["_cause"] == 0) & (timed["_tick"] == timed["_stop"])
    return timed.filter((timed["_tick"] >= 0) & (held | still)).drop("_moment")


def _meant(log: EventLog, stage: str) -> Meaning:
    return of_events(stage, log.journey.stages[stage])


def _stays(entered: ir.Table, asked: Question, names: Sequence[str], forward: bool) -> ir.Table:
    """From instants to stays: only moves count, and each stay ends with the next."""
    order = entered["_tick"]
    if forward:
        so_far = ibis.cumulative_window(group_by="id", order_by=order)
        highest = entered.mutate(_highest=entered["_place"].max().over(so_far))
        earlier = (
            highest["_highest"].lag().over(ibis.window(group_by="id", order_by=highest["_tick"]))
        )
        moves = highest.mutate(_earlier=earlier)
        moves = moves.filter(moves["_earlier"].isnull() | (moves["_place"] > moves["_earlier"]))
    else:
        earlier = entered["_place"].lag().over(ibis.window(group_by="id", order_by=order))
        moves = entered.mutate(_earlier=earlier)
        moves = moves.filter(moves["_earlier"].isnull() | (moves["_place"] != moves["_earlier"]))
    window = ibis.window(group_by="id", order_by=moves["_tick"])
    stays = moves.mutate(
        _next=moves["_tick"].lead().over(window), _next_place=moves["_place"].lead().over(window)
    )
    stays = stays.select(
        "id",
        "_origin",
        _start=ibis.greatest(stays["_tick"].cast("float64"), stays["_start"].cast("float64")),
        _stop=ibis.coalesce(stays["_next"].cast("float64"), stays["_stop"].cast("float64")),
        _cause=ibis.coalesce(stays["_next_place"], stays["_cause"]).cast("int64"),
        _first=stays["_tick"] == 0,
        stage=ibis.cases(*((stays["_place"] == n, name) for n, name in enumerate(names, start=1))),
        **{name: stays[name] for name in asked.by.names},
    )
    at_origin = stays["_first"] & (stays["_stop"] == 0)
    return stays.filter((stays["_stop"] > stays["_start"]) | at_origin)
