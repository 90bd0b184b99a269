"""Checks of what the researcher chose, where the data have something to say about it."""

from __future__ import annotations

from journeylib.estimate.silence import LeavingRule, SilenceSurface
from journeylib.ledger.core import PASSED, WARNED, Check
from journeylib.numbers import number


def check_rule(rule: LeavingRule, surface: SilenceSurface | None = None) -> Check:
    """Warn when the rule of silence was not said, or many of those called lost come back.

    Parameters
    ----------
    rule
        Of :func:`journeylib.leaving_rule`.
    surface
        Of :func:`journeylib.churn_surface`; None where an event says who left.
    """
    said = "what counts as leaving is leaving"
    if rule.days is None or surface is None:
        return Check(said, PASSED, str(rule), "Nothing.")
    own = surface.frame.drop_duplicates("days").set_index("days")["back"]
    back = float(own.get(rule.days, float("nan")))
    horizon = f"{number(surface.about['horizon'])} {surface.unit}"
    seen = f"{rule} Of customers silent for so long, {back:.0%} come back within {horizon}."
    if not rule.chosen:
        return Check(said, WARNED, seen, "Write the rule into the journey file, [churn].")
    if back > surface.about["most"]:
        return Check(
            said,
            WARNED,
            seen,
            "Most of those called lost come back: take a longer rule, or call it a pause."
            if back > 0.5
            else "Some of those called lost are only slow: quote the rule with the number.",
        )
    return Check(said, PASSED, seen, "Few of those called lost come back.")
