"""The event log: from a source's rows to who, when and what on one clock, each row's fate counted.

``log`` is the log itself; ``intake`` gives each row its fate, ``moments`` and ``times`` read and
compare moments, ``assemble`` and ``stitch`` bring several feeds and identities together,
``attributes`` joins what is known of a customer.
"""

from journeylib.events.log import EventLog, open_log
from journeylib.events.meaning import Meaning, any_of, of_events

__all__ = ["EventLog", "Meaning", "any_of", "of_events", "open_log"]
