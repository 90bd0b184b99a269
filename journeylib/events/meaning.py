"""What a name means: the rows of an event, of a derived event, of a stage, or of several."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir


@dataclass(frozen=True)
class Meaning:
    """The rows that a name means.

    Parameters
    ----------
    name
        As asked for.
    holds
        From a table with the log's columns to whether each row is meant.
    events
        The exact event names meant, where the meaning is nothing but those.
    """

    name: str
    holds: Callable[[ir.Table], ir.BooleanValue]
    events: frozenset[str] | None = None

    def disjoint(self, other: Meaning) -> bool:
        """Whether no row can be meant by both; False where that is not known."""
        return (
            self.events is not None
            and other.events is not None
            and not (self.events & other.events)
        )

    def besides(self, other: Meaning) -> Meaning:
        """The same rows without those that ``other`` means."""
        if self.events is not None and other.events is not None:
            return of_events(self.name, self.events - other.events)
        return Meaning(self.name, lambda t: self.holds(t) & ~other.holds(t).fill_null(False))

    def same(self, other: Meaning) -> bool:
        """Whether both are known to mean the same rows."""
        return self.name == other.name or (self.events is not None and self.events == other.events)


def of_events(name: str, events: Iterable[str]) -> Meaning:
    """A name for the rows of some events of the source."""
    meant = frozenset(events)
    return Meaning(name, lambda t: t["event"].isin(sorted(meant)), meant)


def any_of(meanings: Sequence[Meaning]) -> Meaning:
    """A name for the rows that any of several names mean."""
    name = ", ".join(m.name for m in meanings)
    sets = [m.events for m in meanings if m.events is not None]
    if len(sets) == len(meanings):
        return of_events(name, frozenset().union(*sets))
    return Meaning(name, lambda t: ibis.or_(*(m.holds(t).fill_null(False) for m in meanings)))
