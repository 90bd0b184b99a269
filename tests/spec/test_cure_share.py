"""The interval of a cured share: shapes between the named ones, and the union over them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit
from scipy.stats import gamma, loggamma

from journeylib.estimate.aftfit import FAMILIES
from journeylib.estimate.cure import cure
from journeylib.estimate.curefit import CureRows, fit_cure
from journeylib.estimate.cureshare import Slice, other_shapes, slice_of
from journeylib.estimate.gammafamily import gamma_family
from journeylib.spells import spells_from_frame
from validation.plateaus import followed

Q = [-1.2, -0.4, 0.3, 0.7, 1.0, 1.7]


@pytest.mark.parametrize("q", Q)
def test_the_family_is_the_log_of_a_gamma_variable(q: float) -> None:
    family, k = gamma_family(q), 1 / q**2
    z = np.linspace(-2.5, 1.5, 9)
    # W = log(G / k) / q, G gamma of shape k: scipy's loggamma is log G
    other = loggamma(k)
    at = q * z + np.log(k)
    assert np.allclose(family.density(z)[0], other.logpdf(at) + np.log(abs(q)), atol=1e-9)
    left = other.logsf(at) if q > 0 else other.logcdf(at)
    assert np.allclose(family.survival(z)[0], left, rtol=1e-7, atol=1e-9)
    share = np.array([0.1, 0.5, 0.9])
    assert np.allclose(1 - np.exp(family.survival(family.quantile(share))[0]), share)


@pytest.mark.parametrize("q", [*Q, 0.0])
@pytest.mark.parametrize("which", ["density", "survival"])
def test_its_derivatives_are_those_of_its_values(q: float, which: str) -> None:
    of = getattr(gamma_family(q), which)
    z, step = np.linspace(-2, 1.2, 7), 1e-5
    _, first, second = of(z)
    up, down = of(z + step), of(z - step)
    assert np.allclose((up[0] - down[0]) / (2 * step), first, rtol=1e-6, atol=1e-7)
    assert np.allclose((up[1] - down[1]) / (2 * step), second, rtol=1e-5, atol=1e-6)


def test_far_out_it_stays_finite() -> None:
    value, first, second = gamma_family(1.7).survival(np.array([3.0, 5.0]))
    assert np.isfinite([value, first, second]).all() and (np.diff(value) < 0).all()


def rows(frame: pd.DataFrame) -> CureRows:
    one = np.ones((len(frame), 1))
    time = frame["time"].to_numpy()
    return CureRows(one, one, 0 * time, time, frame["event"].to_numpy(dtype=bool))


def test_a_gamma_shape_is_found_between_the_named_ones() -> None:
    frame = followed(np.random.default_rng(3), 1500, "gamma 2", plan())
    some = rows(frame)
    named = {k: fit_cure(some, FAMILIES[k]) for k in ("weibull", "lognormal")}
    between = fit_cure(some, gamma_family(1 / np.sqrt(2)), named["weibull"])
    assert between.value > max(f.value for f in named.values()) + 2
    assert between.value == pytest.approx(fit_cure(some, gamma_family(1 / np.sqrt(2))).value)
    scale = np.exp(between.theta[2])
    mean = float(np.exp(between.theta[1]) / 2)  # shape 2: k = 2, so that G / k has mean 1
    assert scale == pytest.approx(1 / np.sqrt(2), rel=0.1)
    assert mean == pytest.approx(gamma(2).mean() / 2, rel=0.1)


def plan() -> str:
    return "30% cured, past the 99th percentile, entered over time"


def test_a_shape_has_the_interval_its_likelihood_leaves_room_for() -> None:
    one = Slice(value=-100.0, odds=-1.0, error=0.1)
    assert one.limits(-100.0, 2.0) == pytest.approx((-1.2, -0.8))
    assert one.limits(-98.5, 2.0) == pytest.approx((-1.1, -0.9))  # room 4 - 3
    assert one.limits(-97.9, 2.0) is None


def test_the_interval_is_the_union_over_the_shapes() -> None:
    frame = followed(np.random.default_rng(5), 800, "gamma 0.5", plan())
    spells = spells_from_frame(frame)
    wide, told = cure(spells, "1").share.iloc[0], cure(spells, "1")
    narrow = cure(spells, "1", dist=told.dist).share.iloc[0]
    assert wide["estimate"] == narrow["estimate"] and wide["std_err"] == narrow["std_err"]
    assert (
        wide["low"] > narrow["low"] + 0.003
    )  # the Weibull, which is told, leaves too many to come
    z = 1.959963984540054
    fit = fit_cure(rows(frame), FAMILIES[told.dist])
    every = np.arange(len(frame))
    shapes = [slice_of(fit, np.ones((1, 1))), *other_shapes(rows(frame), every, fit, z)]
    best = max(s.value for s in shapes)
    spans = [s.limits(best, z) for s in shapes]
    assert wide["low"] == pytest.approx(expit(min(a for a, _ in filter(None, spans))))
    assert wide["high"] == pytest.approx(expit(max(b for _, b in filter(None, spans))))
    middle = float(logit(narrow["estimate"]))
    assert expit(middle - z * slice_of(fit, np.ones((1, 1))).error) == pytest.approx(narrow["low"])
