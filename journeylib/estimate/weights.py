"""Weights that make groups alike in what was known about them at the origin.

A customer of a group counts for as many as there are like him in everybody: one over
the chance of being in that group, given the covariates. In the weighted spells the
covariates of the formula are then spread alike over the groups, and a curve or a Cox
model compares like with like *in these covariates*. Whatever is not in the formula may
still differ between the groups.

References
----------
Rosenbaum and Rubin (1983), Biometrika 70; Robins, Hernán and Brumback (2000),
Epidemiology 11; Cole and Hernán (2004), Computer Methods and Programs in Biomedicine 75;
Austin (2009), Statistics in Medicine 28 (balance); Austin (2016), ibid. 35 (variance).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from typing import ClassVar

import numpy as np
import pandas as pd

from journeylib.errors import DataError
from journeylib.estimate.balance import balance, cautions, group_sizes
from journeylib.estimate.design import fetch
from journeylib.estimate.formula import model_matrix, read_formula, variables
from journeylib.estimate.groups import Groups, group_rows
from journeylib.estimate.propensity import propensity
from journeylib.estimate.records import spell_codes
from journeylib.estimate.subset import leave_out
from journeylib.numbers import number
from journeylib.results import Result
from journeylib.spells.core import Spells


@dataclass(frozen=True, repr=False, eq=False)
class Weighting(Result):
    """Weighted spells and how alike the groups have become: the columns of ``.frame`` are

    ``term, group, against, mean, mean_against, smd_before, smd_after``,

    a row a covariate and pair of groups. ``smd`` is the difference of means in units of
    the spread within the (unweighted) groups; below 0.1 is taken for alike.

    Parameters
    ----------
    spells
        The spells with one more column, ``column``: pass its name as ``weights``.
    column
        Name of that column.
    sizes
        ``group, n, effective_n, largest_weight, smallest_chance``: spells, how many
        equally weighted ones they are worth, and the least chance to be in the group.
    warnings
        In words, what a reader has to know before believing the weighted results.
    """

    spells: Spells = field(kw_only=True, repr=False)
    column: str = field(kw_only=True)
    sizes: pd.DataFrame = field(kw_only=True)
    warnings: tuple[str, ...] = field(kw_only=True, default=())

    title: ClassVar[str] = "Balance of the groups before and after weighting"

    def _headline(self) -> str:
        worth = "; ".join(
            f"{group} {n:,} spells worth {number(worth, 3)}"
            for group, n, worth, *_ in self.sizes.itertuples(index=False)
        )
        return f"{self.title} ({worth})"

    def __repr__(self) -> str:
        return "\n".join([super().__repr__(), *(f"warning: {w}" for w in self.warnings)])

    def _repr_html_(self) -> str:
        notes = "".join(f"<p class='journey warning'>{escape(w)}</p>" for w in self.warnings)
        return super()._repr_html_() + notes


def weights(
    spells: Spells,
    formula: str,
    treatment: str,
    *,
    stabilised: bool = True,
    truncate: tuple[float, float] | None = None,
    column: str = "weight",
) -> Weighting:
    """Weight spells by the inverse chance of the group they are in.

    Parameters
    ----------
    spells
        Spells; where a spell has several rows, the first one's covariates count.
    formula
        What the groups are to be made alike in, known at the origin: ``"age + C(channel)"``.
    treatment
        Column of the group; it may not change within a spell.
    stabilised
        Multiply by the share of the group, which leaves the size of the groups as it is
        and the weights less extreme.
    truncate
        Quantiles of the weights, for instance ``(0.01, 0.99)``, beyond which a weight is
        set to the quantile: a little less balance for a little more precision.
    column
        Name of the new column.

    Returns
    -------
    Weighting
        ``.spells`` for ``survival_curve(spells, by=treatment, weights="weight")`` and
        ``cox(spells, treatment, weights="weight")``, whose errors are then robust.

    Raises
    ------
    DataError
        For an unknown column, a group of one kind only, or one that changes over time.
    ModelError
        When covariates determine one another, or the group.

    Notes
    -----
    The chance is a logistic regression (multinomial for more than two groups) fitted by
    statsmodels. The robust errors take the weights as known; that they are estimated
    makes the intervals, if anything, too wide (Lunceford and Davidian 2004, Statistics
    in Medicine 23). Balance is shown for the columns of the formula as coded.

    Examples
    --------
    >>> from journeylib import spells_from_frame, survival_curve
    >>> df = pd.DataFrame({"time": range(1, 9), "event": [1, 1, 0, 1, 1, 0, 1, 1],
    ...                    "arm": list("aaabbbba"), "age": [20, 30, 25, 40, 45, 28, 50, 44]})
    >>> found = weights(spells_from_frame(df), "age", "arm")
    >>> found.frame[["term", "group", "against", "smd_before", "smd_after"]].round(2)
      term group against  smd_before  smd_after
    0  age     b       a        1.11        0.2
    """
    if column in spells.table.columns:
        raise DataError(
            f"the spells already have a column {column!r}", fix="pass another name as column="
        )
    spells = spells.with_table(spells.frame)
    spells, used, x, names, own, groups = _read(spells, formula, treatment)
    spell, _ = _first_rows(spells)
    chance = propensity(x, names, own, groups.labels)
    weight = 1 / chance[np.arange(len(own)), own]
    if stabilised:
        weight = weight * (np.bincount(own) / len(own))[own]
    weight, cut = _truncated(weight, truncate)
    table = spells.frame
    table[column] = weight[spell]
    sizes = group_sizes(own, weight, chance, groups.labels)
    alike = balance(x, names, own, weight, groups.labels)
    return Weighting(
        table=alike,
        unit=spells.unit,
        by=groups.names,
        about={
            "event": " or ".join(spells.causes),
            "treatment": treatment,
            "formula": formula,
            "covariates": used,
            "stabilised": stabilised,
            "truncate": truncate,
            "truncated": cut,
            "n": len(own),
            "ids": int(table["id"].nunique()),
            "events": int((table["cause"] > 0).sum()),
            "clock": spells.clock,
            "audit": spells.audit,
        },
        spells=spells.with_table(table),
        column=column,
        sizes=sizes,
        warnings=cautions(alike, sizes, chance, groups.labels),
    )


def _read(
    spells: Spells, formula: str, treatment: str
) -> tuple[Spells, tuple[str, ...], np.ndarray, tuple[str, ...], np.ndarray, Groups]:
    """Spells complete at their first row; columns, covariates and group of each spell."""
    terms = read_formula(formula)
    used = variables(terms, [*spells.table.columns, *spells.own_names], formula)
    for name in dict.fromkeys([treatment, *used]):
        spell, first = _first_rows(spells)
        missing = spells._fetched[spells.column(name)].isna().to_numpy()
        spells = leave_out(spells, missing[first][spell], f"{name} is missing")
    if treatment in used or spells.column(treatment) in used:
        raise DataError(
            f"the formula {formula!r} holds {treatment!r} itself",
            fix="name what the groups are to be made alike in, not the group",
        )
    spell, first = _first_rows(spells)
    frame = fetch(spells, used).iloc[first]
    matrix, names, _ = model_matrix(terms, frame, formula)
    code, groups = group_rows(spells._fetched, [spells.column(treatment)], [treatment])
    if len(groups) < 2:
        raise DataError(
            f"everybody is in the same group of {treatment!r} ({groups.labels[0]}): "
            "there is nobody to compare with",
            fix="check the filter, or choose another column",
        )
    changes = code != code[first][spell]
    if changes.any():
        raise DataError(
            f"{treatment!r} changes within {len(np.unique(spell[changes])):,} spell(s): a weight "
            "for the group at the origin cannot make up for that",
            fix="use the group at the origin, or cox() with the time-varying column",
        )
    return spells, tuple(used), matrix, names, code[first].astype(np.int64), groups


def _first_rows(spells: Spells) -> tuple[np.ndarray, np.ndarray]:
    """Number of each row's spell, and the first row of each spell."""
    if spells.single:
        every = np.arange(len(spells._fetched))
        return every, every
    spell = spell_codes(spells)
    order = np.lexsort((spells._fetched["start"].to_numpy(), spell))
    return spell, order[np.unique(spell[order], return_index=True)[1]]


def _truncated(weight: np.ndarray, truncate: tuple[float, float] | None) -> tuple[np.ndarray, int]:
    if truncate is None:
        return weight, 0
    if not (len(truncate) == 2 and 0 <= truncate[0] < truncate[1] <= 1):
        raise DataError(
            f"truncate={truncate!r} is no pair of quantiles", fix="write it like (0.01, 0.99)"
        )
    ends = np.quantile(weight, truncate)
    inside = np.clip(weight, *ends)
    return inside, int((inside != weight).sum())
