"""Prediction quality against R's ``riskRegression::Score``: telco, fitted on the odd rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import journeylib as jl
from validation.models import MODELS

Halves = tuple[jl.Effects, jl.Spells]


@pytest.fixture(scope="module")
def halves(shared_csv: Any) -> Halves:
    spells, formula, _ = MODELS["telco/cox_efron"](shared_csv)
    frame = spells.frame
    odd = np.arange(len(frame)) % 2 == 0  # R counts from 1
    return jl.cox(spells.with_table(frame[odd]), formula), spells.with_table(frame[~odd])


def test_scores_equal_r(halves: Halves, gold: Callable[[str], Any]) -> None:
    theirs = gold("telco")["holdout_score"]
    found = jl.assess(*halves, theirs["times"])
    table = found.frame
    assert found.about["n"] == theirs["test_n"]
    np.testing.assert_allclose(table["auc"], theirs["auc"], rtol=1e-10)
    np.testing.assert_allclose(table["brier"], theirs["brier_cox"], rtol=1e-10)
    np.testing.assert_allclose(table["brier_null"], theirs["brier_null_km"], rtol=1e-10)
    assert found.ibs == pytest.approx(theirs["ibs_1_60_trapezoid_cox"], rel=1e-10)
    assert found.ibs_null == pytest.approx(theirs["ibs_1_60_trapezoid_null"], rel=1e-10)


def test_weights_are_those_just_before_the_event(
    halves: Halves, gold: Callable[[str], Any]
) -> None:
    theirs = gold("telco")["holdout_brier_survfit_predictions"]
    found = jl.assess(*halves, theirs["time"]).frame["brier"]
    np.testing.assert_allclose(found, theirs["brier_G_left"], rtol=1e-10)
    # the other convention, 1/G(T), which R does not use, is visibly different here
    assert (np.abs(found - theirs["brier_G_at"]) > 5e-4).all()


def test_concordance_on_held_out_customers(halves: Halves, gold: Callable[[str], Any]) -> None:
    effects, test = halves
    frame = test.frame
    coef = effects.frame.set_index("term")["coef"]
    score = frame[list(coef.index)].to_numpy(dtype=float) @ coef.to_numpy()
    start, stop = (frame[c].to_numpy(dtype=float) for c in ("start", "stop"))
    found = jl.concordance_index(start, stop, frame["cause"].to_numpy() > 0, score)
    assert found.value == pytest.approx(gold("telco")["holdout_score"]["cindex_test"], rel=1e-10)


def test_the_horizon_ends_before_the_censoring_does(halves: Halves) -> None:
    found = jl.assess(*halves, range(1, 100))
    assert found.horizon == 71
    assert "at 72" in found.reason and "censored" in found.reason
