"""Who answers and who does not: whether a score may stand for everybody."""

from __future__ import annotations

from typing import Any

import numpy as np

from journeylib import words
from journeylib.estimate.compare import compare
from journeylib.estimate.incidence import cumulative_incidence
from journeylib.ledger.core import Check
from journeylib.numbers import number

CHANCE = 0.05  # of a false warning, over all columns together


def check_response(
    answering: Any, by: str | tuple[str, ...] | None, at: float, least: float = 0.5
) -> Check:
    """Warn when few answer, or when those who answer differ from those who do not.

    Parameters
    ----------
    answering
        Spells until the first answer, cause 1, with whatever may prevent it as other causes.
    by
        Columns known at the origin, each looked at by itself.
    at
        Time by which the share that answers is read.
    least
        Share below which few answer.
    """
    row = cumulative_incidence(answering).at([at]).iloc[0]
    share = float(row["incidence"])
    columns = answering.columns(by)
    p = {c: float(np.atleast_1d(compare(_first_cause(answering), c).p_value)[0]) for c in columns}
    bad = [c for c in columns if p[c] < CHANCE / len(columns)]
    shown = f"{words.percent(share)} of 100 answer within {number(at)} {answering.unit}"
    few = not share >= least
    if bad:
        told = ", ".join(f"{words.name(c)} ({words.chance(p[c])})" for c in bad)
        shown += f", sooner in some groups than in others by {told}"
    elif columns:
        shown += f", alike by {', '.join(map(words.name, columns))}"
    worry = []
    if bad:
        worry.append("Read scores by these groups, or weight the groups by their customers.")
    if few:
        worry.append("What the others would have said is not known.")
    return Check(
        "those who answer are like those who do not",
        "warned" if bad or few else "passed",
        f"{shown}.",
        " ".join(worry) or "It cannot be tested beyond what is recorded.",
    )


def _first_cause(spells: Any) -> Any:
    """The same spells with every other outcome censored."""
    frame = spells.frame
    frame["cause"] = (frame["cause"] == 1).astype(int)
    return spells.with_table(frame, causes=spells.causes[:1])
