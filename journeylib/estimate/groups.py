"""Which group a row belongs to, what the group is called, and in which order groups stand.

A group is a level as text. Several columns are joined by " / ". Whatever is
missing is a group of its own, "(missing)", because whoever left a field blank
is a customer too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

ALL = "all"
MISSING = "(missing)"
_FEW = 1000  # whole numbers in so small a span need no look-up


@dataclass(frozen=True)
class Groups:
    """The groups of an estimate, in their order.

    Parameters
    ----------
    names
        The columns that make the groups, as the researcher named them.
    labels
        One text a group.
    parts
        One array of texts for each name: the level of that column in each group.
    """

    names: tuple[str, ...]
    labels: tuple[str, ...]
    parts: tuple[np.ndarray, ...] = field(default=(), repr=False)

    def __len__(self) -> int:
        return len(self.labels)

    def columns(self, code: np.ndarray, taken: Sequence[str] = ()) -> dict[str, Any]:
        """Leading columns of a result: ``group`` and, for several names, each name apart.

        Parameters
        ----------
        code
            Number of the group in each row of the result.
        taken
            Other columns of the result; a name among them gets an underscore.
        """
        if len(self) == 1:
            label = np.empty(len(code), dtype=object)
            label.fill(self.labels[0])
        else:
            label = np.array(self.labels, dtype=object)[code]
        out: dict[str, Any] = {"group": text_column(label)}
        if len(self.names) > 1:
            for name, part in zip(self.names, self.parts, strict=True):
                out[name + "_" * (name in {"group", *taken})] = part[code]
        return out


def text_column(values: np.ndarray) -> pd.Series:
    """Texts as a column whose type is known; a frame looks at each of bare ones for dates."""
    return pd.Series(values, dtype=object, copy=False)


def group_rows(
    frame: pd.DataFrame, columns: Sequence[str], names: Sequence[str] | None = None
) -> tuple[np.ndarray, Groups]:
    """Number the group of each row.

    Parameters
    ----------
    frame
        Table with the grouping columns.
    columns
        Columns of ``frame`` that make the groups; none for one group of all rows.
    names
        How the researcher calls these columns; the same unless given.

    Returns
    -------
    code, groups
        Number of the group in each row, 0…G-1, and the groups. A categorical
        column keeps its order, any other is sorted, numbers as numbers; only
        levels that occur make a group.

    Examples
    --------
    >>> frame = pd.DataFrame({"channel": ["web", None, "app"], "visits": [10, 9, 10]})
    >>> group_rows(frame, ["channel"])[1].labels
    ('app', 'web', '(missing)')
    >>> group_rows(frame, ["visits", "channel"])[1].labels
    ('9 / (missing)', '10 / app', '10 / web')
    """
    names = tuple(columns if names is None else names)
    if not columns:
        return np.zeros(len(frame), dtype=np.int8), Groups((), (ALL,))
    code, texts = _levels(frame[columns[0]])
    parts = [texts]
    for column in columns[1:]:
        more, texts = _levels(frame[column])
        pair = code.astype(np.int64) * len(texts) + more
        seen, code = np.unique(pair, return_inverse=True)
        parts = [p[seen // len(texts)] for p in parts] + [texts[seen % len(texts)]]
    labels = parts[0] if len(parts) == 1 else np.array([" / ".join(t) for t in zip(*parts)])
    first = pd.Series(labels).drop_duplicates()
    if len(first) < len(labels):  # two levels with one text are one group
        code = pd.Index(first).get_indexer(pd.Index(labels))[code]
        parts = [p[first.index] for p in parts]
    code = code.astype(np.int16 if len(first) < 2**15 else np.int64)
    return code, Groups(names, tuple(str(t) for t in first), tuple(parts))


def _levels(values: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Code of each row and the text of each code that occurs, in order; missing comes last."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        code, levels = values.cat.codes.to_numpy(), list(values.cat.categories)
    elif (span := _narrow(values)) is not None:
        code, levels = values.to_numpy(np.int64) - span[0], list(span)
    else:
        code, unique = pd.factorize(values)
        levels = list(unique)
        order = _order(levels)
        rank = np.empty(len(levels) + 1, dtype=np.int64)
        rank[order], rank[-1] = np.arange(len(levels)), -1
        code, levels = rank[code], [levels[i] for i in order]
    count = np.bincount(code.astype(np.int64) + 1, minlength=len(levels) + 1)
    present = np.flatnonzero(count[1:])
    number = np.full(len(levels) + 1, -1)
    number[present], number[-1] = np.arange(len(present)), len(present)
    texts = [level_text(levels[i]) for i in present] + [MISSING] * bool(count[0])
    return number[code], np.array(texts, dtype=object)


def _narrow(values: pd.Series) -> range | None:
    """From the least to the largest of whole numbers, where that is hardly any numbers."""
    if not isinstance(values.dtype, np.dtype) or values.dtype.kind != "i" or values.empty:
        return None
    span = range(int(values.min()), int(values.max()) + 1)
    return span if len(span) <= _FEW else None


def _order(levels: list[Any]) -> list[int]:
    try:
        return sorted(range(len(levels)), key=levels.__getitem__)
    except TypeError:  # levels of several kinds have no order of their own
        return sorted(range(len(levels)), key=lambda i: str(levels[i]))


def level_text(level: object) -> str:
    """A level as text; a whole number without its ``.0``, a midnight without its clock.

    Examples
    --------
    >>> level_text(2.0), level_text("web"), level_text(pd.Timestamp("2017-01-01"))
    ('2', 'web', '2017-01-01')
    """
    if isinstance(level, float | np.floating) and float(level).is_integer():
        return str(int(level))
    if isinstance(level, pd.Timestamp) and level == level.normalize():
        return level.date().isoformat()
    return str(level)
