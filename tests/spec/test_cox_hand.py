"""Cox models small enough to solve by hand.

The data are the test cases of T. Therneau in the validation vignette of R's ``survival``;
the formulas below are derived here. Throughout r = exp(beta).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import brentq

import journeylib as jl


def first(**how: str) -> jl.Effects:
    """Six subjects, two events tied at 6, an event and a censoring tied at 1.

    Risk sets: at 1 everybody, 3r + 3; at 6 (x = 1, 0 | 0, 0), r + 3; at 9 one subject.
    Breslow: l = 2b - log(3r+3) - 2 log(r+3), with score 2 - r/(r+1) - 2r/(r+3).
    Efron: of the two deaths at 6 the second sees (r+3) - (r+1)/2 = (r+5)/2, so
    l = 2b - log(3r+3) - log(r+3) - log((r+5)/2), score 2 - r/(r+1) - r/(r+3) - r/(r+5).
    """
    d = pd.DataFrame(
        {"time": [1, 1, 6, 6, 8, 9], "event": [1, 0, 1, 1, 0, 1], "x": [1, 1, 1, 0, 0, 0]}
    )
    return jl.cox(jl.spells_from_frame(d), "x", **how)


def second(**how: str) -> jl.Effects:
    """Ten intervals (start, stop]; two events tied at 9.

    At risk: t=2: r+1; t=3: r+2; t=6: 3r+2; t=7: 3r+1; t=8: 3r+1; t=9: 3r+2, where both
    dead have x = 1. Breslow: l = 4b - log(r+1) - log(r+2) - 3 log(3r+2) - 2 log(3r+1).
    Efron: the second death at 9 sees 3r+2 - r = 2r+2 instead of 3r+2.
    """
    d = pd.DataFrame(
        {
            "start": [1, 2, 5, 2, 1, 7, 3, 4, 8, 8],
            "time": [2, 3, 6, 7, 8, 9, 9, 9, 14, 17],
            "event": [1, 1, 1, 1, 1, 1, 1, 0, 0, 0],
            "x": [1, 0, 0, 1, 0, 1, 1, 1, 0, 0],
        }
    )
    return jl.cox(jl.spells_from_frame(d, start="start"), "x", **how)


def third(**how: str) -> jl.Effects:
    """Nine subjects with case weights; events of weight 3, 4 and 3 tied at 2.

    At risk: t=1: r^2 + 11r + 7; t=2: 11r + 5; t=4: 2r + 1.
    Breslow: l = 11b - log(r^2+11r+7) - 10 log(11r+5) - 2 log(2r+1).
    Efron: each of the three deaths at 2 has the mean weight 10/3; they see 11r+5 less
    0, 1/3 and 2/3 of the dying, 7r+3.
    """
    d = pd.DataFrame(
        {
            "time": [1, 1, 2, 2, 2, 2, 3, 4, 5],
            "event": [1, 0, 1, 1, 1, 0, 0, 1, 0],
            "x": [2, 0, 1, 1, 0, 1, 0, 1, 0],
            "w": [1, 2, 3, 4, 3, 2, 1, 2, 1],
        }
    )
    return jl.cox(jl.spells_from_frame(d), "x", weights="w", **how)


def likelihood_1_breslow(b: float) -> float:
    r = np.exp(b)
    return 2 * b - np.log(3 * r + 3) - 2 * np.log(r + 3)


def likelihood_1_efron(b: float) -> float:
    r = np.exp(b)
    return 2 * b - np.log(3 * r + 3) - np.log(r + 3) - np.log((r + 5) / 2)


def likelihood_2_breslow(b: float) -> float:
    r = np.exp(b)
    return 4 * b - np.log((r + 1) * (r + 2)) - 3 * np.log(3 * r + 2) - 2 * np.log(3 * r + 1)


def likelihood_2_efron(b: float) -> float:
    r = np.exp(b)
    return likelihood_2_breslow(b) + np.log(3 * r + 2) - np.log(2 * r + 2)


def likelihood_3_breslow(b: float) -> float:
    r = np.exp(b)
    rest = -np.log(r * r + 11 * r + 7) - 2 * np.log(2 * r + 1)
    return 11 * b + rest - 10 * np.log(11 * r + 5)


def likelihood_3_efron(b: float) -> float:
    r = np.exp(b)
    at_two = sum(np.log(11 * r + 5 - k / 3 * (7 * r + 3)) for k in range(3))
    rest = -np.log(r * r + 11 * r + 7) - 2 * np.log(2 * r + 1)
    return 11 * b + rest - 10 / 3 * at_two


CASES = [
    pytest.param(first, "breslow", likelihood_1_breslow, 1.475285, id="first-breslow"),
    pytest.param(first, "efron", likelihood_1_efron, 1.676857, id="first-efron"),
    pytest.param(second, "breslow", likelihood_2_breslow, -0.084526, id="second-breslow"),
    pytest.param(second, "efron", likelihood_2_efron, -0.021105, id="second-efron"),
    pytest.param(third, "breslow", likelihood_3_breslow, 0.859557, id="third-breslow"),
    pytest.param(third, "efron", likelihood_3_efron, 0.872604, id="third-efron"),
]


@pytest.mark.parametrize(("fit", "ties", "likelihood", "known"), CASES)
def test_estimate_likelihood_and_error(
    fit: Callable[..., jl.Effects],
    ties: str,
    likelihood: Callable[[float], float],
    known: float,
) -> None:
    effects = fit(ties=ties)
    b, error = effects.frame.loc[0, ["coef", "std_err"]].astype(float)
    assert b == pytest.approx(known, abs=1e-6)
    assert effects.log_likelihood_null == pytest.approx(likelihood(0.0), abs=1e-12)
    assert effects.log_likelihood == pytest.approx(likelihood(b), abs=1e-12)

    h = 1e-5
    slope = (likelihood(b + h) - likelihood(b - h)) / (2 * h)
    h = 1e-4
    curve = -(likelihood(b + h) - 2 * likelihood(b) + likelihood(b - h)) / h**2
    assert slope == pytest.approx(0, abs=1e-8)
    assert error == pytest.approx(1 / np.sqrt(curve), rel=1e-5)


def test_first_case_in_closed_form() -> None:
    """The score equation of Breslow is r^2 - 3r - 6 = 0, so r = (3 + sqrt 33)/2.
    That of Efron is r^3 - 23r - 30 = 0."""
    assert first(ties="breslow").frame["hazard_ratio"][0] == pytest.approx((3 + 33**0.5) / 2)
    root = brentq(lambda r: r**3 - 23 * r - 30, 1, 10, xtol=1e-14)
    assert first().frame["hazard_ratio"][0] == pytest.approx(root, rel=1e-9)


def test_first_case_information() -> None:
    """Breslow: r/(r+1)^2 + 6r/(r+3)^2; Efron: r/(r+1)^2 + 3r/(r+3)^2 + 5r/(r+5)^2."""
    r = first(ties="breslow").frame["hazard_ratio"][0]
    breslow = r / (r + 1) ** 2 + 6 * r / (r + 3) ** 2
    assert first(ties="breslow").frame["std_err"][0] == pytest.approx(breslow**-0.5, rel=1e-9)
    r = first().frame["hazard_ratio"][0]
    efron = r / (r + 1) ** 2 + 3 * r / (r + 3) ** 2 + 5 * r / (r + 5) ** 2
    assert first().frame["std_err"][0] == pytest.approx(efron**-0.5, rel=1e-9)


def test_first_case_tests_at_zero() -> None:
    """At r = 1 Breslow has score 2 - 1/2 - 1/2 = 1 and information 1/4 + 6/16 = 5/8, so the
    score test is 8/5; Efron has score 13/12 - 1/6 = 52/48 and information 1/4 + 3/16 + 5/36."""
    tests = first(ties="breslow").tests.set_index("test")["statistic"]
    assert tests["score"] == pytest.approx(8 / 5)
    score, information = 2 - 1 / 2 - 1 / 4 - 1 / 6, 1 / 4 + 3 / 16 + 5 / 36
    tests = first().tests.set_index("test")["statistic"]
    assert tests["score"] == pytest.approx(score**2 / information)


def test_first_case_martingale_residuals_and_baseline() -> None:
    """Breslow's hazard steps: 1/(3r+3), 2/(r+3), 1. Efron's: 1/(3r+3), 1/(r+3) + 2/(r+5), 1;
    the two that die at 6 live through 1/(r+3) + 1/(r+5) of it only."""
    effects = first(ties="breslow")
    r = effects.frame["hazard_ratio"][0]
    a, b = 1 / (3 * r + 3), 2 / (r + 3)
    hand = [1 - r * a, -r * a, 1 - r * (a + b), 1 - (a + b), -(a + b), 1 - (a + b + 1)]
    np.testing.assert_allclose(effects.residuals("martingale")["martingale"], hand, atol=1e-12)
    base = effects.baseline()
    assert base["time"].tolist() == [1, 6, 9]
    np.testing.assert_allclose(base["cumulative_hazard"], np.cumsum([a, b, 1]), rtol=1e-9)

    effects = first()
    r = effects.frame["hazard_ratio"][0]
    a, b, own = 1 / (3 * r + 3), 1 / (r + 3) + 2 / (r + 5), 1 / (r + 3) + 1 / (r + 5)
    hand = [1 - r * a, -r * a, 1 - r * (a + own), 1 - (a + own), -(a + b), 1 - (a + b + 1)]
    np.testing.assert_allclose(effects.residuals("martingale")["martingale"], hand, atol=1e-12)
    np.testing.assert_allclose(
        effects.baseline()["cumulative_hazard"], np.cumsum([a, b, 1]), rtol=1e-9
    )


def test_first_case_schoenfeld_residuals() -> None:
    """x less its mean at risk: r/(r+1) at 1; at 6 r/(r+3), with Efron's ties the mean of
    r/(r+3) and r/(r+5); nothing varies at 9."""
    r = first(ties="breslow").frame["hazard_ratio"][0]
    found = first(ties="breslow").residuals("schoenfeld")
    hand = sorted([1 - r / (r + 1), 1 - r / (r + 3), -r / (r + 3), 0])
    np.testing.assert_allclose(np.sort(found["x"]), hand, atol=1e-12)
    assert found["time"].tolist() == [1, 6, 6, 9]
    r = first().frame["hazard_ratio"][0]
    mean = (r / (r + 3) + r / (r + 5)) / 2
    hand = sorted([1 - r / (r + 1), 1 - mean, -mean, 0])
    np.testing.assert_allclose(np.sort(first().residuals("schoenfeld")["x"]), hand, atol=1e-12)


def test_residuals_add_up() -> None:
    """Score residuals sum to the gradient, zero; so do weighted martingale residuals."""
    for fit in (first, second):
        for ties in ("efron", "breslow"):
            effects = fit(ties=ties)
            assert effects.residuals("score")["x"].sum() == pytest.approx(0, abs=1e-9)
            assert effects.residuals("martingale")["martingale"].sum() == pytest.approx(0, abs=1e-9)


def test_concordance_by_counting() -> None:
    """Events at 1, 2, 4 against whoever is left: (3 > 1, 2, 0), (1 < 2, > 0), (2 vs nobody)
    gives 4 of 5 pairs; a tie in time is no pair, a tie in score half a pair."""
    zero = np.zeros(4)
    time, event = np.array([1.0, 2.0, 4.0, 3.0]), np.array([True, True, True, False])
    found = jl.concordance_index(zero, time, event, np.array([3.0, 1.0, 2.0, 0.0]))
    assert (found.concordant, found.discordant, found.tied) == (4, 1, 0)
    assert found.value == pytest.approx(4 / 5)
    tied = jl.concordance_index(zero, np.array([1.0, 1.0, 2.0, 2.0]), event, np.zeros(4))
    assert (tied.concordant, tied.discordant, tied.tied) == (0, 0, 5)
    assert tied.value == 0.5
