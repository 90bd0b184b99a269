"""Residuals of a fitted Cox model as tidy tables, in the model's own units."""

from __future__ import annotations

import numpy as np
import pandas as pd

from journeylib.errors import ModelError, nearest
from journeylib.estimate.cox.fit import CoxFit
from journeylib.estimate.cox.residuals import martingale, schoenfeld, score_residuals

KINDS = ("martingale", "deviance", "score", "dfbeta", "schoenfeld", "scaled schoenfeld")


def residual_frame(fit: CoxFit, kind: str) -> pd.DataFrame:
    """Residuals of one kind; see :meth:`journeylib.Effects.residuals`.

    Raises
    ------
    ModelError
        For an unknown kind.
    """
    if kind not in KINDS:
        raise ModelError(f"there are no {kind!r} residuals", fix=nearest(kind, KINDS))
    if kind in ("schoenfeld", "scaled schoenfeld"):
        return _by_event(fit, scaled=kind.startswith("scaled"))
    if kind in ("martingale", "deviance"):
        residual = fit.to_rows(martingale(fit.data, fit.beta))
        if kind == "deviance":
            residual = deviance(residual, fit.design.event)
        return _by_row(fit, {kind: residual})
    scores = score_residuals(fit.data, fit.beta)
    if kind == "score":
        columns = scores * fit.scale[:, None]
    else:
        if fit.data.weight is not None:
            scores = scores * fit.data.weight
        columns = (fit.maximum.covariance @ scores) / fit.scale[:, None]
        columns[~fit.finite] = np.nan
    return _by_row(fit, dict(zip(fit.design.names, fit.to_rows(columns), strict=True)))


def deviance(martingale: np.ndarray, event: np.ndarray) -> np.ndarray:
    """Martingale residuals made symmetric about zero (Therneau, Grambsch and Fleming 1990)."""
    expected = np.where(event, 1 - martingale, 1.0)
    inner = martingale + np.where(event, np.log(np.maximum(expected, 1e-300)), 0.0)
    return np.sign(martingale) * np.sqrt(np.maximum(-2 * inner, 0))


def _by_row(fit: CoxFit, columns: dict[str, np.ndarray]) -> pd.DataFrame:
    return pd.DataFrame({"row": fit.design.rows, "id": fit.design.id, **columns})


def _by_event(fit: CoxFit, scaled: bool) -> pd.DataFrame:
    sets = fit.data.sets
    residual = schoenfeld(fit.data, fit.beta)
    if scaled:
        fit.need_finite("scaled Schoenfeld residuals")
        residual = len(sets.deaths) * (fit.maximum.covariance @ residual) / fit.scale[:, None]
        residual += fit.coef[:, None]
    else:
        residual = residual * fit.scale[:, None]
    bins = sets.last[sets.deaths]
    rows = sets.rows[sets.deaths]
    strata = np.array(fit.design.strata, dtype=object)[sets.stratum[bins]]
    head = {"row": fit.design.rows[rows], "id": fit.design.id[rows], "stratum": strata}
    columns = dict(zip(fit.design.names, residual, strict=True))
    return pd.DataFrame({**head, "time": sets.times[bins], **columns})
