"""The few numbers that a report stands on, in a form that the index can read.

A finding shows itself in a notebook as a line of text and carries the same
numbers as a MIME output, so that a page can lift it to the top and an index can
follow it from run to run without reading prose.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from html import escape
from typing import Any

from journeylib.errors import DataError
from journeylib.results import number

MIME = "application/vnd.journey.finding+json"


@dataclass(frozen=True)
class Finding:
    """One number with its interval and who was counted; made by :func:`finding`."""

    name: str
    value: float | None
    low: float | None = None
    high: float | None = None
    unit: str = ""
    n: int | None = None
    events: int | None = None
    std_err: float | None = None
    scale: str = "identity"
    better: str | None = None
    group: str | None = None

    def __str__(self) -> str:
        who = [f"n = {self.n:,}"] if self.n is not None else []
        who += [f"{self.events:,} events"] if self.events is not None else []
        tail = f" ({', '.join(who)})" if who else ""
        group = f", {self.group}" if self.group else ""
        return f"{self.name}{group}: {self.shown}{tail}"

    @property
    def shown(self) -> str:
        """Value, unit and interval as text."""
        unit = self.unit if self.unit == "%" else f" {self.unit}" if self.unit else ""
        if self.low is None and self.high is None:
            return "not reached" if self.value is None else f"{number(self.value)}{unit}"
        ends = [_end(self.low), _end(self.high)]
        value = "not reached" if self.value is None else f"{number(self.value)}{unit}"
        return f"{value} (95% interval {ends[0]} to {ends[1]})"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return Findings((self,))._repr_mimebundle_()


class Findings(tuple[Finding, ...]):
    """Several findings shown by one cell."""

    def __repr__(self) -> str:
        return "\n".join(str(f) for f in self)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        items = "".join(f"<li>{escape(str(f))}</li>" for f in self)
        return {
            MIME: {"findings": [asdict(f) for f in self]},
            "text/html": f"<ul class='journey findings'>{items}</ul>",
            "text/plain": repr(self),
        }


def finding(
    name: str,
    value: float | None,
    low: float | None = None,
    high: float | None = None,
    *,
    unit: str = "",
    n: int | None = None,
    events: int | None = None,
    std_err: float | None = None,
    scale: str = "identity",
    better: str | None = None,
    group: str | None = None,
) -> Finding:
    """State a number that the report stands on.

    Parameters
    ----------
    name
        What it is, in the reader's words; the same from run to run.
    value
        The number, or None where it is not reached.
    low, high
        Ends of the 95% interval; None or NaN where an end is undefined or the
        number is a count of what was there and not an estimate.
    unit
        ``"%"``, ``"days"``, … ; empty for a ratio.
    n, events
        Who was counted: spells or customers, and the events among them.
    std_err
        Standard error on ``scale``.
    scale
        ``"identity"`` or ``"log"`` (for ratios): where two runs are compared.
    better
        ``"higher"`` or ``"lower"``, or None where neither is.
    group
        The group it is about.

    Returns
    -------
    Finding

    Raises
    ------
    DataError
        When ``scale`` or ``better`` is none of the words above, or the value
        lies outside its interval.

    Examples
    --------
    >>> print(finding("bought in 30 days", 14.0, 12.9, 15.2, unit="%", n=3647, events=604))
    bought in 30 days: 14% (95% interval 12.9 to 15.2) (n = 3,647, 604 events)
    >>> print(finding("median", None, 310, None, unit="days"))
    median: not reached (95% interval 310 to beyond follow-up)
    """
    if scale not in ("identity", "log"):
        raise DataError(f"finding {name!r}: scale {scale!r} is neither 'identity' nor 'log'")
    if better not in (None, "higher", "lower"):
        raise DataError(f"finding {name!r}: better {better!r} is neither 'higher' nor 'lower'")
    value, low, high, std_err = (_json(x) for x in (value, low, high, std_err))
    if None not in (value, low, high):
        slack = 1e-9 * max(abs(float(value or 0)), 1.0)
        if not float(low or 0) - slack <= float(value or 0) <= float(high or 0) + slack:
            raise DataError(f"finding {name!r}: {value:g} lies outside {low:g} to {high:g}")
    return Finding(
        name=str(name),
        value=value,
        low=low,
        high=high,
        unit=unit,
        n=None if n is None else int(n),
        events=None if events is None else int(events),
        std_err=std_err,
        scale=scale,
        better=better,
        group=None if group is None else str(group),
    )


def findings(*several: Finding | Iterable[Finding]) -> Findings:
    """Show several findings in one cell.

    Examples
    --------
    >>> len(findings(finding("a", 1.0), [finding("b", 2.0)]))
    2
    """
    flat: list[Finding] = []
    for item in several:
        flat.extend([item] if isinstance(item, Finding) else item)
    return Findings(flat)


def _json(x: float | None) -> float | None:
    """JSON has no NaN and no infinity: both mean that the number does not exist."""
    return None if x is None or not math.isfinite(float(x)) else float(x)


def _end(x: float | None) -> str:
    return "beyond follow-up" if x is None else number(x)
