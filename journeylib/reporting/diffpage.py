"""Two runs held against each other, as one HTML page that needs nothing but itself."""

from __future__ import annotations

from dataclasses import dataclass

from journeylib.numbers import chance
from journeylib.reporting.changes import Change
from journeylib.reporting.diff import Comparison, Difference, finding_text
from journeylib.reporting.noise import Z95
from journeylib.reporting.render import date_text, fill


@dataclass(frozen=True)
class Line:
    """A change as the page shows it.

    Parameters
    ----------
    change
        The change.
    was, now, p
        As text.
    left, right, point
        Its interval and itself in standard errors, 0 to 100 with no change at 50; None
        where it cannot be judged.
    """

    change: Change
    was: str
    now: str
    p: str
    left: float | None = None
    right: float | None = None
    point: float | None = None


def page(c: Comparison) -> str:
    """A comparison as an HTML document."""
    titles = dict.fromkeys(r.title or r.report_id for r in (c.old, c.new))
    farthest = max((abs(x.z) for x in c.changes if x.z is not None), default=0.0)
    reach = farthest + 1.15 * Z95
    parts: dict[str, list[Difference]] = {}
    for d in c.differences:
        parts.setdefault(d.part, []).append(d)
    return fill(
        "diff.html.j2",
        style=("page.css", "index.css"),
        comparison=c,
        title=" and ".join(titles),
        runs=[
            ("before", c.old, date_text(c.old.started)),
            ("now", c.new, date_text(c.new.started)),
        ],
        lines=[_line(change, reach) for change in c.changes],
        parts=parts,
    )


def _line(change: Change, reach: float) -> Line:
    p = change.p if change.adjusted is None else change.adjusted
    texts = finding_text(change.old), finding_text(change.new), "" if p is None else chance(p)
    if change.z is None:
        return Line(change, *texts)
    return Line(change, *texts, *(_place(change.z + s, reach) for s in (-Z95, Z95, 0.0)))


def _place(z: float, reach: float) -> float:
    return round(50 + 50 * z / reach, 2)
