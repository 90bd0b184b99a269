"""Placebo tests: touches moved away from their own time must earn nothing.

``later``: each touch is moved to a time after its own. Nothing happened there, so beside
the touch itself the moved one must add nothing. If it does, the effect does not hold
as long as the model says it does (it wears off or builds up), or some drift on the way is
taken for an effect.

``before`` (a lead): the time just before a touch, when it is still to come. A touch cannot
act before it happens, so whoever is about to be touched must be no likelier to have the event
than others at risk. If they are, those who would have had the event anyway are sought out,
and the credit is too high. For whoever has the event the touch to come lies after the event:
where a kind of touch ends with the event it can never be seen there, every event would speak
against it, and the test says so instead of giving a number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pandas as pd
from scipy.stats import chi2, norm

from journeylib.errors import DataError, ModelError
from journeylib.estimate.attribution.model import attribution
from journeylib.estimate.cox import cox
from journeylib.estimate.cox.model import Effects
from journeylib.exposures.switches import Changes
from journeylib.exposures.touches import Touches
from journeylib.numbers import number
from journeylib.results import Result

LATER, BEFORE = "later", "before"
FEWEST = 10  # customers with the event that a moved touch must meet for a number to be given


@dataclass(frozen=True, repr=False, eq=False)
class Placebo(Result):
    """What moved touches earn: the columns of ``.frame`` are

    ``test, touchpoint, moved, events, hazard_ratio, low, high, p, credit, credit_low,
    credit_high, note``,

    one row a touchpoint and test; ``events`` happened under the moved touch. NaN with a note
    where there is nothing to test.

    Parameters
    ----------
    tests
        ``test, chisq, df, p``: all touchpoints together (Wald, robust by customer).
    """

    tests: pd.DataFrame = field(kw_only=True)

    title: ClassVar[str] = "Moved touches must earn nothing"

    def p_value(self, test: str) -> float:
        """P value of all touchpoints together; NaN where nothing could be tested."""
        return float(self.tests.loc[self.tests["test"] == test, "p"].iloc[0])


def placebo(
    touches: Touches,
    adjust: str = "",
    *,
    cause: str | int | None = None,
    strata: str | None = None,
    shift: float | None = None,
    level: float = 0.95,
) -> Placebo:
    """Test touches that were moved away from their own time, beside the touches themselves.

    Parameters
    ----------
    touches
        Result of :func:`journeylib.exposures.touches`.
    adjust, cause, strata
        As for the model whose credit is tested.
    shift
        How far touches are moved, in the unit of the spells; by default the median time
        that customers were at risk after a touch, halved, or so long as a touch counts.
    level
        Coverage of the intervals.

    Returns
    -------
    Placebo

    Raises
    ------
    DataError
        For a shift that is no positive length.

    Notes
    -----
    Tests of pre-trends ("leads") and of placebos in time: Angrist and Pischke (2009), Mostly
    Harmless Econometrics, chapter 5. Under a model that is right each test rejects as
    often as its level says.
    """
    moved = _shift(touches, shift)
    if not moved > 0:
        raise DataError(f"touches cannot be moved by {moved!r}", fix="give a length above 0")
    firsts = {name: touches.changes(name) for name in touches.columns}
    if touches.within is None:
        firsts = {name: changes.first() for name, changes in firsts.items()}
    made = {
        LATER: {name: changes.shifted(moved) for name, changes in firsts.items()},
        BEFORE: {name: c.shifted(-moved).lasting(moved) for name, c in firsts.items()},
    }
    rows, tests = [], []
    for test, changes in made.items():
        table, joint = _tested(touches, changes, adjust, cause, strata, level)
        rows.append(table.assign(test=test, moved=moved))
        tests.append((test, *joint))
    columns = ["test", "touchpoint", "moved", "events", "hazard_ratio", "low", "high", "p"]
    frame = pd.concat(rows, ignore_index=True)[
        [*columns, "credit", "credit_low", "credit_high", "note"]
    ]
    about = {"event": _event(touches, cause), "level": level, "moved": moved,
             "n": int(touches.whole.frame["id"].nunique())}  # fmt: skip
    joint_tests = pd.DataFrame(tests, columns=["test", "chisq", "df", "p"])
    return Placebo(frame, touches.spells.unit, (), about, tests=joint_tests)


def _event(touches: Touches, cause: str | int | None) -> str:
    causes = touches.whole.causes
    if cause is None:
        return " or ".join(causes)
    return cause if isinstance(cause, str) else causes[cause - 1]


def _shift(touches: Touches, shift: float | None) -> float:
    """How far touches are moved."""
    if shift is not None:
        return float(shift)
    if touches.within is not None:
        return float(touches.within)
    frame = touches.spells.frame
    after = frame[frame[list(touches.columns.values())].any(axis=1)]
    lengths = (after["stop"] - after["start"]).groupby(after["id"]).sum()
    return float(lengths.median() / 2)


def _tested(
    touches: Touches,
    changes: Mapping[str, Changes],
    adjust: str,
    cause: str | int | None,
    strata: str | None,
    level: float,
) -> tuple[pd.DataFrame, tuple[float, int, float]]:
    """A row a touchpoint, and the test of all of them together."""
    columns = {name: f"moved_{column}" for name, column in touches.columns.items()}
    spells = touches.with_also({columns[name]: when for name, when in changes.items()})
    frame = spells._fetched
    number_of = _number(touches, cause)
    happened = frame["cause"].to_numpy() == number_of
    events = {name: int((happened & (frame[c] == 1)).sum()) for name, c in columns.items()}
    tested = {name: c for name, c in columns.items() if _enough(frame, c, events[name])}
    effects = None
    if tested:
        formula = " + ".join([touches.formula(adjust), *tested.values()])
        try:
            effects = cox(spells, formula, cause=cause, strata=strata, cluster="id", level=level)
        except ModelError:
            tested = {}  # the moved touches cannot be told from the touches themselves
    rows = [_row(name, c, events[name], tested, effects, level) for name, c in columns.items()]
    names = ["touchpoint", "events", "hazard_ratio", "low", "high", "p"]
    table = pd.DataFrame(rows, columns=[*names, "credit", "credit_low", "credit_high", "note"])
    return table, _joint(effects, list(tested.values()))


def _number(touches: Touches, cause: str | int | None) -> int:
    from journeylib.estimate.design import cause_number

    return cause_number(touches.whole, cause)


def _enough(frame: pd.DataFrame, column: str, events: int) -> bool:
    return events >= FEWEST and 0 < int(frame[column].sum()) < len(frame)


def _row(
    name: str,
    column: str,
    events: int,
    tested: Mapping[str, str],
    effects: Effects | None,
    level: float,
) -> tuple[object, ...]:
    if name not in tested or effects is None:
        none = (np.nan,) * 7
        note = "the moved touch cannot be told from the touch itself"
        if events < FEWEST:
            met = "nobody had" if events == 0 else f"only {number(events)} had"
            note = f"{met} the event in the time of the moved touch (touches may end with it)"
        return (name, events, *none, note)
    row = effects.table.set_index("term").loc[column]
    credit = attribution(effects, {name: column}, draws=0, level=level).table.iloc[0]
    shares = (credit["credit"], credit["low"], credit["high"])
    return (name, events, *row[["hazard_ratio", "low", "high", "p"]], *shares, "")


def _joint(effects: Effects | None, terms: list[str]) -> tuple[float, int, float]:
    """Wald test that all moved touches together add nothing."""
    if effects is None or not terms:
        return np.nan, 0, np.nan
    table = effects.table.set_index("term")
    known = [t for t in terms if np.isfinite(float(table["coef"][t]))]
    if not known:
        return np.nan, 0, np.nan
    b = table.loc[known, "coef"].to_numpy(dtype=float)
    v = effects.covariance.loc[known, known].to_numpy()
    if len(known) == 1:
        z = float(b[0] / np.sqrt(v[0, 0]))
        return z * z, 1, float(2 * norm.sf(abs(z)))
    statistic = float(b @ np.linalg.solve(v, b))
    return statistic, len(known), float(chi2.sf(statistic, len(known)))
