"""The estimand card: what exactly a report estimates, before any number is shown."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

import pandas as pd

from journeylib import words
from journeylib.numbers import number
from journeylib.spells.core import Spells

MIME = "application/vnd.journey.estimand+json"


@dataclass(frozen=True)
class Estimand:
    """What is estimated, as rows of label and text; made by :func:`estimand`."""

    rows: tuple[tuple[str, str], ...]

    @property
    def frame(self) -> pd.DataFrame:
        """Columns ``what, text``."""
        return pd.DataFrame(list(self.rows), columns=["what", "text"])

    def __repr__(self) -> str:
        return "\n".join(f"{label}: {text}" for label, text in self.rows)

    def _repr_html_(self) -> str:
        body = "".join(
            f"<tr><th scope='row'>{escape(label)}</th><td>{escape(text)}</td></tr>"
            for label, text in self.rows
        )
        return (
            "<table class='journey estimand'><caption>What is estimated</caption>"
            f"<tbody>{body}</tbody></table>"
        )

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return {
            MIME: {"rows": [list(row) for row in self.rows]},
            "text/html": self._repr_html_(),
            "text/plain": repr(self),
        }


def estimand(
    spells: Spells,
    population: str = "",
    contrast: str = "",
    horizon: float | None = None,
    unit: str = "customer",
) -> Estimand:
    """State what the numbers of a report are estimates of.

    Parameters
    ----------
    spells
        Their clock says what starts, stops and censors it.
    population
        Who is meant, in words; counted from the audit unless given.
    contrast
        What is compared with what, in words; none unless given.
    horizon
        Up to when, in the unit of the spells.
    unit
        What one row stands for; "episode" where the spells have episodes.

    Returns
    -------
    Estimand
        Rows ``population, origin, event, competing events, censoring, entry, horizon,
        unit, contrast``: the attributes of ICH E9(R1) (2019), with the clock's in place
        of the treatment's. Shown as a table, and for the page as
        ``application/vnd.journey.estimand+json``.

    Examples
    --------
    >>> from journeylib.example import small_log
    >>> from journeylib.spells import time_to
    >>> print(estimand(time_to(small_log(), "purchase", origin="ad"), horizon=14))
    population: all 3 customers at risk, of 4 in the log
    origin: at the customer's first ad
    event: at the first purchase
    competing events: none
    censoring: at the cutoff, 2024-03-31
    entry: nobody: every spell is watched from its origin
    horizon: 14 days
    unit: customer
    contrast: none: everybody together
    """
    clock, audit = spells.clock, spells.audit
    if spells.per is not None and unit == "customer":
        unit = f"episode of a customer, told apart by {words.name(spells.per)}"
    counted = f"all {audit.n_kept:,} {audit.of} at risk, of {audit.came_in:,} in the log"
    several = [words.name(cause) for cause in spells.causes]
    rivals = "none" if len(several) < 2 else f"{', '.join(several[1:])} besides {several[0]}"
    if "stage" in spells.table.columns:
        rivals = "each move to one stage competes with the moves to all others"
    rows = (
        ("population", population or counted),
        ("origin", clock.starts),
        ("event", clock.stops),
        ("competing events", rivals),
        ("censoring", clock.censors),
        ("entry", clock.enters),
        ("horizon", "all of the follow-up" if horizon is None else _time(horizon, spells.unit)),
        ("unit", unit),
        ("contrast", words.name(contrast) if contrast else "none: everybody together"),
    )
    return Estimand(rows)


def _time(horizon: float, unit: str) -> str:
    return f"{number(horizon)} {unit}"
