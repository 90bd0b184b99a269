"""A shortcut and the right number side by side, and several of those as one table."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape

import pandas as pd

from journeylib.numbers import UNKNOWN, estimate, number


@dataclass(frozen=True)
class Contrast:
    """One shortcut and the right number.

    Parameters
    ----------
    question
        What both numbers answer.
    shortcut, naive
        What the shortcut does, and what it gives; NaN where it gives nothing.
    method, value, low, high
        What is right, and what it gives, with its 95% interval.
    unit
        ``"%"``, the unit of time, or empty for a ratio.
    """

    question: str
    shortcut: str
    naive: float
    method: str
    value: float
    low: float
    high: float
    unit: str = ""

    @property
    def error(self) -> float:
        """How far the shortcut is off: a difference, or for a ratio the factor."""
        return self.naive / self.value if not self.unit else self.naive - self.value


class Contrasts(tuple[Contrast, ...]):
    """Several contrasts as one table."""

    @property
    def frame(self) -> pd.DataFrame:
        """Columns ``question, shortcut, naive, method, value, low, high, unit, error``."""
        columns = ["question", "shortcut", "naive", "method", "value", "low", "high", "unit"]
        frame = pd.DataFrame([vars(c) for c in self], columns=columns)
        frame["error"] = [c.error for c in self]
        return frame

    def __repr__(self) -> str:
        return "\n".join(f"{question}: {'; '.join(rest)}" for question, *rest in map(_told, self))

    def _repr_html_(self) -> str:
        heads = ("question", "the shortcut", "the right number", "error of the shortcut")
        head = "".join(f"<th scope='col'>{h}</th>" for h in heads)
        body = "".join(
            f"<tr><th scope='row'>{escape(question)}</th>"
            + "".join(f"<td>{escape(cell)}</td>" for cell in cells)
            + "</tr>"
            for question, *cells in map(_told, self)
        )
        return (
            "<table class='journey naive'><caption>Shortcuts beside the right numbers</caption>"
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )


def contrasts(*several: Contrast | Contrasts | None) -> Contrasts:
    """Collect contrasts; None stands for one that does not apply and is left out."""
    flat: list[Contrast] = []
    for item in several:
        if item is not None:
            flat.extend([item] if isinstance(item, Contrast) else item)
    return Contrasts(flat)


def _told(c: Contrast) -> tuple[str, str, str, str]:
    unit = c.unit if c.unit in ("%", "") else f" {c.unit}"
    value, low, high = estimate(c.value, c.low, c.high, ratio=not c.unit)
    naive, *_ = estimate(c.naive, c.low, c.high, ratio=not c.unit)
    ends = ["beyond follow-up" if end == UNKNOWN else end for end in (low, high)]
    right = f"{c.method}: {value}{unit} ({ends[0]} to {ends[1]})"
    if math.isnan(c.value):
        right = f"{c.method}: not reached"
    if math.isnan(c.error):
        return c.question, f"{c.shortcut}: {naive}{unit}", right, "cannot be told in one number"
    if not c.unit:
        factor = number(c.error, 2)
        error = "none to speak of" if factor == "1" else f"{factor} times the right ratio"
        return c.question, f"{c.shortcut}: {naive}", right, error
    if math.isclose(c.naive, c.value, rel_tol=1e-9, abs_tol=1e-9):
        return c.question, f"{c.shortcut}: {naive}{unit}", right, "none"
    size = f"{number(abs(c.error), 2)}{' points' if c.unit == '%' else unit}"
    return (
        c.question,
        f"{c.shortcut}: {naive}{unit}",
        right,
        f"{size} too {'high' if c.error > 0 else 'low'}",
    )
