"""Reading an experiment more than once without fooling oneself.

Whoever looks five times and stops at the first p below 0.05 finds something in one of
seven experiments without any effect. A group-sequential test sets the bar at each look
so that over all looks the error stays what was promised; what it needs is how many
events were planned. Restricted means are told at the end only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from scipy.stats import norm

from journeylib.errors import DataError, ModelError, nearest
from journeylib.estimate.boundaries import boundaries, spent
from journeylib.estimate.compare import compare
from journeylib.estimate.cox import cox
from journeylib.estimate.groups import group_rows
from journeylib.estimate.rmst import rmst
from journeylib.results import Result
from journeylib.spells.core import Spells


@dataclass(frozen=True, repr=False, eq=False)
class Sequential(Result):
    """The looks so far: the columns of ``.frame`` are

    ``look, n, events, information, alpha_spent, z, boundary, p_nominal, crossed,
    hazard_ratio, low, high``.

    ``z`` is positive where the treated have the event sooner; ``p_nominal`` is what a
    single look would have said, and is no p value of this test. ``low`` and ``high`` are
    repeated intervals (Jennison and Turnbull 1989): together they hold at all looks.

    Parameters
    ----------
    treated, reference
        Labels of the two groups.
    decision
        ``"stop"`` once a boundary is crossed, ``"finished"`` when all information is in
        without that, else ``"go on"``.
    stopped
        Number of the look at which a boundary was first crossed, or None.
    mean_difference
        Restricted mean of the treated less that of the reference, at the final look:
        one row ``horizon, difference, std_err, low, high``; None before, for a reason
        given in ``notes``.
    notes
        In words, what a reader has to know.
    """

    treated: str = field(kw_only=True)
    reference: str = field(kw_only=True)
    decision: str = field(kw_only=True)
    stopped: int | None = field(kw_only=True)
    mean_difference: pd.DataFrame | None = field(kw_only=True)
    notes: tuple[str, ...] = field(kw_only=True)

    title: ClassVar[str] = "Looks at the experiment"

    def _headline(self) -> str:
        told = self.decision if self.stopped is None else f"stop, at look {self.stopped}"
        return f"{self.title}, {self.treated} against {self.reference}: {told}"


def as_of(spells: Spells, since: str, at: float) -> Spells:
    """Spells as they were known at a calendar time.

    Parameters
    ----------
    spells
        With a column that says when each clock started.
    since
        That column, in the unit of the spells, on the calendar that ``at`` uses.
    at
        The moment of the look. Whoever started then or later is not there yet; what
        happened later is not known yet.

    Returns
    -------
    Spells
        Rows still going on at ``at`` are censored there.

    Raises
    ------
    DataError
        When nobody had started.

    Examples
    --------
    >>> from journeylib.spells import spells_from_frame
    >>> df = pd.DataFrame({"time": [5, 5, 5], "event": [1, 1, 1], "day": [0, 8, 20]})
    >>> as_of(spells_from_frame(df), "day", 10).frame[["stop", "cause"]].values.tolist()
    [[5.0, 1.0], [2.0, 0.0]]
    """
    frame = spells.frame
    age = at - frame[spells.column(since)].to_numpy(dtype=float)
    known = (age > frame["start"].to_numpy(dtype=float)) & (age > 0)
    if not known.any():
        raise DataError(f"nobody had started by {at:g}", where=f"column {since!r}")
    frame, age = frame[known].reset_index(drop=True), age[known]
    later = frame["stop"].to_numpy() > age
    frame["stop"] = np.minimum(frame["stop"], age)
    frame.loc[later, "cause"] = 0
    audit = spells.audit
    if audit.n_kept == len(known):
        audit = audit.drop("not started by the look", int((~known).sum()))
    return spells.with_table(frame, audit=audit)


def sequential(
    looks: Sequence[Spells],
    by: str,
    planned_events: int,
    *,
    reference: str | None = None,
    alpha: float = 0.05,
    spending: str = "obrien-fleming",
    strata: str | Sequence[str] | None = None,
    horizon: float | None = None,
) -> Sequential:
    """Group-sequential log-rank test of an experiment, read at several looks.

    Parameters
    ----------
    looks
        The spells as they were known at each look so far, in order: the same question
        with a later cutoff each time, or :func:`as_of`. Any cause is the event.
    by
        Column with the arm; two groups.
    planned_events
        Events of both groups at which the experiment ends, fixed before the first look
        (see ``plan_looks``). Information is events so far over these.
    reference
        Label of the arm compared with; the first unless given.
    alpha, spending
        As for ``plan_looks``.
    strata
        Within which the arms are compared.
    horizon
        For the difference of restricted means, told at the final look only.

    Returns
    -------
    Sequential

    Raises
    ------
    DataError
        When there are not two arms, or events get fewer from look to look.

    Notes
    -----
    Events beyond the plan spend nothing more. Once a boundary is crossed the experiment is
    over; later looks are shown, and cannot undo it.

    References
    ----------
    Lan and DeMets (1983), Biometrika 70; Jennison and Turnbull (2000), Group Sequential
    Methods.

    Examples
    --------
    >>> import numpy as np
    >>> from journeylib.spells import spells_from_frame
    >>> rng = np.random.default_rng(1)
    >>> df = pd.DataFrame({"arm": ["a", "b"] * 200, "day": rng.uniform(0, 50, 400), "event": 1})
    >>> df["time"] = rng.exponential(np.where(df.arm == "b", 20, 40))
    >>> all_of_it = spells_from_frame(df)
    >>> looks = [as_of(all_of_it, "day", t) for t in (25, 40, 60)]
    >>> sequential(looks, "arm", planned_events=250).decision
    'stop'
    """
    if not looks:
        raise DataError("there is no look to read", fix="pass the spells of each look, in order")
    if planned_events < 1:
        raise DataError(f"planned_events must be positive, not {planned_events!r}")
    rows = [_read(spells, by, reference, strata) for spells in looks]
    events = [row["events"] for row in rows]
    if (np.diff(events) < 0).any():
        raise DataError(
            f"events get fewer from look to look: {events}",
            fix="give the looks in the order of their cutoffs",
        )
    if events[0] == 0:
        raise DataError("there was no event by the first look", fix="leave that look out")
    arms = {(row.pop("treated"), row.pop("reference")) for row in rows}
    if len(arms) > 1:
        raise DataError(f"the arms differ from look to look: {sorted(arms)}")
    treated, base = next(iter(arms))
    information = np.array(events) / planned_events
    table = pd.DataFrame(rows)
    table.insert(0, "look", np.arange(1, len(rows) + 1))
    table.insert(3, "information", information)
    table.insert(4, "alpha_spent", spent(information, alpha, spending))
    bounds = boundaries(information, alpha, spending)
    table.insert(6, "boundary", bounds)
    table.insert(7, "p_nominal", 2 * norm.sf(table["z"].abs()))
    table.insert(8, "crossed", table["z"].abs() >= bounds)
    # where a look adds no information its bar is the one before; nothing can be crossed anew
    reach = np.where(np.isfinite(bounds), bounds, np.inf) * table.pop("error")
    table["hazard_ratio"] = np.exp(table["coef"])
    table["low"], table["high"] = np.exp(table["coef"] - reach), np.exp(table.pop("coef") + reach)
    crossed = np.flatnonzero(table["crossed"])
    stopped = int(crossed[0]) + 1 if len(crossed) else None
    final = bool(information[-1] >= 1)
    decision = "stop" if stopped else "finished" if final else "go on"
    means, notes = _means(looks[-1], by, treated, horizon, final)
    about: dict[str, Any] = {
        "event": " or ".join(looks[-1].causes),
        "n": int(table["n"].iloc[-1]),
        "events": int(events[-1]),
        "planned_events": planned_events,
        "alpha": alpha,
        "spending": spending,
        "level": 1 - alpha,
        "conf": "repeated",
        "clock": looks[-1].clock,
        "audit": looks[-1].audit,
    }
    return Sequential(
        table=table,
        unit=looks[-1].unit,
        by=(by,),
        about=about,
        treated=treated,
        reference=base,
        decision=decision,
        stopped=stopped,
        mean_difference=means,
        notes=notes,
    )


def _read(
    spells: Spells, by: str, reference: str | None, strata: str | Sequence[str] | None
) -> dict[str, Any]:
    """One look: signed log-rank z, and the log hazard ratio with its error."""
    test = compare(spells, by, strata=strata)
    labels = test.groups
    if len(labels) != 2:
        raise DataError(
            f"an experiment has two arms; {by!r} has {len(labels)}: {', '.join(labels)}",
            fix="filter the spells to the two arms first",
        )
    if reference is not None and reference not in labels:
        raise DataError(f"there is no arm {reference!r}", fix=nearest(reference, labels))
    base = labels[0] if reference is None else reference
    treated = labels[1] if base == labels[0] else labels[0]
    row = test.frame.set_index("group").loc[treated]
    z = float(np.sign(row["observed"] - row["expected"]) * np.sqrt(test.statistic))
    coef, error = _effect(spells, by, treated, strata)
    return {
        "treated": treated,
        "reference": base,
        "n": int(test.frame["n"].sum()),
        "events": int(test.frame["observed"].sum()),
        "z": z if np.isfinite(z) else 0.0,
        "coef": coef,
        "error": error,
    }


def _effect(
    spells: Spells, by: str, treated: str, strata: str | Sequence[str] | None
) -> tuple[float, float]:
    frame = spells.frame
    code, groups = group_rows(frame, spells.columns(by))
    frame["arm_is_treated"] = (code == groups.labels.index(treated)).astype(float)
    frame["cause"] = (frame["cause"] > 0).astype(int)
    event = spells.with_table(frame, causes=("event",))
    try:
        effect = cox(event, "arm_is_treated", strata=strata).frame.iloc[0]
    except ModelError:  # an arm without anybody at risk when something happens
        return float("nan"), float("nan")
    return float(effect["coef"]), float(effect["std_err"])


def _means(
    spells: Spells, by: str, treated: str, horizon: float | None, final: bool
) -> tuple[pd.DataFrame | None, tuple[str, ...]]:
    if horizon is None:
        return None, ()
    if not final:
        return None, (
            "the restricted means are told at the final look only: more looks are planned",
        )
    row = rmst(spells, horizon, by).differences.iloc[0]
    sign = 1.0 if row["group"] == treated else -1.0
    ends = sorted((sign * row["low"], sign * row["high"]))
    found = {
        "horizon": float(horizon),
        "difference": sign * row["difference"],
        "std_err": row["std_err"],
        "low": ends[0],
        "high": ends[1],
    }
    return pd.DataFrame([found]), ()
