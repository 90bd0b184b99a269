"""What a fitted mixture says: ratios of its terms, and the shares and survival of customers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import expit

from journeylib.estimate.aftfit import Family
from journeylib.estimate.curefit import CureFit
from journeylib.estimate.intervals import z_value
from journeylib.estimate.parametric import ratio_table


def ratios(
    fit: CureFit, names: Sequence[str], q: int, supported: bool, level: float
) -> pd.DataFrame:
    """Odds ratios of the first ``q`` terms, time ratios of the others; NaN unless supported."""
    part = np.where(np.arange(len(names)) < q, "whether", "when")
    coef = fit.theta if supported else np.full(len(names), np.nan)
    error = np.sqrt(np.diag(fit.covariance)) if supported else np.full(len(names), np.nan)
    table = ratio_table(coef, error, names, level)
    table.insert(0, "part", part)
    return table


def customer_shares(fit: CureFit, x: np.ndarray, level: float) -> pd.DataFrame:
    """``probability, std_err, low, high`` of never, a row of ``x`` each, on the logit scale."""
    q = x.shape[1]
    odds, spread = -(x @ fit.theta[:q]), fit.covariance[:q, :q]
    error = np.sqrt(np.einsum("ri,ij,rj->r", x, spread, x))
    reach, share = z_value(level) * error, expit(odds)
    return pd.DataFrame(
        {
            "probability": share,
            "std_err": share * (1 - share) * error,
            "low": expit(odds - reach),
            "high": expit(odds + reach),
        }
    )


def customer_survival(
    fit: CureFit, family: Family, x: np.ndarray, w: np.ndarray, times: np.ndarray
) -> np.ndarray:
    """Share without the event, shape (rows, times)."""
    q, p = x.shape[1], w.shape[1]
    ever = expit(x @ fit.theta[:q])[:, None]
    scale = np.exp(fit.theta[q + p]) if family.scale is None else family.scale
    z = (np.log(times) - (w @ fit.theta[q : q + p])[:, None]) / scale
    return 1 - ever + ever * np.exp(family.survival(z)[0])
