"""From spells to dated records: somebody leaves, with which cause, or enters, at which time.

Everything that curves, incidence, log-rank, restricted means and mean counts
need is how many left and entered when. A record is one such fact with a count.
From a pandas frame each row gives its records; from a lazy table the database
groups them and only the counts come back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from journeylib.errors import DataError
from journeylib.estimate.groups import Groups, group_rows
from journeylib.spells.core import Spells


@dataclass(frozen=True, eq=False)
class Records:
    """Dated facts about spells.

    Parameters
    ----------
    time
        When, in the unit of the spells.
    kind
        0 left censored, 1…k left with that cause, k + 1 entered late, k + 2 goes
        on after an event (next row of a customer whose event does not end the
        following, as in repeat purchases).
    group
        Number of the group.
    count
        How many, or the sum of their weights; None where each record is one.
    causes
        k.
    groups
        The groups.
    n
        Spells in each group.
    """

    time: np.ndarray
    kind: np.ndarray
    group: np.ndarray
    count: np.ndarray | None
    causes: int
    groups: Groups
    n: np.ndarray


def records(
    spells: Spells, by: str | Sequence[str] | None = None, weights: np.ndarray | None = None
) -> Records:
    """Records of spells by group.

    Parameters
    ----------
    spells
        Spells, one or several rows a customer.
    by
        Column or columns that make the groups.
    weights
        One weight a row of ``spells.frame``; only for rows in memory.

    Returns
    -------
    Records
        In the order of the rows; a split of one stay gives none.
    """
    names = () if by is None else (by,) if isinstance(by, str) else tuple(by)
    columns = spells.columns(names)
    if isinstance(spells.table, ir.Table) and weights is None:
        return _from_database(spells, spells.table, columns, names)
    return _from_frame(spells, columns, names, weights)


def _from_frame(
    spells: Spells, columns: Sequence[str], names: Sequence[str], weights: np.ndarray | None
) -> Records:
    frame, k = spells._fetched, len(spells.causes)
    if len(frame) == 0:
        raise DataError("there are no spells: nobody is at risk", fix="read spells.audit")
    code, groups = group_rows(frame, columns, names)
    start, stop = (frame[c].to_numpy(dtype=float) for c in ("start", "stop"))
    cause = frame["cause"].to_numpy()
    if not start.any():
        n = np.bincount(code) if len(groups) > 1 else np.array([len(frame)])
        return Records(stop, cause, code, weights, k, groups, n)
    late = start > 0
    leaves, enters, resumes = np.ones(len(frame), dtype=bool), late, np.zeros_like(late)
    if spells.single:
        n = np.bincount(code, minlength=len(groups))
    else:
        person = spell_codes(spells)
        leaves, enters, resumes = _stays(person, code, start, stop, cause)
        pairs = np.unique(person * len(groups) + code)
        n = np.bincount(pairs % len(groups), minlength=len(groups))
    kinds = (cause[leaves], np.full(enters.sum(), k + 1), np.full(resumes.sum(), k + 2))
    parts = [np.flatnonzero(x) for x in (leaves, enters, resumes)]
    row = np.concatenate(parts)
    time = np.concatenate([stop[parts[0]], start[parts[1]], start[parts[2]]])
    count = None if weights is None else weights[row]
    return Records(time, np.concatenate(kinds), code[row], count, k, groups, n)


def spell_codes(spells: Spells) -> np.ndarray:
    """Number of the spell (id and episode) that each row of ``spells.frame`` belongs to."""
    frame = spells._fetched
    person = pd.factorize(frame["id"])[0].astype(np.int64)
    if spells.per is None:
        return person
    episode, levels = pd.factorize(frame[spells.per], use_na_sentinel=False)
    return pd.factorize(person * len(levels) + episode)[0].astype(np.int64)


def _stays(
    person: np.ndarray, code: np.ndarray, start: np.ndarray, stop: np.ndarray, cause: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which rows leave, which enter late and which go on after an event."""
    order = np.lexsort((stop, start, code, person))
    abuts = (
        (person[order][1:] == person[order][:-1])
        & (code[order][1:] == code[order][:-1])
        & (start[order][1:] == stop[order][:-1])
    )
    follows, followed = np.zeros_like(start, dtype=bool), np.zeros_like(start, dtype=bool)
    after_event = np.zeros_like(follows)
    follows[order[1:]] = abuts
    followed[order[:-1]] = abuts
    after_event[order[1:]] = abuts & (cause[order][:-1] > 0)
    return ~(followed & (cause == 0)), (start > 0) & ~follows, after_event


def _from_database(
    spells: Spells, table: ir.Table, columns: Sequence[str], names: Sequence[str]
) -> Records:
    """The group-by runs where the rows live; counts by group, time and kind come back."""
    k = len(spells.causes)
    rows = _marked(spells, table, columns) if not spells.single else _single(table, k)
    start, stop = rows["start"].cast("float64"), rows["stop"].cast("float64")
    ends = rows.filter(rows["_leaves"]).select(
        *columns, time=stop, kind=rows["cause"].cast("int64")
    )
    begins = rows.filter(rows["_enters"] > 0).select(*columns, time=start, kind=rows["_enters"])
    keys = [*columns, "time", "kind"]
    frames = [t.group_by(keys).agg(count=t.count()).to_pandas() for t in (ends, begins)]
    counts = pd.concat([f for f in frames if len(f)] or frames[:1], ignore_index=True)
    if len(counts) == 0:
        raise DataError("there are no spells: nobody is at risk", fix="read spells.audit")
    code, groups = group_rows(counts, columns, names)
    time = counts["time"].to_numpy(dtype=float)
    kind, count = counts["kind"].to_numpy(np.int64), counts["count"].to_numpy(np.int64)
    if spells.single:
        n = np.bincount(code, weights=np.where(kind <= k, count, 0), minlength=len(groups))
    else:
        n = _distinct_spells(spells, table, columns, groups)
    return Records(time, kind, code, count, k, groups, n.astype(np.int64))


def _single(table: ir.Table, k: int) -> ir.Table:
    enters = ibis.ifelse(table["start"] > 0, k + 1, 0).cast("int64")
    return table.mutate(_leaves=ibis.literal(True), _enters=enters)


def _marked(spells: Spells, table: ir.Table, columns: Sequence[str]) -> ir.Table:
    """Rows with what each is worth once the splits of one stay are joined again."""
    k = len(spells.causes)
    person = ["id", *([spells.per] if spells.per else []), *columns]
    window = ibis.window(group_by=list(dict.fromkeys(person)), order_by=["start", "stop"])
    rows = table.mutate(
        _before=table["stop"].lag().over(window),
        _cause_before=table["cause"].lag().over(window),
        _after=table["start"].lead().over(window),
    )
    follows = (rows["_before"] == rows["start"]).fill_null(False)
    followed = (rows["_after"] == rows["stop"]).fill_null(False)
    enters = ibis.cases(
        (follows & (rows["_cause_before"] > 0), k + 2),
        (follows | (rows["start"] == 0), 0),
        else_=k + 1,
    )
    return rows.mutate(_leaves=~(followed & (rows["cause"] == 0)), _enters=enters.cast("int64"))


def _distinct_spells(
    spells: Spells, table: ir.Table, columns: Sequence[str], groups: Groups
) -> np.ndarray:
    person = list(dict.fromkeys([*columns, "id", *([spells.per] if spells.per else [])]))
    distinct = table.select(*person).distinct()
    if not columns:
        return np.array([distinct.count().to_pandas()])
    sizes = distinct.group_by(list(columns)).agg(n=distinct.count()).to_pandas()
    code, found = group_rows(sizes, columns)
    place = pd.Index(groups.labels).get_indexer(pd.Index(found.labels))
    return np.bincount(place[code], weights=sizes["n"], minlength=len(groups))
