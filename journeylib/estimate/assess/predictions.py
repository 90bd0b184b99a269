"""The risk that a fitted model predicts for each customer by each of some times."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from journeylib.audit import Audit
from journeylib.errors import DataError, nearest
from journeylib.estimate.cox.model import Effects
from journeylib.estimate.cox.predict import baseline_at, new_customers
from journeylib.estimate.design import fetch
from journeylib.estimate.finegray import FineGray
from journeylib.estimate.formula import read_formula, variables
from journeylib.spells.core import Spells

Risk = Callable[[int], np.ndarray]  # number of a time -> risk of each customer by then


@dataclass(frozen=True, eq=False)
class Unseen:
    """Customers to predict for, one row each.

    Parameters
    ----------
    frame
        The columns that the model reads, under the names it knows.
    time, cause
        When and how each ended: 0 censored, 1 the event, 2 another cause.
    id
        Of the customers.
    audit
        Who was left out.
    """

    frame: pd.DataFrame
    time: np.ndarray
    cause: np.ndarray
    id: np.ndarray
    audit: Audit


def unseen(model: Any, spells: Spells) -> Unseen:
    """Customers with everything the model needs, each watched from the origin.

    Raises
    ------
    DataError
        With delayed entry or several rows a spell, causes that the model does not tell
        apart, a missing column, or when nobody is complete.
    """
    names = needed(model, spells)
    frame = fetch(spells, dict.fromkeys([*names, "id", "start", "stop", "cause"]))
    if (frame["start"] > 0).any() or not spells.single:
        raise DataError(
            "predictions are made at the origin: each customer needs one row, watched from there",
            fix="leave out whoever enters later, and use what was known at the origin",
        )
    kinds = _kinds(model, spells)[frame["cause"].to_numpy()]
    audit = spells.audit
    if audit.n_kept != len(frame):
        audit = Audit("rows", len(frame), kept={"rows of spells": len(frame)})
    whole = np.ones(len(frame), dtype=bool)
    for name in names:
        missing = frame[name].isna().to_numpy() & whole
        audit = audit.drop(f"{name} is missing", int(missing.sum()))
        whole &= ~missing
    if not whole.any():
        raise DataError(
            "no customer has all the values that the model needs",
            fix=f"missing values: {dict(audit.dropped)}",
        )
    if not whole.all():
        frame = frame[whole].reset_index(drop=True)
    return Unseen(
        frame=frame[names],
        time=frame["stop"].to_numpy(dtype=float),
        cause=kinds[whole],
        id=frame["id"].to_numpy(),
        audit=audit,
    )


def needed(model: Any, spells: Spells) -> list[str]:
    """Columns that a model predicts from.

    Raises
    ------
    DataError
        For a result that predicts nothing, or a column that the spells lack.
    """
    if not hasattr(model, "predict") or "formula" not in getattr(model, "about", {}):
        raise DataError(
            f"a {type(model).__name__} predicts nothing that could be assessed",
            fix="fit cox(...), fine_gray(...) or aft(...) first",
        )
    known = [*spells.table.columns, *spells.own_names]
    names: dict[str, None] = {}
    for formula in (model.about["formula"], model.about.get("when")):
        if formula and formula.strip() != "1":
            names |= dict.fromkeys(variables(read_formula(formula), known, formula))
    names |= dict.fromkeys(model.about.get("strata", ()))
    if isinstance(model, Effects) and model.fit.design.offset is not None:
        names[model.fit.design.offset_column] = None
    return list(names)


def _kinds(model: Any, spells: Spells) -> np.ndarray:
    """Cause in the spells -> 0 censored, 1 the event of the model, 2 another cause."""
    event, causes = model.about["event"], spells.causes
    kinds = np.full(len(causes) + 1, 2)
    kinds[0] = 0
    if event in causes:
        kinds[causes.index(event) + 1] = 1
    elif len(causes) == 1 and not model.about.get("others"):
        kinds[1] = 1
    else:
        raise DataError(
            f"the model is about {event!r}, and the test spells never end so",
            fix=nearest(event, causes),
        )
    if len(causes) > 1 and not isinstance(model, FineGray):
        raise DataError(
            f"the spells end in {len(causes)} ways, but the model predicts as if {event!r} were "
            "the only one",
            fix="assess fine_gray(spells, formula, cause=...), which predicts the share that "
            f"ends with {event}, or give test spells with that cause alone",
        )
    return kinds


def followed(model: Any) -> float:
    """The last time for which a model can predict, in every stratum; a parametric one always."""
    if not isinstance(model, Effects):
        return float("inf")
    design = model.fit.design
    if design.stratum is None:
        return float(design.stop.max())
    ends = np.zeros(len(design.strata))
    np.maximum.at(ends, design.stratum, design.stop)
    return float(ends.min())


def predicted_risk(model: Any, frame: pd.DataFrame, times: np.ndarray) -> Risk:
    """Risk of each row of ``frame`` by the k-th of ``times``, computed when asked for.

    A Cox model's risk is ``1 - exp(-H0(t) exp(x'beta))`` with the baseline of its ties.
    """
    if isinstance(model, Effects):
        model.fit.need_finite("a prediction")
        _, eta, stratum = new_customers(model.fit, frame)
        hazard, relative = baseline_at(model.fit, times), np.exp(eta)
        return lambda k: -np.expm1(-hazard[stratum, k] * relative)

    def from_survival(k: int) -> np.ndarray:
        if times[k] <= 0:
            return np.zeros(len(frame))
        return 1 - model.predict(frame, [float(times[k])])["survival"].to_numpy()

    return from_survival
