"""What a report on touchpoints tells: findings, a shortcut, checks."""

from __future__ import annotations

import math

import pandas as pd

from journeylib import words
from journeylib.errors import DataError, nearest
from journeylib.estimate.attribution import Attribution, Placebo, TouchRules
from journeylib.estimate.bystage import StageEffects
from journeylib.findings import Findings, finding
from journeylib.findings.estimand import each_row
from journeylib.ledger import Check
from journeylib.numbers import number
from journeylib.questions.contrast import Contrast, Contrasts


def credit_shares(credit: Attribution) -> Findings:
    """One finding a touchpoint, and one for all: the share of the events that goes along with it.

    Parameters
    ----------
    credit
        Result of :func:`journeylib.attribution`.
    """
    event = words.event_of(credit)
    of = {
        "touchpoints": list(credit.touchpoints),
        "terms": list(credit.about["terms"]),
        "origin": getattr(credit.about["clock"], "origin", ""),
    }
    told = []
    for row in each_row(credit.table):
        if not math.isfinite(row.credit):
            continue
        about = {
            "kind": "touch credit",
            "event": credit.about["event"],
            "touchpoint": row.touchpoint,
            **of,
        }
        told.append(
            finding(
                f"share of the {event} events that goes along with a touchpoint",
                100 * row.credit,
                100 * row.low,
                100 * row.high,
                unit="%",
                n=credit.about["ids"],
                events=credit.about["events"],
                std_err=100 * row.std_err,
                group=words.name(row.touchpoint),
                of=about,
            )
        )
    return Findings(told)


def stage_ratios(found: StageEffects, only: str = "") -> Findings:
    """One finding a stage and term: the hazard ratio of moving on.

    Parameters
    ----------
    found
        Result of :func:`journeylib.effects_by_stage`.
    only
        Terms that contain this text; all unless given.
    """
    told = []
    for row in each_row(found.table):
        if only not in row.term or not math.isfinite(row.hazard_ratio):
            continue
        told.append(
            finding(
                f"hazard ratio for {words.name(found.about['event'])}, by stage",
                row.hazard_ratio,
                row.low,
                row.high,
                n=row.n,
                events=row.events,
                std_err=row.std_err,
                scale="log",
                group=f"from {words.name(row.stage)}, "
                f"{words.term(row.term, found.about['references'])}",
            )
        )
    return Findings(told)


def naive_credit(credit: Attribution, rules: TouchRules, rule: str = "last_touch") -> Contrasts:
    """What a rule hands out, beside the share that the hazard of each touchpoint adds.

    Parameters
    ----------
    credit
        Result of :func:`journeylib.attribution`.
    rules
        Result of :func:`journeylib.touch_rules`.
    rule
        ``"last_touch"``, ``"first_touch"``, ``"linear"`` or ``"markov"``.
    """
    event = words.event_of(credit)
    table = rules.table.set_index("touchpoint")
    if rule not in table:
        raise DataError(f"there is no rule {rule!r}", where="rule", fix=nearest(rule, table))
    given = table[rule]
    told = []
    for row in each_row(credit.table.iloc[:-1]):
        if row.touchpoint not in given.index or not math.isfinite(row.credit):
            continue
        told.append(
            Contrast(
                f"What share of {event} goes along with {words.name(row.touchpoint)}?",
                words.name(rule),
                100 * float(given[row.touchpoint]),
                "by the hazard after it",
                100 * row.credit,
                100 * row.low,
                100 * row.high,
                "%",
            )
        )
    return Contrasts(told)


def check_placebo(placebo: Placebo, test: str, level: float = 0.05) -> Check:
    """Whether touches moved away from their own time earn nothing.

    Parameters
    ----------
    placebo
        Result of :func:`journeylib.placebo`.
    test
        ``"later"`` or ``"before"``.
    level
        Below which a p-value speaks against it.
    """
    assumptions = {
        "later": "a touch keeps the effect that it has, and nothing else drifts",
        "before": "whoever is about to be touched is no likelier to have the event already",
    }
    if test not in assumptions:
        raise DataError(f"there is no test {test!r}", where="test", fix=nearest(test, assumptions))
    row, assumption = placebo.tests.set_index("test").loc[test], assumptions[test]
    if pd.isna(row["p"]):
        notes = placebo.table.loc[placebo.table["test"] == test, "note"]
        return Check(
            assumption,
            "warned",
            f"It cannot be tested here: {notes.iloc[0]}.",
            "Whether customers were sought out who would have come anyway stays open; only a "
            "random choice of whom to touch would settle it.",
        )
    passed = row["p"] >= level
    seen = (
        f"Touches moved by {number(placebo.about['moved'], 3)} {placebo.unit}: "
        f"{words.chance(row['p'])}."
    )
    wrong = {
        "later": "The effect wears off or builds up: credit is an average over the time after "
        "the touch; give within= to say how long a touch counts.",
        "before": "Those who are touched differ before the touch: part of the credit is theirs "
        "and not the touch's.",
    }[test]
    return Check(
        assumption,
        "passed" if passed else "warned",
        seen,
        "Moved touches earn nothing, as they should." if passed else wrong,
    )


def check_touched(credit: Attribution, fewest: int = 10) -> Check:
    """Whether every touchpoint has enough events after it to be judged.

    Parameters
    ----------
    credit
        Result of :func:`journeylib.attribution`.
    fewest
        Events that a touchpoint should have after it.
    """
    table = credit.table.iloc[:-1]
    few = table[(table["events"] < fewest) | table["credit"].isna()]
    return Check(
        "every touchpoint has events after it",
        "passed" if few.empty else "warned",
        f"{len(table)} touchpoints; fewest events after one: {int(table['events'].min()):,}.",
        "Each credit stands on events of its own."
        if few.empty
        else f"Little can be said of {', '.join(few['touchpoint'])}: read its interval, not its "
        "value.",
    )
