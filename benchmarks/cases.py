"""What is timed: our call, the same call of each peer, and how fast ours should be.

A call goes from the pandas frame to the result; peers get the same frame. ``after``
makes what a call starts from (a fitted model), untimed for everybody.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

import numpy as np
import pandas as pd

import journeylib as jl
from benchmarks.data import COVARIATES, customers, episodes

Call = Callable[[Any], object]
MODEL = " + ".join(COVARIATES)
R_MODEL = f"Surv(time, event) ~ {MODEL}"


@dataclass(frozen=True)
class Case:
    """One call and its peers.

    Parameters
    ----------
    name
        As the table has it.
    ours
        Our call of the frame (or of what ``after`` made of it).
    limit
        Our time, at most this share of the time of ``against``.
    against
        ``"fastest"`` peer or ``"R"``.
    sizes
        Rows, ascending; the limit holds at ``judged``.
    peers
        Name -> call of the same frame.
    r, r_after
        R's call of the data frame ``d``, and what it starts from.
    columns
        Columns of the frame that the call reads, the rest is not handed over.
    """

    name: str
    ours: Call
    limit: float
    against: str
    sizes: tuple[int, ...]
    judged: tuple[int, ...]
    columns: tuple[str, ...]
    r: str
    peers: dict[str, Call] = field(default_factory=dict)
    after: Call = lambda frame: frame
    r_after: str = "NULL"
    rows: Callable[[int, bool], pd.DataFrame] = customers

    def frame(self, n: int, by_day: bool) -> pd.DataFrame:
        """The rows, with the columns that the call reads."""
        if self.rows is customers:
            made = customers(n, by_day, covariates=COVARIATES[0] in self.columns)
        else:
            made = self.rows(n, by_day)
        return made[list(self.columns)].copy()


def _spells(frame: pd.DataFrame) -> jl.Spells:
    return jl.spells_from_frame(frame)


def _cox(frame: pd.DataFrame) -> jl.Effects:
    return jl.cox(_spells(frame), MODEL)


def _cox_rows(frame: pd.DataFrame) -> jl.Effects:
    spells = jl.spells_from_frame(frame, "stop", "event", "start", "id")
    return jl.cox(spells, MODEL, cluster="id")


R_FINE_GRAY = (
    "{d$id <- seq_len(nrow(d)); "
    f"f <- finegray(Surv(time, factor(cause, 0:2)) ~ {MODEL} + id, d, etype = 1); "
    f"coxph(Surv(fgstart, fgstop, fgstatus) ~ {MODEL}, f, weights = fgwt, cluster = id)}}"
)
TIMES = tuple(range(10, 210, 10))
# the package survival has neither score: the same weights and ranks, vectorised, without errors
R_ASSESS = """{
  G <- survfit(Surv(time, 1 - event) ~ 1, d)
  H <- basehaz(m, centered = FALSE)
  ratio <- exp(as.matrix(d[paste0("x", 1:5)]) %*% coef(m))[, 1]
  before <- c(1, G$surv)[findInterval(d$time, G$time, left.open = TRUE) + 1]
  n <- nrow(d)
  sapply(seq(10, 200, 10), function(t) {
    risk <- 1 - exp(-c(0, H$hazard)[findInterval(t, H$time) + 1] * ratio)
    case <- d$time <= t & d$event == 1
    free <- d$time > t
    w <- case / before + free / c(1, G$surv)[findInterval(t, G$time) + 1]
    o <- order(risk)
    below <- cumsum((w * free)[o])
    c(mean(w * (case - risk)^2), sum((w * case)[o] * below) / sum(w * case) / sum(w * free))
  })
}"""


def _fine_gray(frame: pd.DataFrame) -> object:
    return jl.fine_gray(jl.spells_from_frame(frame, cause="cause"), MODEL, cause=1)


def _aft(dist: str) -> Call:
    return lambda frame: jl.aft(_spells(frame), MODEL, dist)


def _assess(given: tuple[jl.Effects, pd.DataFrame]) -> object:
    effects, frame = given
    return jl.assess(effects, _spells(frame), TIMES)


def _predict(effects: jl.Effects) -> object:
    new = pd.DataFrame({name: [0.0, 0.5, 1.0, -1.0, 2.0] for name in COVARIATES})
    return effects.predict(new, effects.baseline()["time"].to_numpy())


def cases() -> tuple[Case, ...]:
    """Every case, in the order of the document."""
    one, many = (10_000, 100_000, 1_000_000), (1_000_000,)
    time, model = ("time", "event"), ("time", "event", *COVARIATES)
    found = [
        Case(
            *("survival_curve", lambda d: jl.survival_curve(_spells(d)), 1.0, "fastest"),
            *(one, many, time, "survfit(Surv(time, event) ~ 1, d)"),
            peers=_kaplan_meier(),
        ),
        Case(
            *("cumulative_hazard", lambda d: jl.cumulative_hazard(_spells(d)), 1.0, "fastest"),
            *(one, many, time, "survfit(Surv(time, event) ~ 1, d)"),
            peers=_nelson_aalen(),
        ),
        Case(
            "cumulative_incidence",
            lambda d: jl.cumulative_incidence(jl.spells_from_frame(d, cause="cause")),
            *(1.0, "fastest", one, many, ("time", "cause")),
            "survfit(Surv(time, factor(cause, 0:2)) ~ 1, d)",
            peers=_aalen_johansen(),
        ),
        *(_compare(column, one, many) for column in ("two", "six")),
        Case(
            *("cox, 5 covariates", _cox, 0.25, "R", one, one[1:], model, f"coxph({R_MODEL}, d)"),
            peers=_cox_peers(),
        ),
        Case(
            *("cox, start-stop, robust by id", _cox_rows, 0.5, "R", (50_000, 500_000), (500_000,)),
            ("id", "start", "stop", "event", *COVARIATES),
            f"coxph(Surv(start, stop, event) ~ {MODEL}, d, cluster = id)",
            rows=episodes,
        ),
        _after("check_proportionality", jl_zph, "cox.zph(m, terms = FALSE)"),
        _after("concordance", lambda effects: effects.concordance(), "concordance(m)"),
        _after("predicted curves of 5 customers", _predict, "survfit(m, newdata = new)"),
        *_models(),
    ]
    return tuple(found)


def _models() -> list[Case]:
    """Regression of an incidence, shapes of time, prediction quality."""
    few, judged, model = (10_000, 100_000), (100_000,), ("time", "event", *COVARIATES)
    shapes = {"weibull": "Weibull", "lognormal": "LogNormal", "loglogistic": "LogLogistic"}
    return [
        Case(
            *("fine_gray, 5 covariates", _fine_gray, 1.0, "R", few, judged),
            *(("time", "cause", *COVARIATES), R_FINE_GRAY),
        ),
        *(
            Case(
                *(f"aft, {dist}", _aft(dist), 1.0, "fastest", few, judged, model),
                f'survreg({R_MODEL}, d, dist = "{dist}")',
                peers=_aft_peers(name),
            )
            for dist, name in shapes.items()
        ),
        Case(
            *("assess, Brier and AUC at 20 times", _assess, 1.0, "fastest", few, judged, model),
            R_ASSESS,
            peers=_scikit(_sk_assess),
            after=lambda d: (_cox(d), d),
            r_after=f"{{m <- coxph({R_MODEL}, d); NULL}}",
        ),
    ]


def jl_zph(effects: jl.Effects) -> object:
    """The test of constant effects."""
    return jl.check_proportionality(effects)


def _compare(column: str, sizes: tuple[int, ...], judged: tuple[int, ...]) -> Case:
    def sm(d: pd.DataFrame) -> object:
        from statsmodels.duration.survfunc import survdiff

        return survdiff(d["time"], d["event"], d[column])

    def ll(d: pd.DataFrame) -> object:
        from lifelines.statistics import multivariate_logrank_test

        return multivariate_logrank_test(d["time"], d[column], d["event"])

    return Case(
        *(f"compare, {column} groups", lambda d: jl.compare(_spells(d), column), 1.0, "fastest"),
        *(sizes, judged, ("time", "event", column), f"survdiff(Surv(time, event) ~ {column}, d)"),
        peers={"lifelines": ll, "statsmodels": sm} | _scikit(_sk_compare(column)),
    )


def _after(name: str, call: Call, r: str) -> Case:
    new = ", ".join(f"{c} = c(0, .5, 1, -1, 2)" for c in COVARIATES)
    fit = f"{{m <- coxph({R_MODEL}, d); new <- data.frame({new}); NULL}}"
    sizes = (10_000, 100_000)
    columns = ("time", "event", *COVARIATES)
    return Case(
        *(name, call, 1.0, "R", (*sizes, 1_000_000), (100_000,), columns, r),
        after=_cox,
        r_after=fit,
    )


# --- peers ------------------------------------------------------------------------------------


def _kaplan_meier() -> dict[str, Call]:
    def ll(d: pd.DataFrame) -> object:
        from lifelines import KaplanMeierFitter

        return KaplanMeierFitter().fit(d["time"], d["event"])

    def sm(d: pd.DataFrame) -> object:
        from statsmodels.duration.survfunc import SurvfuncRight

        return SurvfuncRight(d["time"], d["event"])

    def sk(d: pd.DataFrame) -> object:
        from sksurv.nonparametric import kaplan_meier_estimator

        event, time = d["event"].to_numpy().astype(bool), d["time"].to_numpy()
        return kaplan_meier_estimator(event, time, conf_type="log-log")

    return {"lifelines": ll, "statsmodels": sm} | _scikit(sk)


def _nelson_aalen() -> dict[str, Call]:
    def ll(d: pd.DataFrame) -> object:
        from lifelines import NelsonAalenFitter

        return NelsonAalenFitter().fit(d["time"], d["event"])

    return {"lifelines": ll}


def _aalen_johansen() -> dict[str, Call]:
    def ll(d: pd.DataFrame) -> object:
        from lifelines import AalenJohansenFitter

        fit = AalenJohansenFitter  # one cause a call
        return [fit(seed=0).fit(d["time"], d["cause"], event_of_interest=k) for k in (1, 2)]

    def sm(d: pd.DataFrame) -> object:
        from statsmodels.duration.survfunc import CumIncidenceRight

        return CumIncidenceRight(d["time"], d["cause"])

    def sk(d: pd.DataFrame) -> object:
        from sksurv.nonparametric import cumulative_incidence_competing_risks

        event, time = d["cause"].to_numpy(), d["time"].to_numpy()
        return cumulative_incidence_competing_risks(event, time, conf_type="log-log")

    return {"lifelines": ll, "statsmodels": sm} | _scikit(sk)


def _cox_peers() -> dict[str, Call]:
    def ll(d: pd.DataFrame) -> object:
        from lifelines import CoxPHFitter

        return CoxPHFitter().fit(d, "time", "event")

    def sm(d: pd.DataFrame) -> object:
        from statsmodels.duration.hazard_regression import PHReg

        return PHReg(d["time"], d[list(COVARIATES)], d["event"], ties="efron").fit()

    return {"lifelines": ll, "statsmodels": sm}


def _aft_peers(name: str) -> dict[str, Call]:
    def ll(d: pd.DataFrame) -> object:
        import lifelines

        return getattr(lifelines, f"{name}AFTFitter")().fit(d, "time", "event")

    return {"lifelines": ll}


def _sk_assess(d: pd.DataFrame) -> object:
    from sksurv.metrics import brier_score, cumulative_dynamic_auc
    from sksurv.util import Surv

    y = Surv.from_arrays(d["event"] == 1, d["time"])
    score = d[list(COVARIATES)].to_numpy() @ np.array([0.4, -0.3, 0.2, 0.1, 0.0])
    left = np.exp(-np.outer(np.exp(score), (np.array(TIMES) / 130) ** 1.3))
    return brier_score(y, y, left, TIMES), cumulative_dynamic_auc(y, y, score, TIMES)


def _sk_compare(column: str) -> Call:
    def sk(d: pd.DataFrame) -> object:
        from sksurv.compare import compare_survival
        from sksurv.util import Surv

        return compare_survival(Surv.from_arrays(d["event"] == 1, d["time"]), d[column])

    return sk


def _scikit(call: Call) -> dict[str, Call]:
    """scikit-survival, where the user has installed it: its licence is the GPL."""
    return {"scikit-survival": call} if find_spec("sksurv") else {}
