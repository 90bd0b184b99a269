"""The few numbers that a report stands on, in a form that the index can read.

``core`` is what a finding is; ``made`` makes findings of results, each with the ``estimand`` that
it is an estimate of.
"""

from journeylib.findings.core import MIME, Finding, Findings, finding, findings
from journeylib.findings.made import (
    counts,
    cured,
    excess_times,
    mean_times,
    medians,
    ratios,
    shares,
    stage_shares,
    stage_times,
    values,
)

__all__ = [
    "MIME",
    "Finding",
    "Findings",
    "counts",
    "cured",
    "excess_times",
    "finding",
    "findings",
    "mean_times",
    "medians",
    "ratios",
    "shares",
    "stage_shares",
    "stage_times",
    "values",
]
