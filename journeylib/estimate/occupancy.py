"""Where customers are: the share in each stage of the journey over time (Aalen-Johansen).

A survival curve knows two states. A journey has several stages and a way out, and
the question is how many are where, and for how long. Estimated from stays in
stages, some cut short by the end of watching, others watched late only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from journeylib.errors import DataError
from journeylib.estimate.groups import Groups, group_rows
from journeylib.estimate.intervals import z_value
from journeylib.estimate.multistate import Steps, count_steps, mean_times, variances
from journeylib.estimate.records import spell_codes
from journeylib.estimate.rmst import checked_horizon
from journeylib.estimate.stagetables import framed, hazards, states_of, transitions
from journeylib.estimate.stays import of_group, order_of_stages, read_stays
from journeylib.estimate.steps import chosen_times
from journeylib.results import Result
from journeylib.spells.core import Spells

STAGE = "stage"


@dataclass(frozen=True, repr=False, eq=False)
class Occupancy(Result):
    """Share in each stage over time: the columns of ``.frame`` are

    ``group, stage, time, at_risk, probability, std_err, low, high``.

    At each time at which somebody moves, enters late or is censored; the shares of a
    group add up to 1. ``at_risk`` counts who was watched in the stage just before; in
    a stage that nobody leaves it is 0.

    Parameters
    ----------
    stages
        All states, in the order of the journey.
    transitions
        ``group, from, to, count``; where ``to`` is ``(censored)``, how many were last
        seen in ``from``.
    hazards
        ``group, from, to, time, at_risk, events, cumulative_hazard, std_err`` of each
        transition that occurs (Nelson-Aalen).
    """

    stages: tuple[str, ...] = field(kw_only=True)
    transitions: pd.DataFrame = field(kw_only=True)
    hazards: pd.DataFrame = field(kw_only=True)
    steps: tuple[Steps, ...] = field(kw_only=True)

    title: ClassVar[str] = "Share in each stage"

    def at(self, times: float | Sequence[float]) -> pd.DataFrame:
        """The share in each stage at chosen times.

        Parameters
        ----------
        times
            One or several times, in the unit of the result.

        Returns
        -------
        DataFrame
            As ``.frame``, by group and stage; NaN after the last follow-up of a group,
            unless nobody is left in a stage that could be left.
        """
        chosen = chosen_times(times)
        parts = []
        for g, steps in enumerate(self.steps):
            here = np.searchsorted(steps.time, chosen, side="right")
            table = states_of(steps, here, self.about["variances"][g], chosen)
            gone = (chosen > self.about["followed"][g]) & (not _settled(steps))
            table.loc[np.tile(gone, len(self.stages)), ["probability", "std_err"]] = np.nan
            parts.append(table)
        return framed(parts, self.about["groups"], self.stages, self.about["level"])

    def expected_time(self, horizon: float) -> pd.DataFrame:
        """Mean time spent in each stage within a horizon.

        Parameters
        ----------
        horizon
            Positive, in the unit of the result; no group may end before it.

        Returns
        -------
        DataFrame
            ``group, stage, mean_time, std_err, low, high``; the means of a group add up to
            the horizon. The interval is plain, cut at 0 and at the horizon.

        Raises
        ------
        DataError
            When a group is not followed up to the horizon.
        """
        tau = checked_horizon(horizon)
        groups: Groups = self.about["groups"]
        for g, steps in enumerate(self.steps):
            end = self.about["followed"][g]
            if tau > end and not _settled(steps):
                raise DataError(
                    f"group {groups.labels[g]!r} is followed for {end:g} {self.unit} only",
                    where=f"horizon={tau:g}",
                    fix=f"choose a horizon of at most {end:g}",
                )
        parts = []
        for steps in self.steps:
            mean, variance = mean_times(steps, tau)
            error = np.sqrt(variance)
            reach = z_value(self.about["level"]) * error
            part = {"stage": list(self.stages), "mean_time": mean, "std_err": error}
            part |= {"low": np.maximum(mean - reach, 0), "high": np.minimum(mean + reach, tau)}
            parts.append(pd.DataFrame(part))
        code = np.repeat(np.arange(len(parts)), len(self.stages))
        lead = pd.DataFrame(groups.columns(code, tuple(parts[0].columns)))
        return pd.concat([lead, pd.concat(parts, ignore_index=True)], axis=1)

    def _summary(self) -> pd.DataFrame:
        lead = list(self.table.columns[: self.table.columns.get_loc("time")])
        return self.table.groupby(lead, sort=False).tail(1).drop(columns="at_risk")


def occupancy(
    spells: Spells, by: str | Sequence[str] | None = None, *, level: float = 0.95
) -> Occupancy:
    """Aalen-Johansen over the stages of the journey, equal to R's multi-state ``survfit``.

    Parameters
    ----------
    spells
        With a column ``stage``: the stage occupied in ``(start, stop]``; ``cause`` is
        the stage entered at ``stop``, named in ``spells.causes``, 0 for censored.
        As made by ``stages``. Rows may begin late.
    by
        Column or columns that make the groups; a customer stays in one group.
    level
        Of the intervals, which are made on the log scale.

    Returns
    -------
    Occupancy
        Table ``group, stage, time, at_risk, probability, std_err, low, high``;
        ``.at(times)``, ``.expected_time(horizon)``, ``.transitions``, ``.hazards``.

    Raises
    ------
    DataError
        Without a column ``stage``; when a customer's rows overlap, or the next row's
        stage is not the one that was entered.

    Notes
    -----
    Standard errors are the infinitesimal jackknife over spells, as in R's
    ``survfit(Surv(start, stop, state) ~ 1, id=)``: they need no Markov assumption. The
    shares themselves need none either where censoring is independent (Datta and
    Satten 2001); with delayed entry they lean on it. Who starts where is the share among
    those watched from the origin, and its error counts too; R takes it for known, so that
    where customers start in several stages its errors are smaller early on.

    References
    ----------
    Aalen and Johansen (1978), Scand. J. Statist. 5.

    Examples
    --------
    >>> import pandas as pd
    >>> from journeylib.spells import spells_from_frame
    >>> df = pd.DataFrame({"who": [1, 1, 2, 3], "start": [0, 2, 0, 0], "stop": [2, 5, 3, 4],
    ...                    "next": [1, 2, 2, 0], "stage": ["new", "basket", "new", "new"]})
    >>> spells = spells_from_frame(df, start="start", stop="stop", cause="next", id="who",
    ...                            causes=["basket", "purchase"])
    >>> occupancy(spells).at(3)[["stage", "probability"]].round(4)
          stage  probability
    0       new       0.3333
    1    basket       0.3333
    2  purchase       0.3333
    """
    z_value(level)
    columns = spells.columns(by)
    names = () if by is None else (by,) if isinstance(by, str) else tuple(by)
    if STAGE not in spells.table.columns:
        raise DataError(
            "these spells have no column 'stage': they do not say where a customer is",
            fix="make them with stages(log)",
        )
    frame = spells.frame.assign(person=spell_codes(spells))
    frame = frame.sort_values(["person", "start", "stop"], kind="stable", ignore_index=True)
    stages = order_of_stages(frame[STAGE], spells.causes)
    state = pd.Index(stages).get_indexer(pd.Index(frame[STAGE].astype(str)))
    code, groups = group_rows(frame, columns, names)
    stays, code = read_stays(frame, state, code, stages, spells.causes)
    steps, tables, spreads, followed = [], [], [], []
    for g in range(len(groups)):
        mine = of_group(stays, code == g)
        one = count_steps(mine)
        spread = variances(one)
        time = np.unique(np.concatenate([mine.stop, mine.start[mine.start > 0]]))
        here = np.searchsorted(one.time, time, side="right")
        steps.append(one)
        spreads.append(spread)
        followed.append(float(mine.stop.max()))
        tables.append(states_of(one, here, spread, time))
    events = sum(int((s.stays.goes >= 0).sum()) for s in steps)
    about: dict[str, Any] = {
        "event": " or ".join(spells.causes),
        "causes": spells.causes,
        "n": int(stays.person[-1]) + 1,
        "ids": int(frame["id"].nunique()),
        "events": events,
        "level": level,
        "conf": "log",
        "clock": spells.clock,
        "audit": spells.audit,
        "groups": groups,
        "variances": spreads,
        "followed": followed,
    }
    return Occupancy(
        table=framed(tables, groups, stages, level),
        unit=spells.unit,
        by=names,
        about=about,
        stages=stages,
        transitions=transitions(steps, groups, stages),
        hazards=hazards(steps, groups, stages),
        steps=tuple(steps),
    )


def _settled(steps: Steps) -> bool:
    """Whether everybody has come to a stage that nobody leaves."""
    left = np.unique(steps.stays.state)
    return bool(steps.probability[-1, left].sum() < 1e-12)
