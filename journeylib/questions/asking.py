"""The question that follows from an assumption in doubt, for a page on all reports."""

from __future__ import annotations

# how an assumption begins, or ends after "…" -> what to ask where it is in doubt
ASKED = {
    "…are left out": "Do those left out differ from those counted?",
    "hazard ratios are constant over time": "When is the difference large, and when is it gone?",
    "dropping out early has nothing to do": "Would those who drop out early have gone another way?",
    "there are separate kinds of customers": "Is there a better way to tell customers apart, or "
    "is it all more and less of the same?",
    "what counts as leaving is leaving": "How many of those called lost come back later?",
    "the stages cover the events": "Which stage do the events without one belong to?",
    "nobody is counted twice at one time": "Is the answer the same when each customer counts once?",
    "each spell is another customer": "Is the answer the same when each customer counts once?",
    "whoever is about to be touched": "Would they have come without the touch? Only a random "
    "choice of whom to touch can tell.",
    "a touch keeps the effect that it has": "How long does a touch go on to count?",
    "every touchpoint has events after it": "Which touchpoints need more data before they are "
    "judged?",
    "those who answer are like those who do not": "What would those say who do not answer?",
    "nothing but the trend and the change": "What else moved from one cohort to the next?",
    "the arms are as large as": "Why are the arms not as large as planned?",
    "predicted risks come true": "What does the model miss in the groups where it is off?",
    "enough are still followed at": "Is there a shorter horizon at which enough are still watched?",
    "the log has no holes": "What happened on the days without events?",
}


def asked(assumption: str) -> str:
    """What to ask where an assumption is in doubt.

    Parameters
    ----------
    assumption
        As a ledger names it.

    Examples
    --------
    >>> asked("few of the customers are left out")
    'Do those left out differ from those counted?'
    >>> asked("ties are few")
    'Does it hold that ties are few?'
    """
    for start, question in ASKED.items():
        end = start.removeprefix("…")
        if assumption.endswith(end) if end != start else assumption.startswith(start):
            return question
    return f"Does it hold that {assumption}?"
