"""How alike groups are, and how many customers are left after weighting."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from journeylib.numbers import number

BALANCED = 0.1  # standardised difference taken for negligible; Austin (2009)
RARE, HEAVY, THIN = 0.01, 10.0, 0.5


def balance(
    x: np.ndarray,
    names: Sequence[str],
    code: np.ndarray,
    weight: np.ndarray,
    labels: Sequence[str],
) -> pd.DataFrame:
    """Standardised differences of each covariate between each pair of groups.

    Parameters
    ----------
    x
        Covariates, shape (n, p).
    names
        Of the covariates.
    code, weight
        Group and weight of each row, shape (n,).
    labels
        Names of the groups.

    Returns
    -------
    DataFrame
        ``term, group, against, mean, mean_against, smd_before, smd_after``; the spread
        is the root of the mean of both groups' unweighted variances, before and after.

    Examples
    --------
    >>> x, group = np.array([[0.0], [2.0], [2.0], [4.0]]), np.array([0, 0, 1, 1])
    >>> balance(x, ["age"], group, np.ones(4), ["a", "b"])["smd_before"].round(3).tolist()
    [1.414]
    """
    rows = []
    own = [code == g for g in range(len(labels))]
    plain = [x[o].mean(axis=0) for o in own]
    after = [np.average(x[o], axis=0, weights=weight[o]) for o in own]
    spread = [x[o].var(axis=0, ddof=1) if o.sum() > 1 else np.zeros(x.shape[1]) for o in own]
    for a, b in combinations(range(len(labels)), 2):
        scale = np.sqrt((spread[a] + spread[b]) / 2)
        for j, name in enumerate(names):
            before, now = plain[b][j] - plain[a][j], after[b][j] - after[a][j]
            smd = [
                0.0 if gap == 0 else gap / scale[j] if scale[j] else np.inf for gap in (before, now)
            ]
            rows.append((name, labels[b], labels[a], plain[b][j], plain[a][j], *smd))
    columns = ["term", "group", "against", "mean", "mean_against", "smd_before", "smd_after"]
    return pd.DataFrame(rows, columns=columns)


def effective_size(weight: np.ndarray) -> float:
    """How many equally weighted customers give a mean as precise: (sum w)² / sum w² (Kish).

    Examples
    --------
    >>> effective_size(np.array([1.0, 1.0, 1.0])), effective_size(np.array([4.0, 1.0, 1.0]))
    (3.0, 2.0)
    """
    return float(weight.sum() ** 2 / np.square(weight).sum())


def group_sizes(
    code: np.ndarray, weight: np.ndarray, chance: np.ndarray, labels: Sequence[str]
) -> pd.DataFrame:
    """``group, n, effective_n, largest_weight, smallest_chance`` of each group."""
    rows = []
    for g, label in enumerate(labels):
        own = weight[code == g]
        least = float(chance[:, g].min())
        rows.append((label, len(own), effective_size(own), float(own.max()), least))
    names = ["group", "n", "effective_n", "largest_weight", "smallest_chance"]
    return pd.DataFrame(rows, columns=names)


def cautions(
    table: pd.DataFrame, sizes: pd.DataFrame, chance: np.ndarray, labels: Sequence[str]
) -> tuple[str, ...]:
    """What a reader has to know before believing a weighted result, in words."""
    found = []
    for g, label in enumerate(labels):
        rare = int((chance[:, g] < RARE).sum())
        if rare:
            found.append(
                f"little overlap: for {rare:,} of {len(chance):,} the chance to be in {label} is "
                f"below {RARE:g}; about them a weighted comparison says next to nothing"
            )
    for group, n, worth, largest, _ in sizes.itertuples(index=False):
        if largest > HEAVY:
            found.append(
                f"the largest weight in {group} is {number(largest, 3)}: a few spells stand for "
                "many; consider truncate=(0.01, 0.99)"
            )
        if worth < THIN * n:
            found.append(
                f"the {n:,} spells of {group} are worth {number(worth, 3)} equally weighted ones"
            )
    far = table.loc[table["smd_after"].abs() >= BALANCED, "term"].drop_duplicates()
    if len(far):
        found.append(
            f"after weighting the groups still differ in {', '.join(far)}: a standardised "
            f"difference of {BALANCED:g} or more; give the formula a curve or an interaction"
        )
    return tuple(found)
