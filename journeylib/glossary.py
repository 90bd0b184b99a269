"""The words of the field that reports cannot do without, explained for everybody.

All explanations stand here. A page offers each where its word first appears, and
lists at its end those that it used. Loads nothing heavy.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Term:
    """A word of the field.

    Parameters
    ----------
    word
        As the list at the end of a page has it.
    forms
        Regular expression of the forms in which texts use it.
    meaning
        One or two sentences without any other word of the field.
    """

    word: str
    forms: str
    meaning: str

    @property
    def key(self) -> str:
        """The word as part of an id."""
        return re.sub(r"[^a-z0-9]+", "-", self.word.lower()).strip("-")


# Longer forms first: of two that begin at one place, the earlier in this list is taken.
TERMS = (
    Term(
        "95% interval",
        r"95% (?:confidence )?intervals?",
        "The range in which the true value plausibly lies. If the same study were done many "
        "times, 95 of 100 such ranges would hold it. A narrow one is sure, a wide one is not.",
    ),
    Term(
        "subdistribution hazard ratio",
        r"subdistribution hazard ratios?|subdistribution",
        "Compares how large a share ends with this outcome in two groups. 1 is no difference; "
        "above 1 the share is larger.",
    ),
    Term(
        "hazard ratio",
        r"hazard ratios?",
        "Compares the pace of two groups. 1 is no difference; 2 means that, among those still "
        "waiting, twice as many take the step on any day.",
    ),
    Term(
        "hazard",
        r"hazards?",
        "The pace at which the event happens among those to whom it has not happened yet.",
    ),
    Term(
        "median",
        r"medians?",
        "The time by which half have taken the step. It is not reached where fewer than half "
        "have taken it when the data end.",
    ),
    Term(
        "restricted mean",
        r"restricted means?(?: times?)?|mean (?:time|days|hours|weeks|months) without",
        "The time that a customer waits on average, counted up to a fixed day only, so that "
        "nobody's future has to be guessed.",
    ),
    Term(
        "censored",
        r"censored|censoring",
        "The data end, or the customer goes out of sight, before anything happened. The time "
        "waited so far counts; such a customer is a “not yet”, never a “no”.",
    ),
    Term(
        "at risk",
        r"at risk",
        "Watched, and the event has not happened yet.",
    ),
    Term(
        "cumulative incidence",
        r"cumulative incidences?|incidences?",
        "The share to whom an outcome has happened by a time, when other outcomes may come first.",
    ),
    Term(
        "competing outcomes",
        r"competing(?: outcomes?| events?)?",
        "Several endings of which only the first can happen, such as a purchase or a refusal.",
    ),
    Term(
        "p-value",
        r"p-values?|p(?= [=<] ?\d)",
        "How often chance alone would show a difference at least as large as this one. Small: "
        "chance is a poor explanation. It says nothing of how large the difference is.",
    ),
    Term(
        "chi-squared",
        r"chi-squared|df",
        "A measure of how far apart the groups are; the larger, the less chance explains it. "
        "The number behind it (df) says how many comparisons are in it.",
    ),
    Term(
        "log-rank test",
        r"log-rank(?: test)?|Gray's test|gray test",
        "Asks whether groups differ in their pace over the whole time by more than chance.",
    ),
    Term(
        "Cox model",
        r"Cox(?: models?| regression)?",
        "Describes how the pace goes along with several things at once, each while the others "
        "are held equal.",
    ),
    Term(
        "standardised difference",
        r"standardi[sz]ed differences?(?: of means)?",
        "How far apart two groups are, measured in their own spread. Below 0.1 they are taken "
        "to be alike.",
    ),
    Term(
        "weighted",
        r"(?:re)?weighted|weighting|weights",
        "Some customers count for more than one and some for less, so that the groups become "
        "alike in what is known of them.",
    ),
    Term(
        "Brier score",
        r"Brier scores?",
        "The squared distance between predicted risk and what came true: 0 is perfect, smaller "
        "is better.",
    ),
    Term(
        "AUC",
        r"AUC",
        "Of two customers, one with the event and one without, how often the higher risk was "
        "given to the right one. 0.5 is guessing, 1 is always right.",
    ),
    Term(
        "calibration",
        r"calibrat(?:ed|ion)",
        "Whether predicted shares come true: of 100 customers with a predicted risk of 20%, "
        "about 20 should have the event.",
    ),
    Term(
        "covariate",
        r"covariates?",
        "Something known of a customer before the clock starts, such as the channel or the region.",
    ),
    Term(
        "horizon",
        r"horizon",
        "The time up to which the question is asked.",
    ),
    Term(
        "beyond follow-up",
        r"beyond follow-up|follow-up",
        "Follow-up is how long customers were watched; what lies beyond it cannot be known from "
        "these data.",
    ),
    Term(
        "episode",
        r"episodes?",
        "One start of a customer's clock. Who is mailed twice has two.",
    ),
    Term(
        "cutoff",
        r"cutoff",
        "The last day on which we watched; what came later is not in the data.",
    ),
)  # fmt: skip


def find(text: str) -> Iterator[tuple[int, int, Term]]:
    """Where words of the field stand in a text: start, end and the word, from left to right.

    Examples
    --------
    >>> [(text, term.word) for start, end, term in find("Hazard ratio 2 (p < 0.001).")
    ...  for text in ["Hazard ratio 2 (p < 0.001)."[start:end]]]
    [('Hazard ratio', 'hazard ratio'), ('p', 'p-value')]
    """
    for match in _pattern().finditer(text):
        yield match.start(), match.end(), TERMS[int(str(match.lastgroup)[1:])]


def explain(word: str) -> str:
    """What a word means.

    Examples
    --------
    >>> explain("at risk")
    'Watched, and the event has not happened yet.'
    """
    return next(term.meaning for term in TERMS if term.word == word)


@functools.cache
def _pattern() -> re.Pattern[str]:
    forms = "|".join(f"(?P<t{number}>{term.forms})" for number, term in enumerate(TERMS))
    return re.compile(rf"(?<![\w-])(?:{forms})(?![\w-])", re.IGNORECASE)
