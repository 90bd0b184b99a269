"""Estimate and truth side by side, a miss shown as a miss."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

import pandas as pd

from journeylib.findings import Finding, Findings
from journeylib.numbers import UNKNOWN, estimate
from journeylib.truth.kinds import true_value
from journeylib.truth.source import truth

MIME = "application/vnd.journey.truth+json"
HIT, MISSED = "hit", "missed"
COLUMNS = ["finding", "group", "estimate", "low", "high", "unit", "truth", "verdict"]


@dataclass(frozen=True, eq=False)
class BesideTruth:
    """Findings whose truth is known; made by :func:`beside_truth`."""

    table: pd.DataFrame

    @property
    def frame(self) -> pd.DataFrame:
        """Columns ``finding, group, estimate, low, high, unit, truth, verdict``."""
        return self.table.copy()

    @property
    def caption(self) -> str:
        """How many intervals hold the truth, in words."""
        hits = int((self.table["verdict"] == HIT).sum())
        return (
            f"Simulated: {hits} of {len(self.table)} intervals hold the truth "
            "(95 of 100 should, in the long run)"
        )

    def __repr__(self) -> str:
        lines = [" | ".join(cells) for _, *cells in map(_told, self.table.to_dict("records"))]
        return "\n".join([self.caption, *lines])

    def _repr_html_(self) -> str:
        heads = ("what is estimated", "group", "estimate", "95% interval", "truth", "")
        head = "".join(f"<th scope='col'>{h}</th>" for h in heads)
        body = ""
        for verdict, name, *cells in map(_told, self.table.to_dict("records")):
            tds = "".join(f"<td>{escape(c)}</td>" for c in cells[:-1])
            mark = f"<td class='truth {verdict}'>{escape(cells[-1])}</td>"
            body += f"<tr><th scope='row'>{escape(name)}</th>{tds}{mark}</tr>"
        return (
            f"<table class='journey truth'><caption>{escape(self.caption)}</caption>"
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        rows = [
            {k: None if isinstance(v, float) and pd.isna(v) else v for k, v in row.items()}
            for row in self.table.to_dict("records")
        ]
        bundle = {MIME: {"rows": rows}, "text/html": self._repr_html_()}
        return {**bundle, "text/plain": repr(self)}


def beside_truth(log: Any, answer: Finding | Iterable[Finding]) -> BesideTruth | None:
    """Put the truth beside the findings of a report on simulated customers.

    Parameters
    ----------
    log
        The :class:`EventLog` of the report.
    answer
        Its findings, as :func:`journeylib.findings` collects them.

    Returns
    -------
    BesideTruth or None
        One row a finding with an interval whose truth the model knows: ``"hit"`` where the
        interval holds it, ``"missed"`` where not. None where the customers are real.

    Notes
    -----
    One interval in twenty should miss; intervals of one report share their customers, so
    that they hit and miss together.
    """
    known = truth(log)
    if known is None:
        return None
    several: Findings = Findings((answer,)) if isinstance(answer, Finding) else Findings(answer)
    rows = []
    for one in several:
        value = true_value(known, one.of)
        if value is None or one.value is None:
            continue
        shown = 100 * value if one.unit == "%" else value
        ends = [float("nan") if end is None else float(end) for end in (one.low, one.high)]
        if all(pd.isna(end) for end in ends):  # there is no interval that could hold it
            continue
        inside = not (shown < ends[0]) and not (shown > ends[1])
        rows.append((one.name, one.group or "all", one.value, *ends, one.unit, shown, inside))
    table = pd.DataFrame(rows, columns=COLUMNS)
    table["verdict"] = table["verdict"].map({True: HIT, False: MISSED})
    return BesideTruth(table) if len(table) else None


def _told(row: Mapping[Any, Any]) -> tuple[str, str, str, str, str, str, str]:
    unit = row["unit"] if row["unit"] in ("%", "") else f" {row['unit']}"
    value, low, high = estimate(row["estimate"], row["low"], row["high"], ratio=not row["unit"])
    ends = " to ".join("beyond follow-up" if x == UNKNOWN else x for x in (low, high))
    mark = "the interval holds it" if row["verdict"] == HIT else "missed"
    decimals = len(value.partition(".")[2])  # as many as the estimate has
    shown = f"{row['truth']:,.{decimals}f}{unit}"
    return row["verdict"], row["finding"], row["group"], f"{value}{unit}", ends, shown, mark
