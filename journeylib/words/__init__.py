"""Results as plain sentences: they compute nothing and leave out nothing.

Every sentence carries the number, its interval and who was counted. A contrast
between groups that chose themselves is described, never explained: "differ",
"go along with", not "cause". All texts of the reports stand in this file.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from journeylib.errors import DataError
from journeylib.numbers import number
from journeylib.words import (
    afterwards,
    attribution,
    contrasts,
    curves,
    experiments,
    logs,
    models,
    personas,
    timing,
    worth,
)
from journeylib.words.parts import (
    Note,
    Sentence,
    chance,
    counted,
    event_of,
    name,
    percent,
    term,
    term_parts,
)

USUAL = 0.95  # level of an interval of which no level is said

__all__ = [
    "Note",
    "Sentence",
    "chance",
    "counted",
    "event_of",
    "name",
    "note",
    "percent",
    "say",
    "term",
    "term_parts",
]


def say(result: Any, at: float | None = None) -> Sentence:
    """Say in plain words what a result shows.

    Parameters
    ----------
    result
        A curve, incidence, comparison, restricted mean, mean count, effects or
        proportionality result, the spells themselves, or an event log.
    at
        Time at which a curve is read, in its unit. Without it the median is told.

    Returns
    -------
    Sentence
        A ``str`` that a notebook shows as a paragraph.

    Raises
    ------
    DataError
        When there are no words for this kind of result.

    Examples
    --------
    >>> import pandas as pd, journeylib as jl
    >>> days = pd.DataFrame({"time": [10, 20, 30, 40], "event": [1, 1, 1, 0]})
    >>> spells = jl.spells_from_frame(days, causes=["purchase"], unit="days")
    >>> print(say(jl.survival_curve(spells)))
    Half reach purchase within 25 days (95% interval 10 to beyond follow-up; n = 4, 3 events).
    """
    for kind in type(result).__mro__:
        if kind.__name__ in _TELLERS:
            told = _TELLERS[kind.__name__](result, at)
            return Sentence(_at_level(told, getattr(result, "about", {}).get("level", USUAL)))
    raise DataError(
        f"there are no words for a {type(result).__name__}",
        where="argument result of say",
        fix="give a result, spells or an event log",
    )


def _at_level(told: str, level: float) -> str:
    """A sentence whose intervals are of another level says so."""
    if level == USUAL:
        return told
    shown = f"{number(100 * level)}%"
    told = named_intervals(told, level)
    return told if shown in told else f"{told} The intervals are {shown} intervals."


def named_intervals(text: str, level: float) -> str:
    """A text with its 95% intervals called by their own level.

    Examples
    --------
    >>> named_intervals("bands are 95% intervals", 0.9)
    'bands are 90% intervals'
    """
    return text.replace("95% interval", f"{number(100 * level)}% interval")


def note(text: str) -> Note:
    """A sentence of the notebook's own, shown as a paragraph.

    On a page, a section whose code shows nothing but notes is told in one line at the end.
    """
    return Note(text)


_TELLERS: dict[str, Callable[[Any, float | None], str]] = {
    "Curve": curves.curve,
    "CumulativeHazard": curves.hazard,
    "Incidence": curves.incidence,
    "Comparison": contrasts.comparison,
    "RestrictedMean": curves.rmst,
    "SegmentScan": contrasts.scan,
    "MeanCount": curves.mean_count,
    "Effects": models.effects,
    "FineGray": models.fine_gray,
    "SideBySide": models.side_by_side,
    "Assessment": models.assessment,
    "Calibration": models.calibration,
    "Aft": timing.aft,
    "AftChoice": timing.aft_choice,
    "Cure": timing.cure,
    "LifetimeValue": worth.value,
    "LeavingRule": worth.rule,
    "SilenceSurface": worth.silence,
    "StepScan": worth.steps,
    "Looks": experiments.plan,
    "Sequential": experiments.sequential,
    "Detectable": experiments.detectable,
    "Weighting": contrasts.weighting,
    "Proportionality": models.proportionality,
    "Rates": afterwards.rates,
    "PromoterScore": afterwards.promoter_score,
    "CohortTrend": afterwards.cohorts,
    "Attribution": attribution.attribution,
    "TouchRules": attribution.rules,
    "Placebo": attribution.placebo,
    "StageEffects": attribution.by_stage,
    "Personas": personas.personas,
    "Fifths": personas.fifths,
    "Scores": personas.scores,
    "Occupancy": curves.occupancy,
    "Flows": curves.flows,
    "Spells": logs.spells,
    "EventLog": logs.log,
}
