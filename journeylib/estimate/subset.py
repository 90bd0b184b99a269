"""Leaving rows out of one estimate, counted."""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir
import numpy as np

from journeylib.audit import Audit
from journeylib.errors import DataError
from journeylib.spells.core import Spells


def leave_out(spells: Spells, bad: np.ndarray, reason: str) -> Spells:
    """Spells in memory without some of their rows, which the audit counts.

    Parameters
    ----------
    spells
        Spells in memory.
    bad
        One boolean a row.
    reason
        Why they leave.

    Raises
    ------
    DataError
        When no row is left.
    """
    gone = int(bad.sum())
    if gone == 0:
        return spells
    if gone == len(bad):
        raise DataError(f"no spell is left: {reason} in every row")
    frame = spells._fetched[~bad].reset_index(drop=True)
    return spells.with_table(frame, audit=_counted(spells, gone, reason))


def with_known(spells: Spells, columns: Sequence[str]) -> Spells:
    """Spells without the rows in which one of the columns is missing."""
    if not columns:
        return spells
    reason = f"missing {' or '.join(columns)}"
    if not isinstance(spells.table, ir.Table):
        return leave_out(spells, spells.table[list(columns)].isna().any(axis=1).to_numpy(), reason)
    table = spells.table
    known = ibis.and_(*(table[c].notnull() for c in columns))
    gone = int(table.filter(~known).count().to_pandas())
    if gone == 0:
        return spells
    return spells.with_table(table.filter(known), audit=_counted(spells, gone, reason))


def _counted(spells: Spells, gone: int, reason: str) -> Audit:
    """An audit of spells loses what it kept; of rows that are parts of spells it takes a note."""
    audit = spells.audit
    if spells.single and gone <= audit.n_kept:
        return audit.drop(reason, gone)
    return audit.note(f"rows left out: {reason}", gone)
