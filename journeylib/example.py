"""A log of a dozen events, small enough to follow by eye, for examples.

>>> log = small_log()
>>> log.counts()[["stage", "event", "events", "customers"]]
        stage     event  events  customers
0   awareness        ad       3          3
1    purchase  purchase       4          3
2  (unmapped)     visit       1          1
"""

from __future__ import annotations

import shutil
import tempfile
import weakref
from pathlib import Path

from journeylib.events import EventLog, open_log
from journeylib.journey import read_journey

EVENTS = """\
customer,moment,what,source,amount
ann,2024-03-01 09:00,ad,search,
ann,2024-03-04 18:30,purchase,,20
ann,2024-03-10 12:00,purchase,,35
bob,2024-03-02 10:00,ad,social,
bob,2024-03-03 11:00,visit,,
cat,2024-03-05 08:00,ad,search,
cat,2024-03-05 21:00,purchase,,12
dan,2024-03-07 15:00,purchase,,50
,2024-03-08 15:00,purchase,,10
eve,2024-04-02 10:00,ad,social,
"""

JOURNEY = """\
name = "A small shop"
unit = "days"

[source]
path = "events.csv"

[columns]
id = "customer"
at = "moment"
event = "what"
channel = "source"
value = "amount"

[stages]
awareness = ["ad"]
purchase = ["purchase"]

[window]
cutoff = 2024-03-31

[churn]
inactivity_days = 14
activity = ["purchase"]
"""


def small_log() -> EventLog:
    """Four customers of a small shop in March 2024, and one row that has no customer.

    Examples
    --------
    >>> print(small_log().audit)
    10 events came in; 7 kept (in the window, mapped to a stage); 1 kept (in the window,
    unmapped event); 1 dropped (missing id); 1 dropped (after the cutoff)
    """
    folder = Path(tempfile.mkdtemp(prefix="small-shop-"))
    (folder / "events.csv").write_text(EVENTS)
    (folder / "journey.toml").write_text(JOURNEY)
    log = open_log(read_journey(folder))
    weakref.finalize(log, shutil.rmtree, folder, ignore_errors=True)
    return log
