"""Brier score and area under the ROC curve at one time, with each customer's influence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from journeylib.estimate.assess.censoring import At, Outcomes, influence


@dataclass(frozen=True, eq=False)
class Score:
    """A number and the influence of each customer on it, shape (n,), which sums to 0."""

    value: float
    influence: np.ndarray

    @property
    def std_err(self) -> float:
        """Infinitesimal jackknife."""
        return float(np.sqrt(np.einsum("i,i", self.influence, self.influence)))


def brier(seen: Outcomes, now: At, risk: np.ndarray | float) -> Score:
    """Mean squared distance between the predicted risk and what happened.

    Parameters
    ----------
    seen, now
        Outcomes, and those by the time of the score.
    risk
        Predicted probability of the event by then, in the order of ``seen``.

    Notes
    -----
    Graf et al. (1999), Statistics in Medicine 18; with ``1/G(T-)`` for whoever ended,
    as R's ``riskRegression::Score``.
    """
    values = now.weight * (now.case - risk) ** 2
    value = float(values.mean())
    return Score(value, (influence(seen, now)(values) - value) / len(seen))


def auc(seen: Outcomes, now: At, risk: np.ndarray, order: np.ndarray) -> Score | None:
    """Chance that a case by t was given a higher risk than somebody without the event by t.

    Parameters
    ----------
    seen, now
        Outcomes, and those by the time of the score.
    risk
        Predicted probabilities, in the order of ``seen``.
    order
        What sorts them.

    Returns
    -------
    Score or None
        None without a case or without anybody to compare a case with.

    Notes
    -----
    Cumulative cases, dynamic controls; whoever left by another cause is a control
    (Blanche et al. 2013, Biometrical Journal 55, definition 2). Equal risks count half.
    """
    case = np.where(now.case, now.weight, 0.0)
    control = np.where(now.free | now.other, now.weight, 0.0)
    cases, controls = case.sum(), control.sum()
    if not (cases > 0 and controls > 0):
        return None
    below, above = _controls_below(risk, order, case, control)
    value = float(np.einsum("i,i", case, below)) / (cases * controls)
    values = case * (below - value * controls) + control * (above - value * cases)
    return Score(value, influence(seen, now)(values) / (cases * controls))


def _controls_below(
    risk: np.ndarray, order: np.ndarray, case: np.ndarray, control: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Weight of the controls below each customer, and of the cases above; ties count half."""
    ordered = risk[order]
    new = np.concatenate(([True], ordered[1:] != ordered[:-1]))
    group = np.cumsum(new) - 1
    lower = np.bincount(group, control[order])
    higher = np.bincount(group, case[order])
    below, above = np.empty(len(risk)), np.empty(len(risk))
    below[order] = (np.cumsum(lower) - lower / 2)[group]
    above[order] = (higher[::-1].cumsum()[::-1] - higher / 2)[group]
    return below, above


def still_sorted(risk: np.ndarray, order: np.ndarray | None) -> np.ndarray:
    """An order of the risks; the one given where it still holds, as it does under one ratio."""
    if order is not None and (np.diff(risk[order]) >= 0).all():
        return order
    return np.argsort(risk, kind="stable")
