"""How spells end when there are several ways out: the first of competing causes.

The rules are those of ``time_to``, and beyond them:

- The first of the causes ends the spell. Where two happen at one instant the one named
  first wins, and the audit notes how often that was so.
- A row that is itself the origin ends nothing: a cause that is the origin's own event
  means its next occurrence, at a later instant.
- A cause may be silence. It counts from the origin, and the origin, the other causes and
  whatever is named as activity all break it. A gap must be strictly longer than the
  days, a final silence at least as long; it is dated last activity + days.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import ibis
import ibis.expr.types as ir

from journeylib.errors import DataError
from journeylib.events import EventLog, Meaning, any_of
from journeylib.events.times import days_in_ticks
from journeylib.journey import FIRST_CONTACT
from journeylib.labels import label
from journeylib.spells.core import Clock, Spells
from journeylib.spells.question import (
    Question,
    ask,
    beside_origin,
    by_prior,
    censor_words,
    entry_words,
    firsts,
    joined,
    start_words,
    starts,
    with_end_event,
    with_origin_rows,
)
from journeylib.spells.settle import Rules, settle
from journeylib.spells.silence import Silence, first_silence, is_days

Cause: TypeAlias = str | float | Silence | Sequence[str]
TIED = "two causes at one instant: the first named wins"


@dataclass(frozen=True)
class Exits:
    """Causes with every name resolved: the ways out, in the order of their numbers.

    Parameters
    ----------
    names
        Of causes 1…k.
    events
        Number of a cause -> the rows that mean it.
    silences
        Number of a cause -> the silence that means it.
    meant
        Name of a cause -> the names of what it means in the log; none for a silence.
    """

    names: tuple[str, ...]
    events: Mapping[int, Meaning]
    silences: Mapping[int, Silence]
    meant: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def any_event(self) -> Meaning:
        """Rows of any cause that is an event."""
        return any_of(list(self.events.values()))

    @property
    def words(self) -> str:
        """What stops the clock, in words."""
        said = []
        for number, name in enumerate(self.names, start=1):
            rule = self.silences.get(number)
            means = str(rule) if rule is not None else self.events[number].name
            means = label(means) if rule is None else means
            said.append(label(name) if means == label(name) else f"{label(name)} ({means})")
        return said[0] if len(said) == 1 else f"{', '.join(said[:-1])} or {said[-1]}"


def exits(
    log: EventLog,
    origin: str = FIRST_CONTACT,
    causes: Mapping[str, Cause] | Sequence[str] | str = (),
    by: str | Sequence[str] | None = (),
    per: str | None = None,
    until: str | None = None,
    prior: str = "exclude",
) -> Spells:
    """Time from an origin to the first of several competing outcomes.

    Parameters
    ----------
    log
        As opened by ``open_log``.
    origin
        What starts the clock, at its first occurrence: an event, a derived event or a
        stage; ``"first_contact"``: the earliest event of any stage that is no cause.
    causes
        Name -> what it is, in the order in which causes are numbered and in which a tie
        is decided: an event, a derived event or a stage; several of them (any counts);
        a number of days of silence; or ``silence(days, activity=…)``. A sequence of
        event names stands for causes of these names.
    by, per, until
        As in ``time_to``.
    prior
        ``"exclude"``: whoever had one of the causes before the origin is not at risk and
        is left out. ``"ignore"``: causes are looked for from the origin's instant on.
        ``"after"``: only strictly after that instant.

    Returns
    -------
    Spells
        One row a spell: ``id, start, stop, cause``, then ``per`` and ``by``; ``cause`` is 0
        where the spell was censored. Lazy; its audit counts every customer, or episode.

    Raises
    ------
    DataError
        For a name that means nothing, no cause, two causes that mean the same, or
        silence of no days.

    Notes
    -----
    As the spells for a cumulative incidence (Aalen and Johansen 1978) and for
    cause-specific hazards: R's ``Surv(time, factor(cause))``.

    Examples
    --------
    >>> from journeylib.example import small_log
    >>> spells = exits(small_log(), origin="ad", causes={"purchase": "purchase", "lost": 20})
    >>> spells.frame
        id  start  stop  cause
    0  ann    0.0   3.0      1
    1  bob    0.0  20.0      2
    2  cat    0.0   0.0      1
    """
    ways = resolve(log, causes)
    begins = starts(log, origin, ways.any_event)
    asked = ask(log, begins, by, per, until, prior)
    own = any(meaning.same(begins) for meaning in ways.events.values())
    rules = Rules(
        of=asked.of,
        causes=ways.names,
        keys=asked.keys,
        by=asked.by,
        clock=Clock(
            start_words(asked, " or ".join(m.name for m in ways.events.values())),
            f"at the first {'of ' if len(ways.names) > 1 else ''}{ways.words}",
            censor_words(log, until),
            entry_words(log),
            asked.origin.name,
        ),
        merged=TIED,
        before=prior == "exclude" and not (own and len(ways.events) == 1),
        meant=ways.meant,
    )
    return settle(log, with_origin_rows(asked, exits_seen(asked, ways)), rules)


# ---- what the causes are -------------------------------------------------------------


def resolve(log: EventLog, causes: Mapping[str, Cause] | Sequence[str] | str) -> Exits:
    """Causes with every name resolved.

    Raises
    ------
    DataError
        As :func:`exits` says.
    """
    if isinstance(causes, str):
        causes = (causes,)
    given = causes if isinstance(causes, Mapping) else {name: name for name in causes}
    if not given:
        raise DataError(
            "no cause is named: nothing can stop the clock",
            fix='name what may happen, for instance causes={"purchase": "purchase", "lost": 90}',
        )
    events: dict[int, Meaning] = {}
    silences: dict[int, Silence] = {}
    for number, (name, what) in enumerate(given.items(), start=1):
        if not isinstance(name, str) or not name.strip():
            raise DataError(f"a cause cannot be called {name!r}", where="causes")
        found = _cause(log, name, what)
        if isinstance(found, Silence):
            silences[number] = found
            continue
        for other, known in events.items():
            if found.same(known):
                raise DataError(
                    f"the causes {[*given][other - 1]!r} and {name!r} mean the same events",
                    where="causes",
                    fix="name each way out once",
                )
        events[number] = found
    meant = {name: _names_in(what) for name, what in given.items()}
    return Exits(tuple(given), events, silences, meant)


def _names_in(what: Cause) -> tuple[str, ...]:
    """The names of events of which a cause is made; none for a silence."""
    if isinstance(what, str):
        return (what,)
    return tuple(str(w) for w in what) if isinstance(what, list | tuple) else ()


def _cause(log: EventLog, name: str, what: Cause) -> Meaning | Silence:
    if isinstance(what, Silence):
        return what
    if isinstance(what, str):
        return log.meaning(what)
    if is_days(what):
        return Silence(what)  # type: ignore[arg-type]
    if isinstance(what, list | tuple) and what and all(isinstance(w, str) for w in what):
        return any_of([log.meaning(w) for w in what])
    raise DataError(
        f"the cause {name!r} cannot be {what!r}",
        where="causes",
        fix="give an event, a list of events, a number of days of silence above 0, or silence(…)",
    )


# ---- finding the ends ----------------------------------------------------------------


def exits_seen(asked: Question, ways: Exits) -> ir.Table:
    """One row a key, in ticks: ``_origin``, ``_event`` and ``_which`` cause it is."""
    found = _causes_seen(asked, ways)
    found = with_end_event(asked, found)
    columns = {"_origin": asked.ticks(found["_start_at"])}
    columns |= {f"_at_{n}": asked.ticks(found[f"_at_{n}"]) for n in ways.events}
    if asked.end_event is not None:
        columns["_end"] = asked.ticks(found["_end_at"])
    ends = found.select(*asked.keys, **columns)
    for number, rule in ways.silences.items():
        silent = silent_from(asked, rule, ways, found)
        ends = joined(ends, silent.rename({f"_at_{number}": "_event"}), asked.keys)
    moments = [ends[f"_at_{n}"] for n in range(1, len(ways.names) + 1)]
    event = moments[0] if len(moments) == 1 else ibis.least(*moments)
    ends = ends.mutate(_event=event)
    hits = [(at == ends["_event"]).fill_null(False) for at in moments]
    ends = ends.mutate(
        _which=ibis.cases(*((hit, n) for n, hit in enumerate(hits, start=1)), else_=0),
        _merged=(sum(hit.ifelse(1, 0) for hit in hits) > 1).ifelse(1, 0),
    )
    return ends.drop(*(f"_at_{n}" for n in range(1, len(ways.names) + 1)))


def _causes_seen(asked: Question, ways: Exits) -> ir.Table:
    """One row a key: ``_start_at``, and the first ``_at_k`` of each cause that is an event."""
    rows, at = asked.rows, asked.rows["at"]
    disjoint = all(meaning.disjoint(asked.origin) for meaning in ways.events.values())
    if asked.prior == "exclude" and disjoint:
        # one group-by finds both ends
        return rows.group_by(asked.keys).aggregate(
            _start_at=at.min(where=asked.origin.holds(rows)),
            **{f"_at_{n}": at.min(where=m.holds(rows)) for n, m in ways.events.items()},
        )
    found = firsts(asked)
    if not ways.events:
        return found
    marks = {f"_is_{n}": meaning for n, meaning in ways.events.items()}
    events = by_prior(asked, beside_origin(asked, ways.any_event, found, marks=marks))
    seen = events.group_by(asked.keys).aggregate(
        **{f"_at_{n}": events["_at"].min(where=events[f"_is_{n}"]) for n in ways.events}
    )
    return joined(found, seen, asked.keys)


def silent_from(asked: Question, rule: Silence, ways: Exits, starts_at: ir.Table) -> ir.Table:
    """One row a key: ``_event``, the tick of the first such silence from the origin on."""
    log = asked.log
    churn = log.journey.churn
    names = rule.activity or (churn.activity if churn is not None else ())
    if not names and not log.journey.stages:
        raise DataError(
            f"what breaks {rule} has not been said",
            where="causes",
            fix="pass silence(days, activity=…), or give the journey [churn] activity",
        )
    named = [log.meaning(name) for name in names] or [log.contact()]
    active = any_of([*named, *ways.events.values(), asked.origin])
    acts = beside_origin(asked, active, starts_at, itself=True)
    acts = acts.filter(acts["_at"] >= acts["_from"]).select(*asked.keys, "_at").distinct()
    acts = acts.select(*asked.keys, _tick=asked.ticks(acts["_at"]))
    length = days_in_ticks(float(rule.days), log.window.resolution)
    return first_silence(acts, asked.keys, length, log.span.end).select(*asked.keys, "_event")
