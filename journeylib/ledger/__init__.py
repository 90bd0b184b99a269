"""What a report says about itself: what it estimates, on which assumptions, how they fared.

``estimand`` says what is estimated, ``checks`` look at one assumption each, ``bias`` looks
for faults in how the spells were made, ``leaks`` for what nobody could have known yet. A
check never changes a number.
"""

from journeylib.ledger.bias import bias_audit
from journeylib.ledger.checks import (
    check_constant_ratio,
    check_dropped,
    check_entry,
    check_episodes,
    check_events,
    check_finite,
    check_follow_up,
    check_gaps,
    check_mapped,
)
from journeylib.ledger.choices import check_rule
from journeylib.ledger.core import Check, Ledger, ledger
from journeylib.ledger.estimand import Estimand, estimand

__all__ = [
    "Check",
    "Estimand",
    "Ledger",
    "bias_audit",
    "check_constant_ratio",
    "check_dropped",
    "check_entry",
    "check_episodes",
    "check_events",
    "check_finite",
    "check_follow_up",
    "check_gaps",
    "check_mapped",
    "check_rule",
    "estimand",
    "ledger",
]
