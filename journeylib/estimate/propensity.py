"""The chance of each treatment given what was known at the origin (statsmodels' logit)."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np

from journeylib.errors import ModelError
from journeylib.estimate.cox.newton import dependent_columns

MAX_STEPS = 100


def propensity(
    matrix: np.ndarray, names: Sequence[str], code: np.ndarray, labels: Sequence[str]
) -> np.ndarray:
    """Fitted chance of each treatment for each customer.

    Parameters
    ----------
    matrix
        Covariates without an intercept, shape (n, p).
    names
        Of the covariates.
    code
        Number of the treatment of each customer, 0…k-1, shape (n,).
    labels
        Names of the k treatments.

    Returns
    -------
    array of shape (n, k)
        Rows sum to 1. Logistic regression for two treatments, multinomial for more.

    Raises
    ------
    ModelError
        When covariates determine one another, or the treatment.
    """
    x = matrix - matrix.mean(axis=0)
    size = x.std(axis=0)
    if not (size > 0).all():
        raise ModelError(
            f"{names[int(size.argmin())]} is the same for everybody",
            fix="take it out of the formula",
        )
    x = x / size
    bad = dependent_columns(x.T @ x / len(x))
    if bad:
        raise ModelError(
            f"{' and '.join(names[j] for j in bad)} determine one another",
            fix=f"take one of them out of the formula, for instance {names[bad[-1]]}",
        )
    design = np.column_stack([np.ones(len(x)), x])
    chance = _two(design, code) if len(labels) == 2 else _many(design, code)
    own = chance[np.arange(len(code)), code]
    if not np.isfinite(chance).all() or own.min() > 1 - 1e-6:
        raise ModelError(
            "the covariates tell exactly who is in which group: there is nobody to compare",
            fix="leave out of the formula what decides the group",
        )
    return chance


def _two(design: np.ndarray, code: np.ndarray) -> np.ndarray:
    from statsmodels.genmod.families import Binomial
    from statsmodels.genmod.generalized_linear_model import GLM

    with warnings.catch_warnings():  # no overlap is reported by the caller, in words
        warnings.simplefilter("ignore")
        fit = GLM(code.astype(float), design, family=Binomial()).fit(maxiter=MAX_STEPS, tol=1e-10)
    second = np.asarray(fit.fittedvalues)
    return np.column_stack([1 - second, second])


def _many(design: np.ndarray, code: np.ndarray) -> np.ndarray:
    from statsmodels.discrete.discrete_model import MNLogit

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fit = MNLogit(code, design).fit(method="newton", maxiter=MAX_STEPS, disp=0)
            return np.asarray(fit.predict())
    except np.linalg.LinAlgError as error:
        raise ModelError(
            "the covariates all but tell who is in which group: the chances have no estimate",
            fix="leave terms out of the formula one by one, or merge small levels",
        ) from error
