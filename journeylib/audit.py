"""Who was counted: every row that came in is either kept or dropped, for a named reason.

An audit is a small table whose counts add up to the rows that came in, or it
cannot be made. Notes count something about the kept rows (zero durations, rows
merged in time) and do not enter the sum.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape

import pandas as pd


@dataclass(frozen=True)
class Audit:
    """Counts of what happened to each row.

    Parameters
    ----------
    of
        What is counted, in the plural: ``"events"``, ``"customers"``, ``"rows"``.
    came_in
        Number that came in.
    kept, dropped
        Reason -> count. Together they add up to ``came_in``.
    notes
        Remarks about the kept rows, reason -> count; not part of the sum.

    Raises
    ------
    ValueError
        When the counts do not add up, which is a fault of this package.

    Examples
    --------
    >>> audit = Audit("customers", 10, kept={"counted": 8}, dropped={"no origin": 2})
    >>> audit.n_kept, audit.n_dropped
    (8, 2)
    """

    of: str
    came_in: int
    kept: Mapping[str, int]
    dropped: Mapping[str, int] = field(default_factory=dict)
    notes: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        counts = [*self.kept.values(), *self.dropped.values(), *self.notes.values()]
        if any(c < 0 for c in counts):
            raise ValueError(f"an audit cannot count below zero: {self}")
        if self.n_kept + self.n_dropped != self.came_in:
            raise ValueError(f"audit does not add up: {self}")

    @property
    def n_kept(self) -> int:
        """Number of rows kept."""
        return sum(self.kept.values())

    @property
    def n_dropped(self) -> int:
        """Number of rows dropped."""
        return sum(self.dropped.values())

    @property
    def frame(self) -> pd.DataFrame:
        """Tidy table ``action, reason, rows``; its ``rows`` sum to ``came_in``."""
        rows = [("kept", reason, n) for reason, n in self.kept.items()]
        rows += [("dropped", reason, n) for reason, n in self.dropped.items()]
        return pd.DataFrame(rows, columns=["action", "reason", "rows"])

    def drop(self, reason: str, rows: int) -> Audit:
        """The same audit with ``rows`` of the kept moved to the dropped."""
        if rows == 0:
            return self
        kept, left = dict(self.kept), rows
        for name in reversed(kept):
            taken = min(left, kept[name])
            kept[name] -= taken
            left -= taken
        dropped = {**self.dropped, reason: self.dropped.get(reason, 0) + rows}
        return Audit(self.of, self.came_in, kept, dropped, self.notes)

    def note(self, reason: str, rows: int) -> Audit:
        """The same audit with one more remark, left out where it counts nothing."""
        notes = {**self.notes, reason: rows} if rows else self.notes
        return Audit(self.of, self.came_in, self.kept, self.dropped, notes)

    def __str__(self) -> str:
        parts = [f"{self.came_in:,} {self.of} came in"]
        parts += [f"{n:,} kept ({reason})" for reason, n in self.kept.items() if n]
        parts += [f"{n:,} dropped ({reason})" for reason, n in self.dropped.items() if n]
        parts += [f"{n:,} noted ({reason})" for reason, n in self.notes.items() if n]
        return "; ".join(parts)

    def _repr_html_(self) -> str:
        def row(action: str, reason: str, n: int, share: bool = True) -> str:
            part = f"{n / self.came_in:.1%}" if share and self.came_in else ""
            return (
                f"<tr><td>{action}</td><th scope='row'>{escape(reason)}</th>"
                f"<td class='num'>{n:,}</td><td class='num'>{part}</td></tr>"
            )

        body = [row("kept", reason, n) for reason, n in self.kept.items() if n]
        body += [row("dropped", reason, n) for reason, n in self.dropped.items() if n]
        body += [row("of those kept", reason, n, share=False) for reason, n in self.notes.items()]
        none = [reason for part in (self.kept, self.dropped) for reason, n in part.items() if not n]
        if none:
            body.append(f"<tr><td>none</td><td colspan='3'>{escape('; '.join(none))}</td></tr>")
        return (
            f"<table class='journey audit'><caption>{self.came_in:,} {escape(self.of)} came in: "
            f"{self.n_kept:,} kept, {self.n_dropped:,} dropped</caption>"
            "<thead><tr><th scope='col'></th><th scope='col'>reason</th>"
            f"<th scope='col' class='num'>{escape(self.of)}</th>"
            "<th scope='col' class='num'>share</th></tr></thead>"
            f"<tbody>{''.join(body)}</tbody></table>"
        )
