"""Fine and Gray's regression: what goes along with the share that ends in one way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pandas as pd

from journeylib.errors import DataError, ModelError, nearest
from journeylib.estimate.cox.cautions import fit_warnings
from journeylib.estimate.cox.concordance import Concordance
from journeylib.estimate.cox.fit import CoxFit, fit_cox
from journeylib.estimate.cox.model import TIES, Effects, parts
from journeylib.estimate.cox.risksets import equal_times
from journeylib.estimate.design import Design, cause_number, make_design
from journeylib.estimate.finegray.predict import predicted_incidence
from journeylib.estimate.finegray.sets import staying_sets
from journeylib.estimate.finegray.staying import Stays
from journeylib.estimate.intervals import z_value
from journeylib.estimate.records import spell_codes
from journeylib.spells.core import Spells


@dataclass(frozen=True, repr=False, eq=False)
class FineGray(Effects):
    """Subdistribution hazard ratios: the columns of ``.frame`` are those of ``Effects``.

    ``hazard_ratio`` above 1 goes along with a larger share that ends by this cause,
    whatever the way there. ``robust_std_err``, and with it ``low, high, p``, is
    clustered by customer (or by ``cluster``); ``std_err`` takes the weights for
    counts and is shown because R shows it.
    """

    title: ClassVar[str] = "Subdistribution hazard ratios"

    def predict(
        self,
        frame: pd.DataFrame,
        times: Sequence[float],
        *,
        conf: str = "log-log",
        level: float = 0.95,
    ) -> pd.DataFrame:
        """Share of customers with given covariates that has ended by this cause.

        Parameters
        ----------
        frame
            One row a customer, with the columns of the formula (and of the strata).
        times
            When, in ``unit``.
        conf
            Interval: ``"log-log"`` (of one less the share), ``"log"`` or ``"plain"``.
        level
            Coverage of the interval.

        Returns
        -------
        DataFrame
            ``row, time, incidence, std_err, low, high``, a row of ``frame`` after
            another. Errors are the infinitesimal jackknife by customer (or cluster).
        """
        return predicted_incidence(self.fit, frame, times, conf, level)

    def concordance(self, weight: str = "n") -> Concordance:
        """Not defined: whoever left by another cause has no place in the order of events.

        Raises
        ------
        ModelError
            Always; :func:`journeylib.assess` has the time-dependent AUC instead.
        """
        raise ModelError(
            "concordance is not defined where a customer may leave by another cause",
            fix="use assess(effects, test_spells, times): its AUC counts them rightly",
        )


def fine_gray(
    spells: Spells,
    formula: str,
    cause: str | int = 1,
    *,
    cluster: str | None = None,
    strata: str | Sequence[str] | None = None,
    ties: str = "efron",
    level: float = 0.95,
) -> FineGray:
    """Regression of the cumulative incidence of one cause, equal to R's ``finegray`` + ``coxph``.

    Parameters
    ----------
    spells
        Spells with several causes, each ending with at most one. Several rows a
        spell and delayed entry are fine.
    formula
        The right-hand side: ``"age + C(channel)"``.
    cause
        Name or number of the cause under study.
    cluster
        Column whose equal values belong together; the customer's ``id`` unless given.
    strata
        Column(s) whose levels each have a baseline, and a pattern of censoring (and of
        entry), of their own.
    ties
        ``"efron"`` or ``"breslow"`` (as ``cmprsk::crr``).
    level
        Coverage of the intervals.

    Returns
    -------
    FineGray
        Table ``term, coef, std_err, robust_std_err, hazard_ratio, low, high, p``.

    Raises
    ------
    DataError
        For an unknown column or cause, a spell with several events, or with a gap.
    ModelError
        When no event of the cause happened, or covariates are constant or dependent.

    Notes
    -----
    Whoever left by another cause stays at risk, weighted by the chance to be still
    watched (Geskus 2011), so that the ratio speaks of the share that ends by this
    cause and not of the pace among those still there. That chance is estimated from
    the rows of the model, by stratum; with delayed entry it includes the chance to
    have entered, as in R. The robust error takes these weights as known. A covariate
    that changes keeps its last value after another cause.

    Only the time order of the weights differs from ``cmprsk::crr``, which lets those
    with an event count as at risk of censoring at the same instant: coefficients
    agree to about 1e-3 with many ties and to 1e-6 without.

    References
    ----------
    Fine and Gray (1999), JASA 94; Geskus (2011), Biometrics 67; Zhou et al. (2011),
    Biometrics 67 (strata).

    Examples
    --------
    >>> from journeylib.spells import spells_from_frame
    >>> df = pd.DataFrame({"time": [1, 2, 3, 4, 5, 6], "event": [1, 2, 1, 0, 2, 1],
    ...                    "x": [1, 0, 0, 1, 0, 1]})
    >>> fine_gray(spells_from_frame(df), "x").frame[["term", "hazard_ratio"]].round(3)
      term  hazard_ratio
    0    x         2.737
    """
    if ties not in TIES:
        raise ModelError(f"ties={ties!r} is unknown", fix=nearest(ties, TIES))
    z_value(level)
    if spells.lazy:  # rows are looked up twice, and a database gives them in no order
        spells = spells.with_table(spells.frame)
    number = cause_number(spells, cause)
    design = make_design(spells, formula, cause=number, strata=strata, cluster=cluster)
    design, stays, changing = _stays(spells, design)
    sets = staying_sets(stays, number, design.stratum)
    if cluster is None:
        design = replace(design, cluster=pd.factorize(design.id)[0])
    fit = fit_cox(design, ties, sets)
    others = tuple(name for name in spells.causes if name != design.cause)
    asked = {"formula": formula, "strata": strata, "cluster": cluster or "id", "ties": ties}
    more = {"cause": number, "others": others}
    cautions = fit_warnings(fit, "id") + _changing(fit, changing)
    return FineGray(**parts(fit, spells, level, {**asked, **more}), warnings=cautions)


def _stays(spells: Spells, design: Design) -> tuple[Design, Stays, np.ndarray]:
    """The design with ties made equal, its rows as stays, and which covariates change."""
    start = design.start
    if (start > 0).any():
        start, stop = equal_times(start, design.stop)
    else:
        (stop,) = equal_times(design.stop)
    design = replace(design, start=start, stop=stop)
    cause = spells._fetched["cause"].to_numpy()[design.rows]
    yes = np.ones(len(cause), dtype=bool)
    if spells.single:
        return design, Stays(start, stop, cause, yes, yes), np.zeros(0, dtype=int)
    spell = spell_codes(spells)[design.rows]
    order = np.lexsort((stop, spell))
    here, following = order[:-1], order[1:]
    same = spell[here] == spell[following]
    here, following = here[same], following[same]
    _need_one_exit(design, cause, here, following)
    first, last = yes.copy(), yes.copy()
    first[following], last[here] = False, False
    moved = (design.matrix[following] != design.matrix[here]).any(axis=0)
    return design, Stays(start, stop, cause, first, last), np.flatnonzero(moved)


def _need_one_exit(
    design: Design, cause: np.ndarray, here: np.ndarray, following: np.ndarray
) -> None:
    """Each spell goes on without a gap until it ends once."""
    again = cause[here] > 0
    if again.any():
        raise DataError(
            f"{int(again.sum()):,} row(s) end with an event and the spell goes on, first that "
            f"of id {design.id[here[again.argmax()]]}",
            fix="Fine and Gray's model is about what happens first: use exits(...), or cox(...) "
            "for repeated events",
        )
    gap = design.start[following] != design.stop[here]
    if gap.any():
        raise DataError(
            f"{int(gap.sum()):,} spell(s) have a gap between rows, first that "
            f"of id {design.id[here[gap.argmax()]]}",
            fix="a customer is watched from entry to exit; is a covariate missing in between?",
        )


def _changing(fit: CoxFit, columns: np.ndarray) -> tuple[str, ...]:
    if not len(columns):
        return ()
    names = ", ".join(fit.design.names[j] for j in columns)
    return (
        f"{names} changes over time: after another cause it keeps its last value, which nobody "
        "observed, so its ratio is hard to read; cause-specific cox() is clearer",
    )
