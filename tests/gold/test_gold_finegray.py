"""Fine and Gray's regression against R: ``cmprsk::crr``, and ``finegray`` with ``coxph``.

``crr`` counts those with an event as at risk of censoring at the same instant, ``finegray``
does not: with tied times the two differ, which is why ``crr`` is compared to 1e-3
(coefficients, errors), and to 1e-6 where times are not tied.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import journeylib as jl
from validation.finegray import FINE_GRAY
from validation.models import MODELS


@pytest.mark.parametrize("path", FINE_GRAY)
def test_equals_crr(path: str, gold: Callable[[str], Any], shared_csv: Any) -> None:
    file, entry = path.split("/")
    theirs = gold(file)[entry]
    spells, formula, cause = FINE_GRAY[path](shared_csv)
    table = jl.fine_gray(spells, formula, cause, ties="breslow").frame
    np.testing.assert_allclose(table["coef"], np.atleast_1d(theirs["coef"]), atol=1e-3)
    np.testing.assert_allclose(table["robust_std_err"], np.atleast_1d(theirs["se"]), atol=1e-3)
    if "shr" in theirs:
        np.testing.assert_allclose(table["hazard_ratio"], np.atleast_1d(theirs["shr"]), rtol=1e-3)
    efron = jl.fine_gray(spells, formula, cause).frame
    np.testing.assert_allclose(efron["coef"], np.atleast_1d(theirs["coef"]), atol=1e-3)


def test_without_ties_between_causes_crr_agrees_to_six_digits(
    gold: Callable[[str], Any], shared_csv: Any
) -> None:
    theirs = gold("online_retail")["finegray_cancel"]
    spells, formula, cause = FINE_GRAY["online_retail/finegray_cancel"](shared_csv)
    table = jl.fine_gray(spells, formula, cause, ties="breslow").frame
    np.testing.assert_allclose(table["coef"], theirs["coef"], rtol=2e-6)
    np.testing.assert_allclose(table["robust_std_err"], theirs["se"], rtol=2e-5)


def test_every_crr_entry_is_compared(gold: Callable[[str], Any]) -> None:
    files = ("telco", "cdnow", "completejourney", "online_retail", "oulad", "bpic2012", "classic")
    stored = {
        f"{file}/{key}"
        for file in files
        for key, found in gold(file).items()
        if isinstance(found, dict) and "crr" in str(found.get("model"))
    }
    assert stored == set(FINE_GRAY)


def test_equals_finegray_with_coxph(gold: Callable[[str], Any], shared_csv: Any) -> None:
    theirs = gold("classic")["mgus2_finegray_pcm_weighted"]
    spells, formula, cause = FINE_GRAY["classic/mgus2_finegray_pcm"](shared_csv)
    fit = jl.fine_gray(spells, formula, cause)
    table = fit.frame
    np.testing.assert_allclose(table["coef"], theirs["coef"], rtol=1e-7)
    np.testing.assert_allclose(table["std_err"], theirs["se"], rtol=1e-7)
    np.testing.assert_allclose(table["hazard_ratio"], theirs["hr"], rtol=1e-7)
    assert fit.log_likelihood == pytest.approx(theirs["loglik"], rel=1e-9)
    tests = fit.tests.set_index("test")["statistic"]
    assert tests["likelihood ratio"] == pytest.approx(theirs["lr_test"][0], rel=1e-6)
    assert tests["score"] == pytest.approx(theirs["score_test"][0], rel=1e-6)
    # the stored robust error takes each piece of a customer for a customer of its own;
    # with cluster=id, R 4.2.2 gives
    robust = [0.005800348535, 0.1851674463, 0.1553116208]
    np.testing.assert_allclose(table["robust_std_err"], robust, rtol=1e-8)
    # and the pieces themselves go through cox() to the stored error
    pieces, formula, how = MODELS["classic/mgus2_finegray_pcm_weighted"](shared_csv)
    by_piece = jl.cox(pieces, formula, **how).frame
    np.testing.assert_allclose(by_piece["robust_std_err"], theirs["robust_se"], rtol=1e-5)
    np.testing.assert_allclose(by_piece["coef"], table["coef"], rtol=1e-9)
