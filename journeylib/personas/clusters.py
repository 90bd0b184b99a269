"""Behavioural clusters: k-means on what customers did before the clock starts.

Features are put on the scale log(1 + x), which counts and amounts call for, and standardised.
Starts are those of k-means++ (Arthur and Vassilvitskii 2007), the best of several is kept;
Lloyd's iterations (1982, IEEE Transactions on Information Theory 28). Everything is seeded, and
sorted by the features themselves before anything is drawn, so that neither the order of rows
nor the names of customers matter.

k-means finds k groups in anything. Whether there is more to it than a cut through one cloud is
asked by drawing such clouds, as in Liu, Hayes, Nobel and Marron (2008, JASA 103), but with the
features' own values: normal scores with the rank correlations seen, mapped back to the values of
each feature. With real groups the clusters explain more of the spread than they do there.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import norm, rankdata

from journeylib.errors import DataError
from journeylib.labels import label
from journeylib.numbers import number
from journeylib.personas.history import MONETARY, RECENCY, TENURE, History
from journeylib.personas.rfm import WORDS, Personas, profiled

COLUMN = "persona"
_SIDES = {**WORDS, TENURE: ("known for a short time", "known for long")}
_SIDES[RECENCY] = WORDS[RECENCY][::-1]  # much recency is long ago
_SIDES[MONETARY] = ("small values", "large values")
STARTS, TURNS, CLOUDS = 8, 60, 39
MOST = 20_000  # customers that the centres are found on; the others go to the nearest
FEW = 2_000  # customers that the evidence is sought in


def clusters(
    known: History,
    k: int = 4,
    features: Sequence[str] = (),
    *,
    seed: int = 1,
    minimum: int = 20,
) -> Personas:
    """Group customers by what they did before the clock starts.

    Parameters
    ----------
    known
        Result of :func:`journeylib.history`.
    k
        How many groups, at least 2.
    features
        Which features; all unless given. Those on which all customers are alike are left out.
    seed
        Of starts and clouds.
    minimum
        Groups with fewer customers are pooled.

    Returns
    -------
    Personas
        Column ``persona``, named after what sets the group apart from the average customer.
        ``.evidence``: the share of the spread explained (``statistic``), what it is on average
        in one cloud without groups (``null``), and how often such a cloud does as well (``p``).

    Raises
    ------
    DataError
        For a column that was not known when the clock started, or too few different customers.

    Examples
    --------
    >>> from journeylib.example import small_log
    >>> from journeylib.personas import history, landmark
    >>> log = small_log()
    >>> known = history(landmark(log, "purchase", 7, origin="purchase"), log, "purchase")
    >>> clusters(known, 2, ["frequency"], minimum=1).frame[["group", "n"]]
            group  n
    0  1 (rarely)  2
    1   2 (often)  1
    """
    values = known.values(features).astype(float)
    varied = [str(c) for c in values if values[c].nunique() > 1]
    distinct = len(values[varied].drop_duplicates()) if varied else 1
    if k < 2 or distinct < k:
        raise DataError(
            f"{distinct} different customers cannot make {k} groups",
            where="k",
            fix="fewer groups, more features, or a later start of the clock",
        )
    x = standardised(values[varied].to_numpy())
    order = np.lexsort(x.T[::-1])
    rng = np.random.default_rng(seed)
    centres = k_means(_some(x[order], rng), k, rng)
    code = nearest_centre(x, centres)
    whole, null, p = _evidence(x[order], centres, k, rng)
    labels = _labels(x, code, varied)
    group = pd.Series([labels[c] for c in code])
    evidence = {"statistic": whole, "null": null, "p": p}
    return profiled(known, COLUMN, group, varied, minimum, evidence)


def standardised(values: np.ndarray) -> np.ndarray:
    """log(1 + x) where nothing is negative, then mean 0 and spread 1."""
    x = values.copy()
    count = (x >= 0).all(axis=0)
    x[:, count] = np.log1p(x[:, count])
    return np.asarray((x - x.mean(axis=0)) / x.std(axis=0))


def _some(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    if len(x) <= MOST:
        return x
    return x[np.sort(rng.choice(len(x), MOST, replace=False))]


def k_means(x: np.ndarray, k: int, rng: np.random.Generator, starts: int = STARTS) -> np.ndarray:
    """Centres of the best of several runs, the largest group first.

    Parameters
    ----------
    x
        Shape (n, p).
    k
        How many.
    rng
        Source of the starts.
    starts
        How many runs.

    Returns
    -------
    ndarray
        Shape (k, p).

    Examples
    --------
    >>> x = np.array([[0.0], [0.2], [0.1], [9.0], [9.2]])
    >>> k_means(x, 2, np.random.default_rng(1)).round(2).tolist()
    [[0.1], [9.1]]
    """
    best, centres = np.inf, x[:k]
    for _ in range(starts):
        tried = _settled(x, _start(x, k, rng))
        spread = float(_distances(x, tried).min(axis=1).sum())
        if spread < best - 1e-12:
            best, centres = spread, tried
    sizes = np.bincount(nearest_centre(x, centres), minlength=k)
    return centres[np.lexsort((*centres.T[::-1], -sizes))]


def _start(x: np.ndarray, k: int, rng: np.random.Generator) -> np.ndarray:
    """k-means++: each further centre with a chance as its squared distance to the nearest."""
    chosen = [int(rng.integers(len(x)))]
    gap = ((x - x[chosen[0]]) ** 2).sum(axis=1)
    while len(chosen) < k:
        pick = int(np.searchsorted(np.cumsum(gap), rng.uniform() * gap.sum(), side="right"))
        chosen.append(min(pick, len(x) - 1))
        gap = np.minimum(gap, ((x - x[chosen[-1]]) ** 2).sum(axis=1))
    return x[chosen]


def _settled(x: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Lloyd's turns until nobody moves."""
    code = np.full(len(x), -1)
    for _ in range(TURNS):
        new = nearest_centre(x, centres)
        if (new == code).all():
            break
        code = new
        sizes = np.bincount(code, minlength=len(centres))
        sums = np.stack([np.bincount(code, column, minlength=len(centres)) for column in x.T], 1)
        held = sizes > 0  # an empty group keeps its centre
        centres = np.where(held[:, None], sums / np.maximum(sizes, 1)[:, None], centres)
    return centres


def nearest_centre(x: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Number of the nearest centre, the first of equally near ones."""
    return np.asarray(_distances(x, centres).argmin(axis=1))


def _distances(x: np.ndarray, centres: np.ndarray) -> np.ndarray:
    return np.asarray(((x[:, None, :] - centres[None]) ** 2).sum(axis=2))


def explained(x: np.ndarray, centres: np.ndarray) -> float:
    """Share of the squared spread that lies between the groups."""
    whole = float(((x - x.mean(axis=0)) ** 2).sum())
    return 1 - float(_distances(x, centres).min(axis=1).sum()) / whole


def _evidence(
    x: np.ndarray, centres: np.ndarray, k: int, rng: np.random.Generator
) -> tuple[float, float, float]:
    """Share explained, what it is in one cloud on average, and its p value."""
    found = explained(x, centres)
    if x.shape[1] < 2:  # one feature has no other to form a cloud with
        return found, np.nan, np.nan
    few = x if len(x) <= FEW else x[np.sort(rng.choice(len(x), FEW, replace=False))]
    own = explained(few, k_means(few, k, rng, 2))
    drawn = np.empty(CLOUDS)
    for turn in range(CLOUDS):
        cloud = one_cloud(few, rng)
        drawn[turn] = explained(cloud, k_means(cloud, k, rng, 2))
    p = (1 + int((drawn >= own).sum())) / (CLOUDS + 1)
    return found, float(drawn.mean()), p


def one_cloud(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Customers without groups: the same values of each feature, the same rank correlations."""
    scores = norm.ppf(rankdata(x, axis=0) / (len(x) + 1))
    r = np.corrcoef(scores.T)
    values, vectors = np.linalg.eigh(r)
    root = vectors * np.sqrt(np.maximum(values, 0))
    place = rng.normal(size=x.shape) @ root.T
    return np.asarray(
        np.take_along_axis(np.sort(x, axis=0), place.argsort(axis=0).argsort(axis=0), 0)
    )


def _labels(x: np.ndarray, code: np.ndarray, names: Sequence[str]) -> list[str]:
    """Each group after the two features in which it is furthest from the average.

    Of several groups that are furthest in the same features and to the same side, the furthest
    is told apart.
    """
    words, gap = [], []
    for g in range(int(code.max()) + 1):
        mean = x[code == g].mean(axis=0) if (code == g).any() else np.zeros(len(names))
        first, *rest = (int(j) for j in np.argsort(-np.abs(mean), kind="stable")[:2])
        far = [first, *(j for j in rest if abs(mean[j]) > 0.25)]
        words.append([_told(names[j], bool(mean[j] > 0)) for j in far])
        gap.append(float(np.abs(mean[far]).sum()))
    labels = []
    for g, mine in enumerate(words):
        alike = [gap[k] for k, others in enumerate(words) if set(others) == set(mine)]
        more = "" if len(alike) == 1 else ("; most so" if gap[g] == max(alike) else "; less so")
        labels.append(f"{number(g + 1)} ({', '.join(mine)}{more})")
    return labels


def _told(feature: str, high: bool) -> str:
    """A feature above or below the average, in words."""
    if feature in _SIDES:
        return _SIDES[feature][high]
    if feature.startswith("n_"):
        return f"{label(feature.removeprefix('n_'))} {'often' if high else 'rarely'}"
    return f"{'high' if high else 'low'} {feature.replace('_', ' ')}"
