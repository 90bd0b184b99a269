"""The history of a finding across runs: a small chart, and the table that stands behind it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from journeylib.reporting.cards import interval_text, note_text, value_text
from journeylib.reporting.changes import Change, adjust, judge
from journeylib.reporting.noise import on_scale
from journeylib.reporting.records import RunRecord
from journeylib.reporting.relations import relation
from journeylib.reporting.render import date_text

WIDTH, HEIGHT, LEFT, BOTTOM = 340, 132, 52, 20
_PANELS = 3


@dataclass(frozen=True)
class Point:
    """A finding in one run.

    Parameters
    ----------
    date, value, interval
        As text; for bounds without a point, ``interval`` is why there is none.
    change
        Against the run before; None for the first.
    """

    date: str
    value: str
    interval: str
    change: Change | None = None


@dataclass(frozen=True)
class Panel:
    """A finding across runs, drawn on a field of ``WIDTH`` x ``HEIGHT``.

    Parameters
    ----------
    name, group
        The finding.
    points
        The earliest run first.
    line, bars, dots, moved
        Paths: through the values, along the intervals, at the values, and at those that
        moved beyond noise.
    ticks
        Place and text of the lines across.
    spark
        The line once more on a field of 100 x 20, for a glance.
    """

    name: str
    group: str
    points: tuple[Point, ...]
    line: str
    bars: str
    dots: str
    moved: str
    ticks: tuple[tuple[float, str], ...]
    spark: str

    @property
    def words(self) -> str:
        """The chart in a sentence, for those who do not see it."""
        first, last = self.points[0], self.points[-1]
        count = sum(p.change is not None and p.change.verdict == "moved" for p in self.points)
        moved = f"moved beyond noise {count} time{'' if count == 1 else 's'}"
        return (
            f"{self.name}{', ' if self.group else ''}{self.group}: {first.value} on {first.date}, "
            f"{last.value} on {last.date}; {moved if count else 'never moved beyond noise'}."
        )


def panels(runs: Sequence[RunRecord], findings: Sequence[Mapping[str, Any]]) -> tuple[Panel, ...]:
    """The history of some findings.

    Parameters
    ----------
    runs
        Good runs of one report, the latest first.
    findings
        Those to follow, as the latest run has them; only the first few are.

    Returns
    -------
    tuple of Panel
        Empty where no finding has a number in two runs.
    """
    made = (_panel(runs[::-1], finding) for finding in findings[:_PANELS])
    return tuple(panel for panel in made if panel is not None)


def _panel(runs: Sequence[RunRecord], finding: Mapping[str, Any]) -> Panel | None:
    found = [(run, f) for run in runs if (f := _same(run, finding)) is not None]
    values = [f for _, f in found if on_scale(f) is not None]
    if len(values) < 2:
        return None
    points = tuple(_points(found))
    scale = _Scale.over(values)
    step = (WIDTH - LEFT) / len(found)
    xs = [LEFT + step * (k + 0.5) for k in range(len(found))]
    ys = [scale.y(f, "value") for _, f in found]
    at = [(x, y) for x, y in zip(xs, ys, strict=True) if y is not None]
    marks = [p.change is not None and p.change.verdict == "moved" for p in points]
    kept = [m for m, y in zip(marks, ys, strict=True) if y is not None]
    return Panel(
        name=str(finding.get("name", "")),
        group=str(finding.get("group") or ""),
        points=points,
        line=_path(at),
        bars="".join(scale.bar(x, f) for x, (_, f) in zip(xs, found, strict=True)),
        dots="".join(f"M{x:.0f} {y:.1f}h0" for (x, y), m in zip(at, kept, strict=True) if not m),
        moved="".join(f"M{x:.0f} {y:.1f}h0" for (x, y), m in zip(at, kept, strict=True) if m),
        ticks=tuple(scale.ticks(str(finding.get("unit") or ""))),
        spark=_spark(at),
    )


def _points(found: Sequence[tuple[RunRecord, Mapping[str, Any]]]) -> Iterator[Point]:
    changes = adjust(judge(f, g, relation(r, s)) for (r, f), (s, g) in itertools.pairwise(found))
    for (run, f), change in zip(found, (None, *changes), strict=True):
        more = interval_text(f) or note_text(f)
        yield Point(date_text(run.started), value_text(f), more, change)


def _same(run: RunRecord, finding: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The finding in another run."""
    keys = ("name", "group", "unit", "scale")
    return next((f for f in run.findings if all(f.get(k) == finding.get(k) for k in keys)), None)


@dataclass(frozen=True)
class _Scale:
    """Heights of numbers, on the finding's own scale."""

    low: float
    high: float
    log: bool

    @classmethod
    def over(cls, findings: Sequence[Mapping[str, Any]]) -> _Scale:
        seen = [on_scale(f, key) for f in findings for key in ("low", "value", "high")]
        numbers = [x for x in seen if x is not None]
        low, high = min(numbers), max(numbers)
        room = (high - low) * 0.08 or abs(high) * 0.05 or 1.0
        return cls(low - room, high + room, findings[0].get("scale") == "log")

    def place(self, x: float) -> float:
        """Height of a number that is on the scale already."""
        share = (x - self.low) / (self.high - self.low)
        return round((HEIGHT - BOTTOM) * (1 - min(max(share, 0.0), 1.0)), 1)

    def y(self, finding: Mapping[str, Any], key: str) -> float | None:
        """Height of a finding's number; None where it has none."""
        x = on_scale(finding, key)
        return None if x is None else self.place(x)

    def bar(self, x: float, finding: Mapping[str, Any]) -> str:
        """The interval as an upright line; to the edge where an end is beyond follow-up."""
        low, high = self.y(finding, "low"), self.y(finding, "high")
        if low is None and high is None:
            return ""
        bottom = HEIGHT - BOTTOM if low is None else low
        return f"M{x:.0f} {bottom}V{0 if high is None else high}"

    def ticks(self, unit: str) -> Iterator[tuple[float, str]]:
        """Round numbers across the field."""
        ends = (math.exp(self.low), math.exp(self.high)) if self.log else (self.low, self.high)
        tail = "%" if unit == "%" else ""
        for x in round_numbers(*ends):
            yield self.place(math.log(x) if self.log else x), f"{x:,.10g}{tail}"


def round_numbers(low: float, high: float) -> list[float]:
    """Two to five round numbers between two.

    Examples
    --------
    >>> round_numbers(36.1, 38.9), round_numbers(0.0, 0.042), round_numbers(0.93, 1.12)
    ([37.0, 38.0], [0.0, 0.01, 0.02, 0.03, 0.04], [1.0, 1.1])
    """
    if not high > low:
        return [low]
    power = 10.0 ** math.floor(math.log10(high - low))
    for step in (power * s for s in (1, 0.5, 0.2, 0.1)):
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        if last > first:
            return [float(f"{k * step:.10g}") for k in range(first, last + 1)][:12]
    return [low, high]


def _path(at: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.0f} {y:.1f}" for x, y in at)


def _spark(at: Sequence[tuple[float, float]]) -> str:
    """The line on a field of 100 x 20, at the chart's own scale."""
    first, wide = at[0][0], at[-1][0] - at[0][0] or 1.0
    return _path([(2 + 96 * (x - first) / wide, 20 * y / (HEIGHT - BOTTOM)) for x, y in at])
