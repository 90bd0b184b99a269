"""Checks of single assumptions, each made of a result that the notebook already has."""

from __future__ import annotations

import pandas as pd

from journeylib import words
from journeylib.audit import Audit
from journeylib.estimate.cox import Effects
from journeylib.estimate.cox.proportionality import Proportionality
from journeylib.estimate.curves import Curve
from journeylib.events.activity import activity
from journeylib.events.log import EventLog
from journeylib.ledger.core import Check
from journeylib.numbers import number
from journeylib.spells.core import Spells


def check_dropped(audit: Audit, most: float = 0.05) -> Check:
    """Warn when more than the share ``most`` of the rows was dropped.

    Examples
    --------
    >>> check_dropped(Audit("rows", 10, {"counted": 8}, {"missing id": 2})).verdict
    'warned'
    """
    share = audit.n_dropped / audit.came_in if audit.came_in else 0.0
    reasons = ", ".join(f"{why} {n:,}" for why, n in audit.dropped.items() if n) or "none"
    high = share > most
    return Check(
        f"few of the {audit.of} are left out",
        "warned" if high else "passed",
        f"{audit.n_dropped:,} of {audit.came_in:,} ({share:.1%}) left out: {reasons}.",
        "Ask whether those left out differ from those counted."
        if high
        else "The audit names each reason.",
    )


def check_entry(spells: Spells) -> Check:
    """State whether somebody enters late, and that the risk sets know it."""
    noted = sum(n for why, n in spells.audit.notes.items() if "delayed entry" in why)
    return Check(
        "nobody is counted before being watched",
        "passed",
        f"{noted:,} enter after their clock started." if noted else "Nobody enters late.",
        "They count from their entry on only." if noted else "Nothing to adjust.",
    )


def check_episodes(spells: Spells) -> Check | None:
    """Warn when one customer has several episodes, which are not independent of each other."""
    if spells.per is None:
        return None
    rows, ids = len(spells.frame), spells.frame["id"].nunique()
    return Check(
        "each spell is another customer",
        "passed" if rows == ids else "warned",
        f"{rows:,} episodes of {ids:,} customers.",
        "Nothing."
        if rows == ids
        else "Intervals of the curves and the tests take the episodes as independent; "
        "those of the model allow for several episodes of one customer.",
    )


def check_mapped(log: EventLog, most: float = 0.2) -> Check:
    """Warn when more than the share ``most`` of the events in the window has no stage."""
    table = log.counts()
    total = int(table["events"].sum())
    unmapped = table[table["stage"] == "(unmapped)"]
    n = int(unmapped["events"].sum())
    share = n / total if total else 0.0
    names = ", ".join(str(e) for e in unmapped["event"].head(6))
    return Check(
        "the stages cover the events",
        "passed" if share <= most else "warned",
        f"{n:,} of {total:,} ({share:.1%}) have no stage" + (f": {names}." if names else "."),
        "Nothing."
        if share <= most
        else "Give them a stage in the journey file, or leave them out.",
    )


def check_gaps(log: EventLog) -> Check:
    """Warn when whole periods inside the window hold no event at all."""
    total = activity(log).groupby("period")["events"].sum()
    gaps = int((total == 0).sum())
    return Check(
        "the log has no holes",
        "passed" if gaps == 0 else "warned",
        f"{gaps} of {len(total)} periods hold no event.",
        "Nothing." if gaps == 0 else "Ask whether events were lost there before you trust a curve.",
    )


def check_follow_up(curve: Curve, horizon: float, least: int = 20) -> Check:
    """Warn when fewer than ``least`` are still at risk at the horizon in some group."""
    at = curve.at([horizon])
    thin = at[at["at_risk"] < least]
    first = at.head(6)
    seen = ", ".join(f"{g} {int(n):,}" for g, n in zip(first["group"], first["at_risk"]))
    return Check(
        f"enough are still followed at {number(horizon)} {curve.unit}",
        "passed" if thin.empty else "warned",
        f"At risk there: {seen.removeprefix('all ')}{', …' if len(at) > 6 else ''}.",
        "The curves carry the horizon."
        if thin.empty
        else f"Fewer than {least} carry the end of {_curves(list(thin['group']))}.",
    )


def _curves(groups: list[str]) -> str:
    return "the curve" if groups == ["all"] else f"the curves of {', '.join(groups[:6])}"


def check_events(effects: Effects, least: int = 10) -> Check:
    """Warn when a model has fewer than ``least`` events for each of its terms."""
    events, terms = effects.about.get("events", 0), max(len(effects.table), 1)
    each = events / terms
    return Check(
        f"at least {least} events for each term of the model",
        "passed" if each >= least else "warned",
        f"{events:,} events for {terms} term{'' if terms == 1 else 's'}, {number(each, 3)} each.",
        "The intervals can be trusted." if each >= least else "Read the ratios with reserve.",
    )


def check_finite(effects: Effects) -> Check:
    """Fail when a term of a model has no finite estimate."""
    bad = effects.table.loc[effects.table["coef"].isna(), "term"]
    return Check(
        "every effect has a finite estimate",
        "passed" if bad.empty else "failed",
        "All have." if bad.empty else f"None for: {', '.join(bad)}.",
        "Nothing." if bad.empty else "The data cannot say how large these effects are.",
    )


def check_constant_ratio(proportionality: Proportionality, level: float = 0.05) -> Check:
    """Warn when a hazard ratio changes over time by more than chance would explain."""
    table = proportionality.table
    bad = table[(table["term"] != "GLOBAL") & (table["p"] < level)]
    overall = table[table["term"] == "GLOBAL"].iloc[0]
    event = proportionality.about.get("event")  # a report may test several models
    of = f"For {words.name(event)}, all terms" if event else "All terms"
    if pd.isna(overall["p"]):
        return Check(
            "hazard ratios are constant over time",
            "warned",
            "No term has a finite estimate.",
            "There is nothing to test: read the curves.",
        )
    terms = ", ".join(map(words.term, bad["term"].head(6)))
    return Check(
        "hazard ratios are constant over time",
        "passed" if bad.empty else "warned",
        f"{of} together: {words.chance(overall.p)}."
        + ("" if bad.empty else f" Not constant: {terms}."),
        "One ratio describes the whole follow-up."
        if bad.empty
        else "A ratio is an average here: read the curves and the mean times first.",
    )
