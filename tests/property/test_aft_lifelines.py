"""Accelerated failure times equal lifelines' on random data, with delayed entry too.

lifelines stops its search early (up to 1e-3 off for the log-logistic); a likelihood at
least as high, at coefficients within a fraction of their error, is agreement. R's
survreg, which goes on, is matched much closer in the gold tests.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from lifelines import LogLogisticAFTFitter, LogNormalAFTFitter, WeibullAFTFitter

from journeylib.estimate.parametric import aft
from journeylib.spells import spells_from_frame

PEERS = {
    # name -> (fitter, its location parameter, its shape parameter, sign of log shape)
    "weibull": (WeibullAFTFitter, "lambda_", "rho_", -1),
    "lognormal": (LogNormalAFTFitter, "mu_", "sigma_", 1),
    "loglogistic": (LogLogisticAFTFitter, "alpha_", "beta_", -1),
}


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("dist", list(PEERS))
def test_coefficients_and_errors(dist, seed, late):
    rng = np.random.default_rng(seed)
    n = 500
    frame = pd.DataFrame({"x": rng.normal(size=n), "z": rng.integers(0, 2, n).astype(float)})
    time = np.exp(1 + 0.4 * frame["x"] - 0.3 * frame["z"] + 0.6 * rng.logistic(size=n))
    begin = rng.uniform(0, 1, n) if late else np.zeros(n)
    end = begin + rng.exponential(6, n)
    frame = frame.assign(begin=begin, time=np.minimum(time, end), event=(time <= end).astype(int))
    frame = frame[time > begin].reset_index(drop=True)
    fitter, location, shape, sign = PEERS[dist]
    peer = fitter().fit(
        frame, "time", "event", entry_col="begin" if late else None, formula="x + z"
    )
    if late:
        mine = aft(spells_from_frame(frame, start="begin", stop="time"), "x + z", dist)
    else:
        mine = aft(spells_from_frame(frame.drop(columns="begin")), "x + z", dist)
    table = mine.frame.set_index("term")
    for term, name in (("(Intercept)", "Intercept"), ("x", "x"), ("z", "z")):
        key = (location, name)
        assert table.loc[term, "coef"] == pytest.approx(peer.params_[key], abs=2e-3)
        assert table.loc[term, "std_err"] == pytest.approx(peer.standard_errors_[key], rel=5e-3)
    key = (shape, "Intercept")
    assert sign * peer.params_[key] == pytest.approx(table.loc["Log(scale)", "coef"], abs=2e-3)
    assert mine.log_likelihood == pytest.approx(peer.log_likelihood_, abs=2e-3)
    assert mine.log_likelihood >= peer.log_likelihood_ - 1e-6
