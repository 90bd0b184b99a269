"""The net promoter score of those who answered, and what it stands for among everybody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pandas as pd

from journeylib.errors import DataError
from journeylib.estimate.groups import group_rows
from journeylib.estimate.intervals import z_value
from journeylib.exposures.marks import DETRACTOR, MARK, PASSIVE, PROMOTER, SILENT
from journeylib.privacy import OTHER, small_groups
from journeylib.results import Result
from journeylib.spells.core import Spells


@dataclass(frozen=True, repr=False, eq=False)
class PromoterScore(Result):
    """Who answered and how: the columns of ``.frame`` are

    ``group, customers, answered, detractors, passives, promoters, score, std_err, low, high``.

    ``score`` is the share of promoters less that of detractors among those who answered,
    in points from -100 to 100.

    Parameters
    ----------
    everybody
        The score if those who have not answered were like those of their group who have:
        ``score, std_err, low, high``; NaN without groups.
    """

    everybody: dict[str, float] = field(kw_only=True)

    title: ClassVar[str] = "Net promoter score"


def promoter_score(
    spells: Spells,
    by: str | Sequence[str] | None = None,
    *,
    event: str = "answer",
    level: float = 0.95,
    minimum: int = 1,
) -> PromoterScore:
    """Net promoter score from each customer's first answer.

    Parameters
    ----------
    spells
        As :func:`journeylib.with_answers` makes them. A first answer counts when it came
        before the end of follow-up; whoever answers often counts once.
    by
        Column or columns known at the origin that make groups.
    event
        Name of the event that carries the scores.
    level
        Of the interval, which is normal.
    minimum
        Fewest customers who must have answered in a group; the others are one group.

    Returns
    -------
    PromoterScore

    Raises
    ------
    DataError
        When the spells carry no answers, or nobody has answered.

    Notes
    -----
    The variance of the mean of values -1, 0 and 1 (Rocks 2016, The American Statistician
    70). ``everybody`` weights the groups by their customers and not by their answers
    (post-stratification): it corrects who answers only as far as the groups tell.

    Examples
    --------
    >>> from journeylib import spells_from_frame
    >>> df = pd.DataFrame({"id": [1, 1, 2, 2, 3], "from": [0, 2, 0, 3, 0], "time": [2, 9, 3, 9, 9],
    ...                    "event": 0, "answer_so_far": ["no_answer", "promoter", "no_answer",
    ...                                                  "detractor", "no_answer"]})
    >>> marked = spells_from_frame(df, start="from", id="id")
    >>> promoter_score(marked).frame[["customers", "answered", "score"]]
       customers  answered  score
    0          3         2    0.0
    """
    if MARK not in spells.table.columns:
        raise DataError("the spells carry no answers", fix="add them with with_answers")
    z = z_value(level)
    rows = spells.frame.sort_values(["id", "start"], kind="stable")
    told = rows[rows[MARK] != SILENT].drop_duplicates("id").set_index("id")[MARK]
    people = rows.drop_duplicates("id").reset_index(drop=True)
    answer = people["id"].map(told)
    people = _pooled(people, spells.columns(by), answer.notna().to_numpy(), minimum)
    code, groups = group_rows(people, spells.columns(by), _names(by))
    if answer.isna().all():
        raise DataError(
            "nobody has answered before the end of their follow-up",
            where=f"column {MARK!r}",
            fix="check which event carries the score, and whether it comes after the origin",
        )
    table = pd.DataFrame({"customers": np.bincount(code, minlength=len(groups))})
    table["answered"] = np.bincount(code, answer.notna().to_numpy(), len(groups)).astype(int)
    for name, mark in (("detractors", DETRACTOR), ("passives", PASSIVE), ("promoters", PROMOTER)):
        table[name] = np.bincount(code, (answer == mark).to_numpy(), len(groups)).astype(int)
    with np.errstate(divide="ignore", invalid="ignore"):
        n = table["answered"].to_numpy(dtype=float)
        plus, minus = (table[c].to_numpy() / n for c in ("promoters", "detractors"))
        score = plus - minus
        error = np.sqrt((plus + minus - score**2) / n)
    shown = groups.columns(np.arange(len(groups)))
    frame = pd.DataFrame(shown | dict(table.items()))
    frame["score"], frame["std_err"] = 100 * score, 100 * error
    frame["low"], frame["high"] = (
        np.clip(100 * (score + side * z * error), -100, 100) for side in (-1, 1)
    )
    facts = {
        "event": event,
        "n": len(people),
        "answered": int(answer.notna().sum()),
        "level": level,
        "conf": "plain",
        "clock": spells.clock,
        "audit": spells.audit,
    }
    everybody = _everybody(table["customers"].to_numpy(), score, error, z)
    return PromoterScore(frame, spells.unit, _names(by), facts, everybody=everybody)


def _pooled(
    people: pd.DataFrame, columns: Sequence[str], answered: np.ndarray, minimum: int
) -> pd.DataFrame:
    """The customers with the groups pooled in which too few of them have answered."""
    if not columns or minimum <= 1:
        return people
    code = people.groupby([*columns], dropna=False, observed=True).ngroup()
    sizes = dict(enumerate(np.bincount(code, answered).astype(int).tolist()))
    small = code.isin(small_groups(sizes, minimum))
    for column in columns if small.any() else ():
        people[column] = people[column].astype(object).where(~small, OTHER)
    return people


def _everybody(
    customers: np.ndarray, score: np.ndarray, error: np.ndarray, z: float
) -> dict[str, float]:
    """Groups weighted by their customers; those in which nobody answered are left out."""
    known = np.isfinite(score)
    if len(score) < 2 or known.sum() < 1:
        return dict.fromkeys(("score", "std_err", "low", "high"), float("nan"))
    share = customers[known] / customers[known].sum()
    mean = float(share @ score[known])
    spread = float(np.sqrt((share**2) @ (error[known] ** 2)))
    numbers = (mean, spread, mean - z * spread, mean + z * spread)
    return {
        name: 100 * x for name, x in zip(("score", "std_err", "low", "high"), numbers, strict=True)
    }


def _names(by: str | Sequence[str] | None) -> tuple[str, ...]:
    return () if by is None else (by,) if isinstance(by, str) else tuple(by)
