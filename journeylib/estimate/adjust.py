"""Adjustment of p values for looking more than once."""

from __future__ import annotations

import numpy as np
from statsmodels.stats.multitest import multipletests


def adjusted(p: np.ndarray, method: str) -> np.ndarray:
    """Adjusted p values; undefined ones stay undefined and do not count as a look.

    Parameters
    ----------
    p
        P values.
    method
        ``"holm"`` (Holm 1979) or ``"fdr_bh"`` (Benjamini and Hochberg 1995), as
        statsmodels calls them.

    Examples
    --------
    >>> adjusted(np.array([0.01, 0.04, np.nan]), "holm").tolist()
    [0.02, 0.04, nan]
    """
    out = np.full(len(p), np.nan)
    known = ~np.isnan(p)
    if known.any():
        out[known] = multipletests(p[known], method=method)[1]
    return out
