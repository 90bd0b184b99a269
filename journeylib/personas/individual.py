"""Each customer's own predicted curve: checked on others in fifths of risk, written to a file.

A score is the linear predictor less that of a customer with every covariate at its mean, the
centre that :meth:`journeylib.Effects.predict` has too, so that

    survival(t) = exp(-baseline(t) * exp(score))

with the baseline hazard of that mean customer (by stratum), which is written beside the scores.
Scores and ids go to files beside the run; nothing shown holds an id.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from journeylib.errors import DataError
from journeylib.estimate.assess.predictions import needed, predicted_risk, unseen
from journeylib.estimate.cox.model import Effects
from journeylib.estimate.cox.predict import baseline_at, new_customers
from journeylib.estimate.curves import survival_curve
from journeylib.estimate.design import fetch
from journeylib.estimate.steps import chosen_times
from journeylib.numbers import number
from journeylib.privacy import neighbours
from journeylib.results import Result
from journeylib.spells.core import Spells

FOLDER = "JOURNEY_RUN_FILES"  # where a batch lets a report put files of its own
SCORES, BASELINE = "scores.csv", "scores_baseline.csv"


def hold_out(spells: Spells, share: float = 0.3, seed: int = 1) -> tuple[Spells, Spells]:
    """Two halves of the customers: some to fit on, the others to judge the fit on.

    Parameters
    ----------
    spells
        Any; the rows of one customer stay together.
    share
        About what share of the customers is held out.
    seed
        Another one makes another choice.

    Returns
    -------
    train, test
        Decided by the id alone: whoever joins later changes nobody's side. A prediction is
        made at the origin, so that whoever is watched only later is never held out.

    Raises
    ------
    DataError
        For a share that is none, or when one side is empty.

    Examples
    --------
    >>> from journeylib import spells_from_frame
    >>> df = pd.DataFrame({"who": range(100), "time": 1.0, "event": 1})
    >>> train, test = hold_out(spells_from_frame(df, id="who"))
    >>> len(train.frame) + len(test.frame), set(train.frame["id"]) & set(test.frame["id"])
    (100, set())
    """
    if not 0 < share < 1:
        raise DataError(f"a share of {share!r} cannot be held out", fix="0.3 is usual")
    frame = spells.frame
    key = f"{seed:016d}"[-16:]
    hashed = pd.util.hash_array(frame["id"].astype(str).to_numpy(dtype=object), hash_key=key)
    out = hashed < int(share * 2.0**64)
    out &= (frame.groupby("id")["start"].transform("min") == 0).to_numpy()
    if out.all() or not out.any():
        raise DataError("too few customers to hold some of them out")
    sides = []
    for chosen, what in ((~out, "to fit on"), (out, "held out")):
        rows = frame[chosen].reset_index(drop=True)
        gone = int(frame.loc[~chosen, "id"].nunique())
        audit = spells.audit.note(f"customers on the other side ({what} here)", gone)
        sides.append(spells.with_table(rows, audit=audit))
    return sides[0], sides[1]


@dataclass(frozen=True, repr=False, eq=False)
class Fifths(Result):
    """Predicted beside observed curves, in groups of customers with about equal predicted risk.

    The columns of ``.frame`` are ``group, time, n, predicted, observed, low, high``:
    ``predicted`` is the mean of the customers' own survival curves, ``observed`` the
    Kaplan-Meier curve of the same customers with its interval. Groups go from the lowest
    predicted risk to the highest.
    """

    title: ClassVar[str] = "Predicted and observed curves, by predicted risk"


def fifths(
    effects: Effects,
    test: Spells,
    horizon: float,
    groups: int = 5,
    points: int = 25,
    *,
    minimum: int = 1,
) -> Fifths:
    """Average the customers' own predicted curves in groups of equal risk, beside what happened.

    Parameters
    ----------
    effects
        Result of :func:`journeylib.cox`.
    test
        Customers that the model has not seen, one row each, watched from the origin.
    horizon
        Up to when, in the unit of the spells.
    groups
        How many, of about equal size by predicted risk at the horizon.
    points
        How many times are read.
    minimum
        Fewest customers in a group; smaller ones join the next.

    Returns
    -------
    Fifths

    Raises
    ------
    DataError
        As :func:`journeylib.assess`; and with fewer customers than groups.
    """
    found = unseen(effects, test)
    if len(found.time) < groups or groups < 1:
        raise DataError(f"{len(found.time)} customers cannot make {groups} groups")
    last = min(float(horizon), float(effects.fit.design.stop.max()))
    times = np.linspace(0, last, points)[1:]
    risk = predicted_risk(effects, found.frame, times)
    cuts = np.unique(np.quantile(risk(len(times) - 1), np.arange(1, groups) / groups))
    code = np.unique(np.searchsorted(cuts, risk(len(times) - 1)), return_inverse=True)[1]
    code = neighbours(code, minimum)
    observed = _observed(found.time, found.cause == 1, code, times, test.unit)
    sizes = np.bincount(code)
    rows = []
    for k, t in enumerate(times):
        survived = np.bincount(code, 1 - risk(k)) / sizes
        rows += [(str(g + 1), t, int(sizes[g]), survived[g]) for g in range(len(sizes))]
    table = pd.DataFrame(rows, columns=["group", "time", "n", "predicted"])
    table = table.merge(observed, on=["group", "time"], how="left")
    table = table.sort_values(["group", "time"], ignore_index=True)
    about = {
        "event": effects.about["event"],
        "n": len(code),
        "events": int((found.cause == 1).sum()),
        "level": 0.95,
        "horizon": last,
        "groups": len(sizes),
    }
    return Fifths(table, test.unit, ("group",), about)


def _observed(
    time: np.ndarray, event: np.ndarray, code: np.ndarray, times: np.ndarray, unit: str
) -> pd.DataFrame:
    from journeylib.spells.given import spells_from_frame

    frame = pd.DataFrame({"time": time, "event": event.astype(int), "part": (code + 1).astype(str)})
    curve = survival_curve(spells_from_frame(frame, unit=unit), by="part")
    seen = curve.at(times.tolist()).rename(columns={"survival": "observed"})
    ends = frame.groupby("part")["time"].max()
    seen.loc[seen["time"] > seen["group"].map(ends), ["observed", "low", "high"]] = np.nan
    return seen[["group", "time", "observed", "low", "high"]]


@dataclass(frozen=True, repr=False, eq=False)
class Scores(Result):
    """What was written, and how scores are spread: no ids, and no score of anybody in particular.

    The columns of ``.frame`` are ``group, n, risk``: tenths of the customers by their risk at
    the horizon, with its mean.

    Parameters
    ----------
    files
        What was written; empty where there was no run to put files beside.
    """

    files: tuple[Path, ...] = field(kw_only=True, default=())

    title: ClassVar[str] = "Spread of the individual predicted risks"


def write_scores(
    effects: Effects,
    spells: Spells,
    times: Sequence[float],
    *,
    folder: str | Path | None = None,
    minimum: int = 20,
) -> Scores:
    """Predict each customer's risk and write it beside the run, never into it.

    Parameters
    ----------
    effects
        Result of :func:`journeylib.cox`.
    spells
        Customers to predict for: one row each, with the model's covariates as known at time 0.
    times
        By when, in the unit of the spells; the last one orders the groups shown.
    folder
        Where to; unless given, beside the run where the batch runs this, else nowhere.
    minimum
        Fewest customers in a shown group.

    Returns
    -------
    Scores
        Files: ``scores.csv`` with ``id, stratum, score, relative_hazard`` and ``risk_by_<t>``;
        ``scores_baseline.csv`` with ``stratum, time, cumulative_hazard`` of a customer with
        every covariate at its mean, for whom the score is 0.

    Raises
    ------
    DataError
        For a column that is missing, or several rows a customer.

    Examples
    --------
    >>> import tempfile
    >>> from journeylib import cox, spells_from_frame
    >>> df = pd.DataFrame({"who": range(80), "time": range(1, 81), "event": 1, "x": [0, 1] * 40})
    >>> spells = spells_from_frame(df, id="who")
    >>> effects = cox(spells, "x")
    >>> found = write_scores(effects, spells, [40], folder=tempfile.mkdtemp())
    >>> written = pd.read_csv(found.files[0], dtype=str)
    >>> list(written.columns), bool(abs(written["score"].astype(float).mean()) < 1e-9)
    (['id', 'stratum', 'score', 'relative_hazard', 'risk_by_40'], True)
    """
    when = chosen_times(times)
    if not spells.single:
        raise DataError("a score is given at time 0: each customer needs one row")
    effects.fit.need_finite("a score")
    frame = fetch(spells, dict.fromkeys([*needed(effects, spells), "id"]))
    whole = frame.notna().all(axis=1).to_numpy()
    if not whole.any():
        raise DataError("no customer has all the values that the model needs")
    frame = frame[whole].reset_index(drop=True)
    table = scored(effects, frame, when)
    to = folder if folder is not None else os.environ.get(FOLDER)
    files = () if to is None else _written(Path(to), table, _baseline(effects, when))
    about: dict[str, Any] = {
        "event": effects.about["event"],
        "n": len(table),
        "left_out": int((~whole).sum()),
        "at": float(when[-1]),
        "names": tuple(f.name for f in files),
    }
    risk = table[f"risk_by_{number(float(when[-1]))}"].to_numpy()
    return Scores(_spread(risk, minimum), spells.unit, (), about, files=files)


def scored(effects: Effects, frame: pd.DataFrame, times: np.ndarray) -> pd.DataFrame:
    """One row a customer: ``id, stratum, score, relative_hazard`` and the risk by each time."""
    _, score, stratum = new_customers(effects.fit, frame)
    hazard = baseline_at(effects.fit, times)
    relative = np.exp(score)
    names = np.array(effects.fit.design.strata, dtype=object)[stratum]
    columns: dict[str, Any] = {
        "id": frame["id"],
        "stratum": names,
        "score": score,
        "relative_hazard": relative,
    }
    for k, t in enumerate(times):
        columns[f"risk_by_{number(float(t))}"] = -np.expm1(-hazard[stratum, k] * relative)
    return pd.DataFrame(columns)


def _baseline(effects: Effects, times: np.ndarray) -> pd.DataFrame:
    """Steps of the mean customer's cumulative hazard, and its value at the times asked for."""
    steps = effects.baseline(centered=True)
    grid = np.unique(np.append(steps["time"].to_numpy(), times))
    hazard = baseline_at(effects.fit, grid)
    parts = [
        pd.DataFrame({"stratum": name, "time": grid, "cumulative_hazard": row})
        for name, row in zip(effects.fit.design.strata, hazard, strict=True)
    ]
    return pd.concat(parts, ignore_index=True).dropna()


def _written(to: Path, table: pd.DataFrame, baseline: pd.DataFrame) -> tuple[Path, ...]:
    to.mkdir(parents=True, exist_ok=True)
    files = (to / SCORES, to / BASELINE)
    for frame, file in zip((table, baseline), files, strict=True):
        frame.to_csv(file, index=False)
        file.chmod(0o600)  # ids of customers
    return files


def _spread(risk: np.ndarray, minimum: int) -> pd.DataFrame:
    """Tenths of the customers by risk, fewer where they would be small."""
    groups = int(np.clip(len(risk) // max(minimum, 1), 1, 10))
    order = np.argsort(risk, kind="stable")
    parts = np.array_split(risk[order], groups)
    rows = [(str(g + 1), len(part), part.mean()) for g, part in enumerate(parts)]
    return pd.DataFrame(rows, columns=["group", "n", "risk"])
