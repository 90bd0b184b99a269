"""Where the journey stalls: each step against all others, and what is known when it opens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from journeylib import words
from journeylib.columns import names
from journeylib.errors import DataError, JourneyError
from journeylib.estimate.adjust import adjusted
from journeylib.estimate.rmst import checked_horizon
from journeylib.estimate.segments import segment_scan
from journeylib.exposures.known import with_exposure
from journeylib.privacy import pool_small
from journeylib.questions.reach import reached
from journeylib.results import Result
from journeylib.spells.core import Spells
from journeylib.spells.exits import exits
from journeylib.spells.question import ask

LOST = "lost"


@dataclass(frozen=True, repr=False, eq=False)
class StepScan(Result):
    """Time spent in each step by each group, less that of all others; ``.frame`` has

    ``step, group, n, rmst, others, difference, std_err, low, high, p, p_adjusted``.

    ``p_adjusted`` after Benjamini and Hochberg over all steps and groups.
    """

    title: ClassVar[str] = "Extra time in each step against all others"

    def _headline(self) -> str:
        return f"{self.title}, first {self.about['horizon']:g} {self.unit} of the step"


def step_scan(
    log: Any,
    by: str,
    horizon: float,
    *,
    lost: str = "",
    until: str | None = None,
    minimum: int = 20,
) -> StepScan | None:
    """Compare, step by step, how long each group stays in a stage with all other customers.

    Parameters
    ----------
    log
        An :class:`EventLog` whose journey has two stages or more.
    by
        Columns that make the groups, separated by commas; small ones are pooled.
    horizon
        Where the averaging stops, counted from the entry into each stage.
    lost
        Event or stage that takes a customer out of any stage; a stage called ``lost``
        needs no naming.
    until
        Event at which a customer goes out of view.

    Returns
    -------
    StepScan or None
        A step begins with the first event of its stage and ends with the first of any later
        stage, or by getting lost. None where no step has two groups that are followed.

    Notes
    -----
    Restricted mean time in the step, any way out ending it: each group against one curve of
    all others (leave one out), as :func:`journeylib.segment_scan`.
    """
    stages = [s for s in log.journey.stages if s != LOST]
    out = lost or (LOST if LOST in log.journey.stages else "")
    checked_horizon(horizon)
    for name in (*stages[:1], *([out] if out else [])):  # what means nothing is no empty step
        ask(log, log.meaning(name), names(by), until=until or None)
    parts = []
    for k, stage in enumerate(stages[:-1]):
        causes = {s: s for s in stages[k + 1 :]} | ({LOST: out} if out else {})
        try:
            step = exits(log, stage, causes, by=names(by), until=until or None)
            scan = segment_scan(pool_small(step, names(by), minimum), names(by), horizon)
        except JourneyError:  # nobody there, one group only, or not followed so far
            continue
        table = scan.table[np.isfinite(scan.table["difference"])]
        parts.append(table.assign(step=stage))
    if not parts:
        return None
    table = pd.concat(parts, ignore_index=True)
    table["p_adjusted"] = adjusted(table["p"].to_numpy(), "fdr_bh")
    columns = ["step", "group", "n", "rmst", "others", "difference", "std_err"]
    about = {"horizon": horizon, "n": log.customers, "event": "leaving the step", "level": 0.95}
    return StepScan(
        table[[*columns, "low", "high", "p", "p_adjusted"]], log.journey.unit, names(by), about
    )


def with_known(spells: Spells, log: Any, facts: str | Sequence[str]) -> Spells:
    """Add what is known when the clock starts, from rows of the same instant or before.

    It counts where the clock also stops at that instant, too, but for the very event that
    stopped it, as in :func:`journeylib.with_exposure`.

    Parameters
    ----------
    spells
        Any, made from the log.
    log
        That made them.
    facts
        ``event`` for a 0/1 column, or ``event.column`` for the value of its latest row; one
        text with commas, or several. What the log does not hold is left out.

    Returns
    -------
    Spells
        With a column each, called as the event, or as event and column.

    Raises
    ------
    DataError
        For a column that the log does not have.

    Examples
    --------
    >>> from journeylib.example import small_log
    >>> from journeylib.spells import time_to
    >>> log = small_log()
    >>> known = with_known(time_to(log, "purchase", "ad"), log, "ad.source, visit")
    >>> known.frame[["ad_source", "visit"]].values.tolist()
    [['search', 0], ['social', 0], ['search', 0]]
    """
    for fact in names(facts) if isinstance(facts, str) else facts:
        event, _, column = fact.partition(".")
        try:
            log.meaning(event)
        except DataError:
            continue
        name = fact.replace(".", "_")
        value = log.column(column) if column else "ever"
        spells = with_exposure(spells, log, event, name, value, known="origin")
    return spells


def fact_names(log: Any, facts: str) -> tuple[str, ...]:
    """Names of the columns that :func:`with_known` adds."""
    found = []
    for fact in names(facts):
        try:
            log.meaning(fact.partition(".")[0])
        except DataError:
            continue
        found.append(fact.replace(".", "_"))
    return tuple(found)


def in_thirds(spells: Spells, columns: Sequence[str]) -> Spells:
    """Columns of many numbers as three groups of about equal size: low, middle, high.

    Parameters
    ----------
    spells
        Any.
    columns
        Of the spells; those that are no numbers, or take few values, stay as they are.

    Examples
    --------
    >>> from journeylib import spells_from_frame
    >>> made = spells_from_frame(pd.DataFrame({"time": 1, "event": 1, "price": range(30)}))
    >>> in_thirds(made, ["price"]).frame["price"].unique().tolist()
    ['low', 'middle', 'high']
    """
    frame = spells.frame
    for name in columns:
        values = frame[spells.column(name)]
        if not pd.api.types.is_numeric_dtype(values) or values.nunique() <= 6:
            continue
        edges = values.dropna().quantile([1 / 3, 2 / 3]).to_numpy()
        code = np.searchsorted(edges, values.to_numpy(dtype=float), side="left")
        third = np.array(["low", "middle", "high", None], dtype=object)
        third = third[np.where(values.isna(), 3, code)]
        frame[spells.column(name)] = pd.Categorical(third, ["low", "middle", "high"])
    return spells.with_table(frame)


def reached_by(spells: Spells, columns: Sequence[str], horizon: float) -> pd.DataFrame:
    """The share that gets through by the horizon, by each of several columns in turn.

    Parameters
    ----------
    spells
        With the columns; the first cause is getting through.
    columns
        Of the spells.
    horizon
        In their unit.

    Returns
    -------
    DataFrame
        ``known, group, customers, share, low, high``, shares in percent.
    """
    if not len(columns):
        raise DataError("no column is named whose groups are to be shown", where="columns")
    parts = []
    for name in columns:
        curve = reached(spells, by=name)
        at = curve.at([horizon])
        rows = {
            "known": words.name(name),
            "group": at["group"],
            "customers": [int(curve.about["sizes"][g]["n"]) for g in at["group"]],
            "share": 100 * (1 - at["survival"]),
            "low": 100 * (1 - at["high"]),
            "high": 100 * (1 - at["low"]),
        }
        parts.append(pd.DataFrame(rows))
    return pd.concat(parts, ignore_index=True)
