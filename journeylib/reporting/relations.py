"""How the customers of two runs relate: whether one run contains the other, or shares none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from journeylib.reporting.records import RunRecord

_WINDOW = frozenset({"journey", "cutoff", "start"})  # said more exactly by the provenance
_SEGMENT = frozenset({"segment", "cohort"})
_Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Relation:
    """How the customers of two runs relate; made by :func:`relation`.

    Parameters
    ----------
    kind
        ``same``, ``contains``, ``disjoint``, ``overlap`` or ``unknown``.
    why
        The reason in words.
    larger
        ``old`` or ``new``, where one contains the other.
    """

    kind: str
    why: str = ""
    larger: str = ""


def relation(old: RunRecord, new: RunRecord) -> Relation:
    """Tell from two run records how their customers relate.

    Parameters
    ----------
    old, new
        Two runs, not necessarily of one report.

    Returns
    -------
    Relation
        By the first rule that applies:

        ``disjoint``
            other data sets, or other values of the parameter ``segment`` or ``cohort``: a
            customer is in one of them.
        ``unknown``
            another parameter differs: another question, whose answers chance does not
            relate; or a run does not say which data and days it read.
        ``same``
            the same data (by fingerprint) of the same days. Nothing was left to chance: a
            number that differs was computed differently. Also the same days and as many
            rows of data whose content was corrected.
        ``contains``
            the same data set, and the days of one run lie within those of the other; or
            the same days with more rows, as late arrivals make them. A log only grows, so
            whoever was watched in the smaller run is watched in the larger one, for as
            long or longer.
        ``disjoint``
            days without overlap: other events and, where each customer has one spell,
            other customers.
        ``overlap``
            anything between, such as a window that rolls on.
    """
    names = _data_sets(old, new)
    if all(names) and names[0] != names[1]:
        return Relation("disjoint", "they read different data sets")
    asked = different(old.parameters, new.parameters) - _WINDOW
    if asked and asked <= _SEGMENT:
        return Relation("disjoint", "they are about different segments")
    if asked:
        words = ", ".join(sorted(asked))
        return Relation("unknown", f"the question changed with {words}")
    spans = [_span(record) for record in (old, new)]
    known = old.fingerprint is not None and old.fingerprint == new.fingerprint
    if spans[0] is None or spans[1] is None or not all(names):
        if known and old.parameters == new.parameters:
            return Relation("same", "both read the same data")
        return Relation("unknown", "a run does not say which data and days it read")
    if spans[0] == spans[1]:
        return _by_rows(old, new, known)
    return _by_days(spans[0], spans[1])


def different(old: Mapping[str, Any], new: Mapping[str, Any]) -> set[str]:
    """Names whose values differ, or that only one of them has.

    Examples
    --------
    >>> sorted(different({"by": "channel", "days": 30}, {"days": 60, "minimum": 20}))
    ['by', 'days', 'minimum']
    """
    missing = object()
    return {k for k in {*old, *new} if old.get(k, missing) != new.get(k, missing)}


def _by_rows(old: RunRecord, new: RunRecord, known: bool) -> Relation:
    """Two runs over the same days."""
    if known:
        return Relation("same", "both read the same data over the same days")
    before, after = (_about(record, "data").get("events kept") for record in (old, new))
    if not (isinstance(before, int) and isinstance(after, int)):
        return Relation("overlap", "the data changed, over the same days")
    if before == after:
        return Relation("same", "the data were corrected, over the same days")
    larger = "new" if after > before else "old"
    return Relation("contains", "the same days, with more rows in one of them", larger)


def _by_days(old: _Span, new: _Span) -> Relation:
    """Two runs over different days."""
    if new[0] <= old[0] and old[1] <= new[1]:
        return Relation("contains", "the later run contains the earlier one", "new")
    if old[0] <= new[0] and new[1] <= old[1]:
        return Relation("contains", "the earlier run contains the later one", "old")
    if old[1] < new[0] or new[1] < old[0]:
        return Relation("disjoint", "their days do not overlap")
    return Relation("overlap", "their days overlap in part")


def _data_sets(*records: RunRecord) -> list[str]:
    """Names of the data sets, by what all records say; empty where one does not say it."""
    names = [str(_about(r, "data").get("journey") or "") for r in records]
    return names if all(names) else [str(r.parameters.get("journey") or "") for r in records]


def _span(record: RunRecord) -> _Span | None:
    """First and last moment watched."""
    window = _about(record, "window")
    try:
        first, last = (datetime.fromisoformat(str(window[k])) for k in ("start", "cutoff"))
    except (KeyError, ValueError):
        return None
    return first.replace(tzinfo=None), last.replace(tzinfo=None)


def _about(record: RunRecord, part: str) -> Mapping[str, Any]:
    found = record.provenance.get(part)
    return found if isinstance(found, Mapping) else {}
