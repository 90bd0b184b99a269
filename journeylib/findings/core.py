"""The few numbers that a report stands on, in a form that the index can read.

A finding shows itself in a notebook as a line of text and carries the same
numbers as a MIME output, so that a page can lift it to the top and an index can
follow it from run to run without reading prose.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from html import escape
from typing import Any

from journeylib.errors import DataError
from journeylib.numbers import UNKNOWN, between, bounds_only, estimate

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
    of: Mapping[str, Any] | None = None
    why: str | None = None

    def __str__(self) -> str:
        who = [f"n = {self.n:,}"] if self.n is not None else []
        who += [f"{self.events:,} events"] if self.events is not None else []
        tail = f" ({', '.join(who)})" if who else ""
        group = f", {self.group}" if self.group else ""
        return f"{self.name}{group}: {self.shown}{tail}"

    @property
    def shown(self) -> str:
        """Value, unit and interval as text; bounds where there is no point between them."""
        if bounds_only(self.value, self.low, self.high):
            why = f": {self.why}" if self.why else " is given"
            return (
                f"{between(float(self.low or 0), float(self.high or 0), self.unit)}; no point{why}"
            )
        unit = self.unit if self.unit == "%" else f" {self.unit}" if self.unit else ""
        value, *ends = estimate(self.value, self.low, self.high, ratio=self.scale == "log")
        shown = "not reached" if self.value is None else f"{value}{unit}"
        if self.low is None and self.high is None:
            return shown
        low, high = ("beyond follow-up" if end == UNKNOWN else end for end in ends)
        return f"{shown} (95% interval {low} to {high})"

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
    of: Mapping[str, Any] | None = None,
    why: str | None = None,
) -> Finding:
    """State a number that the report stands on.

    Parameters
    ----------
    name
        What it is, in the reader's words; the same from run to run.
    value
        The number, or None where it is not reached; None between two ends says that they
        are bounds, and that no point can be given.
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
    of
        What it estimates, in words that a machine reads: ``kind``, ``event``, ``origin``,
        ``at`` … as :mod:`journeylib.truth.kinds` has them. Against it the truth is held
        where the customers are simulated.
    why
        Why there is no point between the bounds.

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
    bought in 30 days: 14.0% (95% interval 12.9 to 15.2) (n = 3,647, 604 events)
    >>> print(finding("median", None, 310, None, unit="days"))
    median: not reached (95% interval 310 to beyond follow-up)
    >>> print(finding("never", None, 0, 34.2, unit="%", why="the follow-up is too short"))
    never: between 0% and 34.2%; no point: the follow-up is too short
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
        of=None if of is None else dict(of),
        why=None if why is None else str(why),
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
