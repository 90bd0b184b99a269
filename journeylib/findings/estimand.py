"""What a finding says that it estimates: kind, event, origin, time and group of a result."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from journeylib import words
from journeylib.errors import DataError
from journeylib.numbers import number


def estimates(result: Any, kind: str, row: Any = None, **more: Any) -> dict[str, Any]:
    """What a finding estimates, for its ``of``.

    Parameters
    ----------
    result
        Whose number it is: its causes, its clock's origin and its groups are said.
    kind
        As in :mod:`journeylib.truth.kinds`.
    row
        The row of the result that the number is of; tells the group.
    more
        Whatever else tells the estimand: ``at``, ``horizon``, ``events`` …
    """
    need_usual(result)
    clock = result.about.get("clock")
    events = result.about.get("causes") or (result.about.get("event"),)
    by = [str(c) for c in result.by] if row is not None else []
    return {
        "kind": kind,
        "events": [str(e) for e in events],
        "origin": getattr(clock, "origin", ""),
        "by": by,
        "levels": _levels(result, row, by),
        **more,
    }


def need_usual(result: Any) -> None:
    """Refuse intervals of another level, which a finding would call 95% intervals.

    Raises
    ------
    DataError
        When the result was made with another ``level``.
    """
    level = result.about.get("level", words.USUAL)
    if level != words.USUAL:
        raise DataError(
            f"findings carry {number(100 * words.USUAL)}% intervals, and these are of {level!r}",
            fix=f"make the result for findings with level={words.USUAL}",
        )


def _levels(result: Any, row: Any, by: list[str]) -> list[str]:
    """The group of a row, a level for each of the columns that make the groups."""
    if len(by) < 2:
        return [str(row.group)] if by else []
    table = result.table  # a row as a tuple has other names for columns of several words
    return [str(level) for level in table.loc[table["group"] == row.group, by].iloc[0]]


def each_row(table: pd.DataFrame) -> Iterator[Any]:
    """The rows of a table of results, each with its columns as attributes."""
    return table.itertuples(index=False)


def group_of(group: str) -> str | None:
    """The group of a finding; None where it is everybody."""
    return None if group == "all" else group
