"""Intervals on the scale where the estimate is closest to normal (R's ``survfit``)."""

from __future__ import annotations

import numpy as np
from scipy.stats import norm

from journeylib.errors import DataError, nearest

CONF = ("log-log", "log", "plain")


def z_value(level: float) -> float:
    """Normal quantile of a two-sided interval.

    Examples
    --------
    >>> round(z_value(0.95), 6)
    1.959964
    """
    if not 0 < level < 1:
        raise DataError(f"the level must lie between 0 and 1, not {level!r}", fix="use 0.95")
    return float(norm.ppf(0.5 + level / 2))


def check_conf(conf: str) -> None:
    """Refuse an unknown kind of interval."""
    if conf not in CONF:
        raise DataError(f"there is no interval {conf!r}", where="conf", fix=nearest(conf, CONF))


def survival_limits(
    survival: np.ndarray, se_log: np.ndarray, conf: str, level: float
) -> tuple[np.ndarray, np.ndarray]:
    """Limits of a probability.

    Parameters
    ----------
    survival
        The estimate.
    se_log
        Standard error of its logarithm.
    conf
        ``"log-log"``, ``"log"`` or ``"plain"``.
    level
        For instance 0.95.

    Returns
    -------
    low, high
        Between 0 and 1. Where the estimate is 1 both are 1; where it is 0 they
        are undefined (NaN), as in R.

    Notes
    -----
    R's ``survfit(conf.type=)``; log-log after Kalbfleisch and Prentice (1980).
    """
    z = z_value(level)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        if conf == "plain":
            half = z * survival * se_log
            low, high = np.maximum(survival - half, 0), np.minimum(survival + half, 1)
        elif conf == "log":
            factor = np.exp(z * se_log)
            low, high = survival / factor, np.minimum(survival * factor, 1)
        else:
            log = np.log(survival)
            factor = se_log / log
            factor *= -z
            np.exp(factor, out=factor)
            low = log * factor
            np.exp(low, out=low)
            high = np.divide(log, factor, out=log)
            np.exp(high, out=high)
    one, zero = survival == 1, survival == 0
    low[one], high[one] = 1, 1
    if conf != "plain":
        low[zero], high[zero] = np.nan, np.nan
    return low, high


def positive_limits(
    value: np.ndarray, std_err: np.ndarray, level: float
) -> tuple[np.ndarray, np.ndarray]:
    """Limits of a positive quantity on the log scale; 0 to 0 where nothing has happened yet."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        factor = np.exp(z_value(level) * std_err / value)
        low, high = value / factor, value * factor
    none = value == 0
    low[none], high[none] = 0, 0
    return low, high


def incidence_limits(
    share: np.ndarray, std_err: np.ndarray, level: float
) -> tuple[np.ndarray, np.ndarray]:
    """Limits of an incidence on the log scale, at most 1; NaN while it is 0, as in R."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        factor = z_value(level) * std_err / share
        np.exp(factor, out=factor)
        low = share / factor
        factor *= share
        return low, np.minimum(factor, 1, out=factor)
