"""Every rule of the clock as a literal table: events in, spells and audit out.

Each case is derived by hand. Any engine must give exactly these rows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

DAY = {"cutoff": "@2020-01-31"}
MOMENT = {"cutoff": "@2020-01-31", "resolution": "timestamp"}
OPEN = {"start": "@2020-01-10", "cutoff": "@2020-01-31"}


@dataclass(frozen=True)
class Case:
    """A log, a question, and the answer."""

    name: str
    log: str
    ask: dict[str, Any]
    spells: str
    dropped: dict[str, int] = field(default_factory=dict)
    notes: dict[str, int] = field(default_factory=dict)
    file: dict[str, Any] = field(default_factory=dict)  # changes of the journey file
    customers: str | None = None

    def __str__(self) -> str:
        return self.name.replace(" ", "-")


PURCHASE = {"event": "purchase", "origin": "ad"}

TIME_TO = [
    Case(
        "by day both ends become dates before they are subtracted",
        """
        id at                event
        a  2020-01-05T10:00  ad
        a  2020-01-08T09:00  purchase
        """,
        PURCHASE,
        """
        id start stop cause
        a  0     3    1
        """,
    ),
    Case(
        "by timestamp the duration is exact",
        """
        id at                event
        a  2020-01-05T10:00  ad
        a  2020-01-08T09:00  purchase
        b  2020-01-05T00:00:00.000001  ad
        b  2020-01-05T00:00:00.000002  purchase
        """,
        PURCHASE,
        """
        id start stop             cause
        a  0     2.958333333      1
        b  0     1.157407407e-11  1
        """,
        file={"window": MOMENT},
    ),
    Case(
        "without the event the spell is censored at the cutoff's date",
        """
        id at                event
        a  2020-01-05T23:00  ad
        b  2020-01-31T10:00  ad
        """,
        PURCHASE,
        """
        id start stop cause
        a  0     26   0
        b  0     0    0
        """,
        notes={"zero duration, at risk at 0": 1},
    ),
    Case(
        "by timestamp a cutoff that is a date includes its whole day",
        """
        id at                event
        a  2020-01-30T12:00  ad
        b  2020-01-30T12:00  ad
        b  2020-01-31T18:00  purchase
        """,
        PURCHASE,
        """
        id start stop cause
        a  0     1.5  0
        b  0     1.25 1
        """,
        file={"window": MOMENT},
    ),
    Case(
        "a cutoff that is a moment censors there and includes it",
        """
        id at                event
        a  2020-01-30T12:00  ad
        b  2020-01-30T12:00  ad
        b  2020-01-31T06:00  purchase
        c  2020-01-30T12:00  ad
        c  2020-01-31T06:00:00.000001  purchase
        """,
        PURCHASE,
        """
        id start stop cause
        a  0     0.75 0
        b  0     0.75 1
        c  0     0.75 0
        """,
        file={"window": {"cutoff": "@2020-01-31T06:00:00", "resolution": "timestamp"}},
    ),
    Case(
        "by day two events of one day are zero days apart in whichever order",
        """
        id at                event
        a  2020-01-05T09:00  purchase
        a  2020-01-05T15:00  ad
        b  2020-01-05T09:00  ad
        b  2020-01-05T15:00  purchase
        """,
        PURCHASE,
        """
        id start stop cause
        a  0     0    1
        b  0     0    1
        """,
        notes={"zero duration, at risk at 0": 2},
    ),
    Case(
        "by timestamp the order within a day counts",
        """
        id at                event
        a  2020-01-05T09:00  purchase
        a  2020-01-05T15:00  ad
        b  2020-01-05T09:00  ad
        b  2020-01-05T09:00  purchase
        """,
        PURCHASE,
        """
        id start stop cause
        b  0     0    1
        """,
        dropped={"event before the origin": 1},
        notes={"zero duration, at risk at 0": 1},
        file={"window": MOMENT},
    ),
    Case(
        "whoever had the event before the origin is not at risk",
        """
        id at          event
        a  2020-01-03  purchase
        a  2020-01-05  ad
        a  2020-01-09  purchase
        b  2020-01-05  ad
        b  2020-01-09  purchase
        """,
        PURCHASE,
        """
        id start stop cause
        b  0     4    1
        """,
        dropped={"event before the origin": 1},
    ),
    Case(
        "prior ignored looks for the event from the origin on",
        """
        id at          event
        a  2020-01-03  purchase
        a  2020-01-05  ad
        a  2020-01-09  purchase
        b  2020-01-03  purchase
        b  2020-01-05  ad
        """,
        PURCHASE | {"prior": "ignore"},
        """
        id start stop cause
        a  0     4    1
        b  0     26   0
        """,
    ),
    Case(
        "whoever has no origin is counted and left out",
        """
        id at          event
        a  2020-01-03  purchase
        b  2020-01-05  visit
        c  2020-01-05  ad
        """,
        PURCHASE,
        """
        id start stop cause
        c  0     26   0
        """,
        dropped={"no origin event": 2},
    ),
    Case(
        "the first origin starts the clock and the first event stops it",
        """
        id at          event
        a  2020-01-20  purchase
        a  2020-01-08  ad
        a  2020-01-05  ad
        a  2020-01-12  purchase
        """,
        PURCHASE,
        """
        id start stop cause
        a  0     7    1
        """,
    ),
    Case(
        "first contact is the earliest event of any stage that is not the event",
        """
        id at          event
        a  2020-01-01  visit
        a  2020-01-04  mail
        a  2020-01-05  ad
        a  2020-01-09  purchase
        b  2020-01-02  purchase
        b  2020-01-05  ad
        c  2020-01-02  purchase
        """,
        {"event": "purchase"},
        """
        id start stop cause
        a  0     5    1
        """,
        dropped={"no origin event": 1, "event before the origin": 1},
    ),
    Case(
        "a stage means any of its events",
        """
        id at          event
        a  2020-01-04  mail
        a  2020-01-05  ad
        a  2020-01-09  purchase
        """,
        {"event": "purchase", "origin": "awareness"},
        """
        id start stop cause
        a  0     5    1
        """,
    ),
    Case(
        "an event wins over a stage of the same spelling",
        """
        id at          event
        a  2020-01-04  ad
        a  2020-01-05  order
        a  2020-01-09  purchase
        """,
        PURCHASE,
        """
        id start stop cause
        a  0     5    1
        """,
        file={"stages": {"awareness": ["ad"], "purchase": ["order", "purchase"]}},
    ),
    Case(
        "the second event is counted in distinct instants from the first",
        """
        id at                event
        a  2020-01-05T09:00  purchase
        a  2020-01-05T19:00  purchase
        a  2020-01-09T10:00  purchase
        a  2020-01-09T11:00  purchase
        b  2020-01-05T09:00  purchase
        b  2020-01-05T19:00  purchase
        """,
        {"event": "purchase", "origin": "purchase", "occurrence": 2},
        """
        id start stop cause
        a  0     4    1
        b  0     26   0
        """,
        notes={"purchase events at one instant with another, merged": 3},
    ),
    Case(
        "the third event of another kind counts the whole history",
        """
        id at          event
        a  2020-01-02  purchase
        a  2020-01-05  ad
        a  2020-01-09  purchase
        a  2020-01-19  purchase
        b  2020-01-01  purchase
        b  2020-01-02  purchase
        b  2020-01-03  purchase
        b  2020-01-05  ad
        """,
        PURCHASE | {"occurrence": 3},
        """
        id start stop cause
        a  0     14   1
        """,
        dropped={"event before the origin": 1},
    ),
    Case(
        "prior ignored counts occurrences from the origin on",
        """
        id at          event
        a  2020-01-02  purchase
        a  2020-01-05  ad
        a  2020-01-09  purchase
        a  2020-01-19  purchase
        """,
        PURCHASE | {"occurrence": 2, "prior": "ignore"},
        """
        id start stop cause
        a  0     14   1
        """,
    ),
    Case(
        "a row that is the origin never stops its own clock",
        """
        id at          event     value
        a  2020-01-05  purchase  150
        a  2020-01-09  purchase  20
        b  2020-01-05  purchase  150
        c  2020-01-05  purchase  150
        c  2020-01-05  purchase  20
        d  2020-01-02  purchase  20
        d  2020-01-05  purchase  150
        """,
        {"event": "purchase", "origin": "big"},
        """
        id start stop cause
        a  0     4    1
        b  0     26   0
        c  0     0    1
        """,
        dropped={"event before the origin": 1},
        notes={"zero duration, at risk at 0": 1},
        file={"events": {"big": {"where": "event = 'purchase' and value >= 100"}}},
    ),
    Case(
        "a derived event can stop the clock",
        """
        id at          event     value
        a  2020-01-05  ad        -
        a  2020-01-09  purchase  20
        a  2020-01-12  purchase  150
        """,
        {"event": "big", "origin": "ad"},
        """
        id start stop cause
        a  0     7    1
        """,
        file={"events": {"big": {"where": "event = 'purchase' and value >= 100"}}},
    ),
    Case(
        "first contact can be another event of the derived event's kind",
        """
        id at          event     value
        a  2020-01-05  purchase  20
        a  2020-01-09  purchase  150
        """,
        {"event": "big"},
        """
        id start stop cause
        a  0     4    1
        """,
        file={"events": {"big": {"where": "event = 'purchase' and value >= 100"}}},
    ),
    Case(
        "one spell an episode, made of its own rows",
        """
        id at          event     campaign
        a  2020-01-05  ad        x
        a  2020-01-07  ad        y
        a  2020-01-08  purchase  -
        a  2020-01-10  purchase  y
        b  2020-01-06  purchase  x
        """,
        PURCHASE | {"per": "campaign"},
        """
        id campaign start stop cause
        a  x        0     26   0
        a  y        0     3    1
        """,
        dropped={"no origin event": 1},
    ),
    Case(
        "a planned end censors and an event on that very day counts",
        """
        id at          event     ends
        a  2020-01-05  ad        2020-01-10
        a  2020-01-10  purchase  -
        b  2020-01-05  ad        2020-01-10
        b  2020-01-11  purchase  -
        c  2020-01-05  ad        2020-02-20
        d  2020-01-05  ad        -
        e  2020-01-05  ad        2020-01-02
        """,
        PURCHASE | {"until": "ends"},
        """
        id start stop cause
        a  0     5    1
        b  0     5    0
        c  0     26   0
        d  0     26   0
        """,
        dropped={"planned end before the origin": 1},
    ),
    Case(
        "by timestamp a planned end that is a date includes its whole day",
        """
        id at                event     ends
        a  2020-01-05T12:00  ad        2020-01-10
        a  2020-01-10T18:00  purchase  -
        b  2020-01-05T12:00  ad        2020-01-10
        """,
        PURCHASE | {"until": "ends"},
        """
        id start stop cause
        a  0     5.25 1
        b  0     5.5  0
        """,
        file={"window": MOMENT},
    ),
    Case(
        "an event can end the spell of another",
        """
        id at          event
        a  2020-01-05  ad
        a  2020-01-08  refer
        a  2020-01-09  purchase
        b  2020-01-05  ad
        b  2020-01-08  refer
        b  2020-01-08  purchase
        c  2020-01-02  refer
        c  2020-01-05  ad
        c  2020-01-09  purchase
        """,
        PURCHASE | {"until": "refer"},
        """
        id start stop cause
        a  0     3    0
        b  0     3    1
        c  0     4    1
        """,
    ),
    Case(
        "a later origin row can end the spell",
        """
        id at          event
        a  2020-01-05  ad
        a  2020-01-08  ad
        a  2020-01-09  purchase
        """,
        PURCHASE | {"until": "ad"},
        """
        id start stop cause
        a  0     3    0
        """,
    ),
    Case(
        "an origin before the window is delayed entry",
        """
        id at          event
        a  2020-01-05  ad
        a  2020-01-15  purchase
        b  2020-01-05  ad
        c  2020-01-10  ad
        d  2020-01-12  ad
        """,
        PURCHASE,
        """
        id start stop cause
        a  5     10   1
        b  5     26   0
        c  0     21   0
        d  0     19   0
        """,
        notes={"delayed entry: the origin is before the window": 2},
        file={"window": OPEN},
    ),
    Case(
        "whoever ended before the window opened was never watched",
        """
        id at          event     ends
        a  2020-01-05  ad        -
        a  2020-01-08  purchase  -
        b  2020-01-05  ad        -
        b  2020-01-10  purchase  -
        c  2020-01-05  ad        2020-01-09
        d  2020-01-05  ad        -
        """,
        PURCHASE | {"until": "ends"},
        """
        id start stop cause
        d  5     26   0
        """,
        dropped={
            "ended before the window opened": 2,
            "ended at the instant the window opened": 1,
        },
        notes={"delayed entry: the origin is before the window": 1},
        file={"window": OPEN},
    ),
    Case(
        "events after the cutoff are not seen",
        """
        id at                event
        a  2020-01-05        ad
        a  2020-02-01        purchase
        b  2020-01-05        ad
        b  2020-01-31T23:59  purchase
        c  2020-02-01        ad
        """,
        PURCHASE,
        """
        id start stop cause
        a  0     26   0
        b  0     26   1
        """,
    ),
    Case(
        "covariates are those of the row that starts the clock",
        """
        id at                event     channel
        a  2020-01-05T08:00  ad        mail
        a  2020-01-05T09:00  ad        web
        a  2020-01-09        purchase  shop
        b  2020-01-05        ad        -
        c  2020-01-06        ad        web
        c  2020-01-06        ad        mail
        """,
        PURCHASE | {"by": "channel"},
        """
        id start stop cause channel
        a  0     4    1     mail
        b  0     26   0     -
        c  0     25   0     mail
        """,
    ),
    Case(
        "of two origin rows at one instant a whole row is taken",
        """
        id at          event     channel  content
        a  2020-01-05  ad        web      blue
        a  2020-01-05  ad        mail     red
        """,
        PURCHASE | {"by": ("channel", "content")},
        """
        id start stop cause channel content
        a  0     26   0     mail    red
        """,
    ),
    Case(
        "attributes join by id and whoever has none is noted",
        """
        id at          event
        1  2020-01-05  ad
        2  2020-01-05  ad
        """,
        PURCHASE | {"by": ["age"]},
        """
        id start stop cause age
        1  0     26   0     18-24
        2  0     26   0     -
        """,
        notes={"no attributes known": 1},
        customers="""
        id age    city
        1  18-24  ghent
        3  25-34  paris
        """,
    ),
    Case(
        "the unit is that of the journey",
        """
        id at          event
        a  2020-01-05  ad
        a  2020-01-08  purchase
        """,
        PURCHASE,
        """
        id start stop cause
        a  0     72   1
        """,
        file={"unit": "hours"},
    ),
    Case(
        "weeks may be fractions",
        """
        id at          event
        a  2020-01-05  ad
        a  2020-01-08  purchase
        """,
        PURCHASE,
        """
        id start stop         cause
        a  0     0.4285714286 1
        """,
        file={"unit": "weeks"},
    ),
    Case(
        "moments with an offset become days of the window's time zone",
        """
        id at                      event
        a  2020-01-05T23:30+00:00  ad
        a  2020-01-08T23:30-05:00  purchase
        """,
        PURCHASE,
        """
        id start stop cause
        a  0     3    1
        """,
        file={"window": {"cutoff": "@2020-01-31", "timezone": "Europe/Amsterdam"}},
    ),
    Case(
        "moments without an offset are read in the window's time zone",
        """
        id at                event
        a  2020-01-05T23:30  ad
        a  2020-01-08T00:30  purchase
        """,
        PURCHASE,
        """
        id start stop cause
        a  0     3    1
        """,
        file={"window": {"cutoff": "@2020-01-31", "timezone": "America/New_York"}},
    ),
    Case(
        "an hour stays an hour through the change to summer time",
        """
        id at                event
        a  2020-03-29T00:00  ad
        a  2020-03-30T00:00  purchase
        b  2020-03-28T00:00  ad
        """,
        PURCHASE,
        """
        id start stop cause
        a  0     23   1
        b  0     95   0
        """,
        file={
            "unit": "hours",
            "window": {
                "cutoff": "@2020-03-31",
                "resolution": "timestamp",
                "timezone": "Europe/Amsterdam",
            },
        },
    ),
]

TEN = {"inactivity_days": 10, "activity": ["purchase"]}

CHURN = [
    Case(
        "a gap must be strictly longer and a final silence at least as long",
        """
        id at          event
        a  2020-01-01  purchase
        a  2020-01-11  purchase
        a  2020-01-21  purchase
        b  2020-01-01  purchase
        b  2020-01-12  purchase
        b  2020-01-30  purchase
        c  2020-01-22  purchase
        """,
        {},
        """
        id start stop cause
        a  0     30   1
        b  0     10   1
        c  0     9    0
        """,
        notes={"came back after that silence, churned all the same": 1},
        file={"churn": TEN},
    ),
    Case(
        "a single activity is churn after the silence",
        """
        id at          event
        a  2020-01-01  purchase
        b  2020-01-21  purchase
        d  2020-01-31  purchase
        """,
        {},
        """
        id start stop cause
        a  0     10   1
        b  0     10   1
        d  0     0    0
        """,
        notes={"zero duration, at risk at 0": 1},
        file={"churn": TEN},
    ),
    Case(
        "only activity breaks the silence",
        """
        id at          event
        a  2020-01-01  purchase
        a  2020-01-05  ad
        a  2020-01-13  purchase
        b  2020-01-05  ad
        """,
        {},
        """
        id start stop cause
        a  0     10   1
        """,
        dropped={"no origin event": 1},
        notes={"came back after that silence, churned all the same": 1},
        file={"churn": TEN},
    ),
    Case(
        "without activity named any event of a stage is activity",
        """
        id at          event
        a  2020-01-01  purchase
        a  2020-01-08  ad
        a  2020-01-13  purchase
        a  2020-01-15  visit
        """,
        {},
        """
        id start stop cause
        a  0     22   1
        """,
        file={"churn": {"inactivity_days": 10}},
    ),
    Case(
        "the call's number of days wins",
        """
        id at          event
        a  2020-01-01  purchase
        a  2020-01-13  purchase
        """,
        {"inactivity_days": 12},
        """
        id start stop cause
        a  0     24   1
        """,
        file={"churn": TEN},
    ),
    Case(
        "activity before the window is delayed entry and churn before it is left out",
        """
        id at          event
        a  2020-01-05  purchase
        a  2020-01-12  purchase
        b  2019-12-25  purchase
        b  2020-01-12  purchase
        c  2019-12-31  purchase
        d  2020-01-12  purchase
        """,
        {},
        """
        id start stop cause
        a  5     17   1
        d  0     10   1
        """,
        dropped={
            "ended before the window opened": 1,
            "ended at the instant the window opened": 1,
        },
        notes={"delayed entry: the origin is before the window": 1},
        file={"churn": TEN, "window": OPEN},
    ),
    Case(
        "days are days whatever the unit and the resolution",
        """
        id at                event
        a  2020-01-01T00:00  purchase
        a  2020-01-08T12:00  purchase
        b  2020-01-01T00:00  purchase
        b  2020-01-08T12:00:01  purchase
        """,
        {"inactivity_days": 7.5},
        """
        id start stop         cause
        a  0     2.142857143  1
        b  0     1.071428571  1
        """,
        notes={"came back after that silence, churned all the same": 1},
        file={"churn": TEN, "window": MOMENT, "unit": "weeks"},
    ),
    Case(
        "an event can say that the customer left",
        """
        id at          event
        a  2020-01-01  purchase
        a  2020-01-20  cancelled
        a  2020-01-25  purchase
        b  2020-01-01  purchase
        c  2020-01-01  cancelled
        c  2020-01-05  purchase
        d  2020-01-01  cancelled
        """,
        {},
        """
        id start stop cause
        a  0     19   1
        b  0     30   0
        """,
        dropped={"no origin event": 1, "event before the origin": 1},
        file={"churn": {"end_event": "cancelled", "activity": ["purchase"]}},
    ),
    Case(
        "the event that ends is no activity itself",
        """
        id at          event
        a  2020-01-01  purchase
        a  2020-01-20  refer
        b  2020-01-20  refer
        """,
        {},
        """
        id start stop cause
        a  0     19   1
        """,
        dropped={"no origin event": 1},
        file={"churn": {"end_event": "refer"}},
    ),
    Case(
        "a number of days wins over the journey's end event",
        """
        id at          event
        a  2020-01-01  purchase
        a  2020-01-20  cancelled
        """,
        {"inactivity_days": 5},
        """
        id start stop cause
        a  0     5    1
        """,
        file={"churn": {"end_event": "cancelled", "activity": ["purchase"]}},
    ),
    Case(
        "covariates are those of the first activity",
        """
        id at          event     channel
        a  2020-01-01  ad        web
        a  2020-01-02  purchase  shop
        a  2020-01-05  purchase  mail
        """,
        {"by": "channel"},
        """
        id start stop cause channel
        a  0     13   1     shop
        """,
        file={"churn": TEN},
    ),
]
