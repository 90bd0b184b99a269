"""The bias audit: faults that no estimator can repair stop the report, signs of others warn.

A structural fault is one of how the spells were made: a covariate from the future, an
exposure counted before it was known, late entrants counted from their start, one customer
at risk twice, a log of converters only. The number would then be precise and wrong, so the
report fails; the researcher may overrule it, and the report says so. A statistical sign,
such as dropping out that goes along with a covariate, is told and changes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from journeylib import words
from journeylib.errors import BiasError
from journeylib.estimate.averaged import averaged
from journeylib.estimate.compare import compare
from journeylib.ledger import leaks, structure
from journeylib.ledger.calendar import SLACK, Calendar, calendar, keys
from journeylib.ledger.checks import check_constant_ratio
from journeylib.ledger.core import FAILED, OVERRULED, PASSED, WARNED, Check, Ledger
from journeylib.numbers import estimate, number
from journeylib.spells.core import Spells

LEVELS = 12  # of a covariate: more are not compared
LEANS = (
    "A curve over everybody leans towards those who stay in view: read it by these groups, "
    "or weight it."
)
CHANCE = 0.01  # of a false warning of dropouts, over all covariates together


def bias_audit(
    log: Any,
    spells: Spells,
    *,
    exposure: str | Mapping[str, str] | None = None,
    effects: Any = None,
    known: Mapping[str, str] | None = None,
    overrule: bool = False,
    minimum: int = 20,
    horizon: float | None = None,
) -> Ledger:
    """Look for what would make any estimate from these spells wrong.

    Parameters
    ----------
    log
        The :class:`EventLog` that the spells come from; None for spells from a frame, of
        which only what the spells themselves tell is looked at.
    spells
        Before or after :func:`journeylib.with_exposure`.
    exposure
        Event whose moment is held against the column of its name; or column -> event.
        Columns that bear the name of an event are looked at in any case.
    effects
        Result of :func:`journeylib.cox`: adds whether its ratios are constant.
    known
        Covariate -> column of the spells that says, on their clock, when it became known.
    overrule
        Show the report although a structural fault was found.
    minimum
        Fewest customers from whom a fault is told by their data.
    horizon
        Time at which it is told how far dropping out moves the curve of everybody, in the
        unit of the spells.

    Returns
    -------
    Ledger
        Structural checks, then what warns.

    Raises
    ------
    BiasError
        For a structural fault, unless overruled: all of them in one text.

    Notes
    -----
    Immortal time and future covariates: Suissa (2008, Am. J. Epidemiol. 167); delayed
    entry: Keiding (1992, Int. Stat. Rev. 60).

    Examples
    --------
    >>> from journeylib.example import small_log
    >>> from journeylib.spells import time_to
    >>> log = small_log()
    >>> audit = bias_audit(log, time_to(log, "purchase", origin="ad"))
    >>> {check.verdict for check in audit}
    {'passed'}
    """
    placed = calendar(log, spells)
    timed = _exposures(log, spells, exposure)
    looks = [
        structure.overlaps(spells),
        structure.entry(placed),
        structure.converters(placed, minimum),
        *leaks.exposed_too_early(log, spells, timed),
        leaks.declared(log, spells, placed, known or {}),
        *leaks.foretelling(log, spells, placed, timed, minimum),
    ]
    seen = [one for one in looks if one is not None]
    faults = [one for one in seen if one.check.verdict == FAILED]
    if faults and not overrule:
        raise _error(faults)
    checks = [_overruled(one.check) for one in seen]
    checks += [c for c in (dropouts(placed, spells, minimum, horizon),) if c is not None]
    if effects is not None:
        from journeylib.estimate.cox.proportionality import check_proportionality

        checks.append(check_constant_ratio(check_proportionality(effects)))
    return Ledger(checks)


def _exposures(log: Any, spells: Spells, given: str | Mapping[str, str] | None) -> dict[str, str]:
    """Column -> event of all exposures whose moment the log knows."""
    if log is None:
        return {}
    found = {c: c for c in spells.covariates if c in log.observed or c in log.journey.events}
    if isinstance(given, str):
        return {**found, spells.column(given): given}
    return {**found, **{spells.column(c): event for c, event in (given or {}).items()}}


def _error(faults: list[structure.Look]) -> BiasError:
    what = [f"{one.check.assumption}: not so. {one.check.seen}" for one in faults]
    many = f"{len(faults)} faults make every number here wrong. " if len(faults) > 1 else ""
    fixes = list(dict.fromkeys(one.check.follows for one in faults))
    return BiasError(
        many + " ".join(what),
        where="; ".join(dict.fromkeys(one.where for one in faults)),
        fix=" ".join(fixes) + " To see the report all the same: overrule = true.",
    )


def _overruled(check: Check) -> Check:
    if check.verdict != FAILED:
        return check
    follows = f"Overruled: the report is shown although this makes it wrong. {check.follows}"
    return replace(check, kind=OVERRULED, follows=follows)


def dropouts(
    placed: Calendar | None, spells: Spells, minimum: int = 20, horizon: float | None = None
) -> Check | None:
    """Warn when dropping out before the end of watching goes along with a covariate."""
    if placed is None or not spells.single:
        return None
    names = leaks.candidates(spells)
    gone = _gone_early(placed, spells)
    frame = spells.frame
    said = "dropping out early has nothing to do with the outcome"
    text = f"{int(gone.sum()):,} of {len(frame):,} drop out before the end of watching"
    if int(gone.sum()) < minimum:
        return Check(said, PASSED, f"{text}.", "Nothing.")
    levels = frame[names].nunique()
    names = [c for c in names if 2 <= levels[c] <= LEVELS]
    leaving = spells.with_table(frame.assign(cause=gone.astype(int)), causes=("dropping out",))
    p = {c: float(np.min(compare(leaving, c).p_value)) for c in names}
    bad = sorted((c for c in names if p[c] < CHANCE / len(names)), key=p.__getitem__)
    if not bad:
        tail = f", alike by {', '.join(map(words.name, names))}." if names else "."
        return Check(said, PASSED, text + tail, "It cannot be tested beyond what is recorded.")
    told = ", ".join(f"{words.name(c)} ({words.chance(p[c])})" for c in bad)
    follows = LEANS if horizon is None else _leaning(spells, bad[0], horizon)
    return Check(said, WARNED, f"{text}, and more of some than of others by {told}.", follows)


def _gone_early(placed: Calendar, spells: Spells) -> np.ndarray:
    """Spells that end without an event before the watch does."""
    origin = placed.rows.set_index(keys(spells))["origin"]
    frame = spells.frame
    index = pd.MultiIndex.from_frame(frame[keys(spells)]) if spells.per else frame["id"]
    end = placed.cutoff - origin.reindex(index).to_numpy(dtype=float)
    gone: np.ndarray = (frame["cause"].to_numpy() == 0) & (frame["stop"].to_numpy() < end - SLACK)
    return gone


def _leaning(spells: Spells, by: str, horizon: float) -> str:
    """How far the curve of everybody is from the average of the groups at a time."""
    from journeylib.questions.reach import reached  # questions stand on this room

    whole = reached(spells).at(horizon).iloc[0]
    apart = averaged(reached(spells, by), spells).at(horizon).iloc[0]
    when = f"{number(horizon)} {spells.unit}"
    if math.isnan(whole["survival"]) or math.isnan(apart["survival"]):
        return f"{LEANS} How far cannot be told: not every group is in view until {when}."
    columns = ["survival", "low", "high"]
    (all_of_them, *_), (mean, low, high) = (
        estimate(*(100 * row[columns].astype(float))) for row in (whole, apart)
    )
    told = (
        f"each group followed apart and averaged by its share, {mean}% ({low} to {high}) are "
        f"still without {words.name(spells.causes[0])} after {when}"
    )
    if mean == all_of_them:
        return (
            "A curve over everybody may lean towards those who stay in view. Here it hardly does: "
            f"{told}, as the curve over everybody says."
        )
    return f"{LEANS} {told[0].upper()}{told[1:]}; the curve over everybody says {all_of_them}%."
