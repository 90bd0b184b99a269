"""Quantiles of a survival curve and their limits, as R's ``quantile(survfit)`` has them."""

from __future__ import annotations

import numpy as np

# two probabilities nearer than this are the same (R's tolerance)
SAME = float(np.sqrt(np.finfo(float).eps))


def quantile(time: np.ndarray, survival: np.ndarray, p: float) -> float:
    """The time by which a share ``p`` has had the event.

    Parameters
    ----------
    time
        Ascending times of a curve.
    survival
        The curve, or a limit of it, at these times; NaN where undefined.
    p
        Share in 0…1.

    Returns
    -------
    float
        The first time at which the curve is at most ``1 - p``; midway to the
        next step where it is flat exactly there; NaN where it is never reached.

    Examples
    --------
    >>> quantile(np.array([1.0, 2.0, 3.0, 4.0]), np.array([0.75, 0.5, 0.25, 0.0]), 0.5)
    2.5
    >>> quantile(np.array([1.0, 2.0]), np.array([0.9, 0.8]), 0.5)
    nan
    """
    if p == 0:
        return 0.0
    known = np.flatnonzero(~np.isnan(survival))
    x = np.concatenate([[0.0], time[known]])
    y = np.concatenate([[0.0], 1 - survival[known]])
    if (np.diff(y) < 0).any():  # a plain limit may turn back: read it in the order of its height
        order = np.argsort(y, kind="stable")
        x, y = x[order], y[order]
    step = np.concatenate([[True], np.diff(y) > 0])
    x, y = x[step], y[step]
    reached = int(np.searchsorted(y, p - SAME, side="left"))
    if reached == len(y):
        return float("nan")
    passed = int(np.searchsorted(y, p + SAME, side="left"))
    if passed < len(y):
        return float((x[reached] + x[passed]) / 2)
    if len(known) < len(survival):  # the limit ends before the curve does
        return float("nan")
    # flat exactly at 1 - p until the end of follow-up
    return float((x[reached] + time[-1]) / 2)
