"""Competing exits, repeats, stages and exposures as literal tables, each derived by hand."""

from __future__ import annotations

from cases import MOMENT, OPEN, Case

TWO = {"origin": "ad", "causes": {"bought": "purchase", "left": "cancelled"}}
TIED = "two causes at one instant: the first named wins"
ZERO = "zero duration, at risk at 0"
DELAYED = "delayed entry: the origin is before the window"

EXITS = [
    Case(
        "the first of the causes ends the spell and nobody's is ended twice",
        """
        id at          event
        a  2020-01-05  ad
        a  2020-01-08  purchase
        a  2020-01-09  cancelled
        b  2020-01-05  ad
        b  2020-01-07  cancelled
        b  2020-01-08  purchase
        c  2020-01-05  ad
        d  2020-01-05  purchase
        """,
        TWO,
        """
        id start stop cause
        a  0     3    1
        b  0     2    2
        c  0     26   0
        """,
        dropped={"no origin event": 1},
    ),
    Case(
        "of causes at one instant the first named wins",
        """
        id at                event
        a  2020-01-05        ad
        a  2020-01-08T09:00  cancelled
        a  2020-01-08T10:00  purchase
        """,
        TWO,
        """
        id start stop cause
        a  0     3    1
        """,
        notes={TIED: 1},
    ),
    Case(
        "whichever it is",
        """
        id at                event
        a  2020-01-05        ad
        a  2020-01-08T09:00  cancelled
        a  2020-01-08T10:00  purchase
        """,
        {"origin": "ad", "causes": {"left": "cancelled", "bought": "purchase"}},
        """
        id start stop cause
        a  0     3    1
        """,
        notes={TIED: 1},
    ),
    Case(
        "by timestamp they are no tie",
        """
        id at                event
        a  2020-01-05        ad
        a  2020-01-08T09:00  cancelled
        a  2020-01-08T10:00  purchase
        """,
        TWO,
        """
        id start stop  cause
        a  0     3.375 2
        """,
        file={"window": MOMENT},
    ),
    Case(
        "a tie after the planned end is none",
        """
        id at          event
        a  2020-01-05  ad
        a  2020-01-07  refer
        a  2020-01-08  purchase
        a  2020-01-08  cancelled
        """,
        TWO | {"until": "refer"},
        """
        id start stop cause
        a  0     2    0
        """,
    ),
    Case(
        "whoever had any of the causes before the origin is not at risk",
        """
        id at          event
        a  2020-01-04  cancelled
        a  2020-01-05  ad
        a  2020-01-08  purchase
        b  2020-01-05  ad
        """,
        TWO,
        """
        id start stop cause
        b  0     26   0
        """,
        dropped={"event before the origin": 1},
    ),
    Case(
        "prior=ignore looks from the origin's instant on and prior=after strictly later",
        """
        id at          event
        a  2020-01-04  cancelled
        a  2020-01-05  ad
        a  2020-01-05  cancelled
        a  2020-01-08  purchase
        """,
        TWO | {"prior": "ignore"},
        """
        id start stop cause
        a  0     0    2
        """,
        notes={ZERO: 1},
    ),
    Case(
        "strictly later",
        """
        id at          event
        a  2020-01-04  cancelled
        a  2020-01-05  ad
        a  2020-01-05  cancelled
        a  2020-01-08  purchase
        """,
        TWO | {"prior": "after"},
        """
        id start stop cause
        a  0     3    1
        """,
    ),
    Case(
        "a cause that is the origin's own event means its next occurrence",
        """
        id at                event
        a  2020-01-05T09:00  purchase
        a  2020-01-05T11:00  purchase
        a  2020-01-08        purchase
        b  2020-01-05        purchase
        b  2020-01-06        cancelled
        c  2020-01-05        purchase
        """,
        {"origin": "purchase", "causes": {"again": "purchase", "left": "cancelled"}},
        """
        id start stop cause
        a  0     3    1
        b  0     1    2
        c  0     26   0
        """,
    ),
    Case(
        "first contact is of a stage that is no cause",
        """
        id at          event
        a  2020-01-03  refer
        a  2020-01-05  mail
        a  2020-01-08  purchase
        b  2020-01-05  ad
        b  2020-01-06  refer
        """,
        {"causes": {"bought": "purchase", "told": "loyalty"}},
        """
        id start stop cause
        b  0     1    2
        """,
        dropped={"event before the origin": 1},
    ),
    Case(
        "several events can be one cause and a list names causes by their events",
        """
        id at          event
        a  2020-01-05  ad
        a  2020-01-08  refer
        b  2020-01-05  ad
        b  2020-01-09  cancelled
        """,
        {"origin": "ad", "causes": {"good": ["purchase", "refer"], "left": "cancelled"}},
        """
        id start stop cause
        a  0     3    1
        b  0     4    2
        """,
    ),
    Case(
        "silence counts from the origin, a gap strictly longer, a final one as long",
        """
        id at          event
        a  2020-01-05  ad
        a  2020-01-15  mail
        a  2020-01-25  purchase
        b  2020-01-05  ad
        b  2020-01-16  mail
        b  2020-01-17  purchase
        c  2020-01-05  ad
        c  2020-01-21  mail
        d  2020-01-21  ad
        e  2020-01-22  ad
        """,
        {"origin": "ad", "causes": {"bought": "purchase", "lost": 10}},
        """
        id start stop cause
        a  0     20   1
        b  0     10   2
        c  0     10   2
        d  0     10   2
        e  0     9    0
        """,
    ),
    Case(
        "the other causes break a silence and what came before the origin does not matter",
        """
        id at          event
        a  2020-01-01  mail
        a  2020-01-12  ad
        a  2020-01-22  cancelled
        b  2020-01-05  ad
        b  2020-01-14  visit
        b  2020-01-16  cancelled
        """,
        {"origin": "ad", "causes": {"lost": 10, "left": "cancelled"}},
        """
        id start stop cause
        a  0     10   2
        b  0     10   1
        """,
    ),
    Case(
        "an exit before the window opened was never watched",
        """
        id at          event
        a  2019-12-25  ad
        a  2020-01-08  cancelled
        b  2019-12-25  ad
        b  2020-01-12  purchase
        c  2020-01-08  ad
        c  2020-01-10  purchase
        """,
        TWO,
        """
        id start stop cause
        b  16    18   1
        """,
        dropped={
            "ended before the window opened": 1,
            "ended at the instant the window opened": 1,
        },
        notes={DELAYED: 1},
        file={"window": OPEN},
    ),
    Case(
        "episodes each have their own exit",
        """
        id at          event      campaign
        a  2020-01-05  ad         x
        a  2020-01-06  ad         y
        a  2020-01-08  purchase   x
        a  2020-01-09  cancelled  y
        a  2020-01-10  cancelled  -
        """,
        TWO | {"per": "campaign"},
        """
        id campaign start stop cause
        a  x        0     3    1
        a  y        0     3    2
        """,
    ),
]

AGAIN = "purchase events at one instant with another, merged"
EMPTY = "last rows without length (an event at the end), left out"

REPEATS = [
    Case(
        "each event ends a row and the last row is censored at the cutoff",
        """
        id at          event
        a  2020-01-05  purchase
        a  2020-01-08  purchase
        a  2020-01-20  purchase
        b  2020-01-05  purchase
        b  2020-01-06  ad
        c  2020-01-05  ad
        """,
        {"event": "purchase"},
        """
        id start stop cause enum
        a  0     3    1     1
        a  3     15   1     2
        a  15    26   0     3
        b  0     26   0     1
        """,
        dropped={"no origin event": 1},
    ),
    Case(
        "events at one instant are one",
        """
        id at                event
        a  2020-01-05T09:00  purchase
        a  2020-01-05T10:00  purchase
        a  2020-01-08T09:00  purchase
        a  2020-01-08T10:00  purchase
        a  2020-01-08T11:00  purchase
        """,
        {"event": "purchase"},
        """
        id start stop cause enum
        a  0     3    1     1
        a  3     26   0     2
        """,
        notes={AGAIN: 2},
    ),
    Case(
        "nobody is at risk after an event at the cutoff",
        """
        id at          event
        a  2020-01-05  purchase
        a  2020-01-31  purchase
        b  2020-01-31  purchase
        """,
        {"event": "purchase"},
        """
        id start stop cause enum
        a  0     26   1     1
        b  0     0    0     1
        """,
        notes={EMPTY: 1, ZERO: 1},
    ),
    Case(
        "another origin, and an event at its very instant",
        """
        id at                event
        a  2020-01-03        purchase
        a  2020-01-05T10:00  ad
        a  2020-01-05T09:00  purchase
        a  2020-01-08        purchase
        b  2020-01-05        ad
        b  2020-01-06        purchase
        """,
        {"event": "purchase", "origin": "ad"},
        """
        id start stop cause enum
        a  0     0    1     1
        a  0     3    1     2
        a  3     26   0     3
        b  0     1    1     1
        b  1     26   0     2
        """,
        notes={"purchase events before the origin: history, not counted": 1},
    ),
    Case(
        "what happened before the window is history and only numbers what follows",
        """
        id at          event
        a  2020-01-01  purchase
        a  2020-01-05  purchase
        a  2020-01-10  purchase
        a  2020-01-14  purchase
        b  2020-01-01  purchase
        c  2020-01-12  purchase
        c  2020-01-14  purchase
        """,
        {"event": "purchase"},
        """
        id start stop cause enum
        a  9     13   1     3
        a  13    30   0     4
        b  9     30   0     1
        c  0     2    1     1
        c  2     19   0     2
        """,
        notes={DELAYED: 2},
        file={"window": OPEN},
    ),
    Case(
        "follow-up may end before the cutoff and an event at that instant counts",
        """
        id at          event      ends
        a  2020-01-05  purchase   -
        a  2020-01-08  purchase   -
        a  2020-01-08  cancelled  -
        a  2020-01-12  purchase   -
        b  2020-01-05  purchase   -
        b  2020-01-08  cancelled  -
        """,
        {"event": "purchase", "until": "cancelled"},
        """
        id start stop cause enum
        a  0     3    1     1
        b  0     3    0     1
        """,
        notes={EMPTY: 1},
    ),
    Case(
        "covariates of the origin are the same in every row",
        """
        id at          event     channel
        a  2020-01-05  purchase  web
        a  2020-01-08  purchase  shop
        """,
        {"event": "purchase", "by": ["channel", "origin_week"]},
        """
        id start stop cause enum channel origin_week
        a  0     3    1     1    web     2019-12-30
        a  3     26   0     2    web     2019-12-30
        """,
    ),
    Case(
        "by timestamp intervals are exact",
        """
        id at                event
        a  2020-01-05T12:00  purchase
        a  2020-01-05T18:00  purchase
        """,
        {"event": "purchase"},
        """
        id start stop  cause enum
        a  0     0.25  1     1
        a  0.25  26.5  0     2
        """,
        file={"window": MOMENT},
    ),
]

PASSED = "stages passed at the instant of another, without a row"
TWO_ENDS = "two ends at one instant: the first named wins"
SOLD = {"terminal": "purchase"}
FUNNEL = {
    "stages": {
        "aware": ["ad", "mail"],
        "look": ["visit"],
        "basket": ["basket"],
        "sold": ["purchase"],
    }
}

STAGES = [
    Case(
        "one row for each stage occupied, and the last one is censored",
        """
        id at          event
        a  2020-01-05  ad
        a  2020-01-08  visit
        a  2020-01-20  purchase
        b  2020-01-06  visit
        c  2020-01-06  other
        """,
        {},
        """
        id start stop cause stage
        a  0     3    2     aware
        a  3     15   4     look
        a  15    26   0     sold
        b  0     25   0     look
        """,
        dropped={"no origin event": 1},
        file=FUNNEL,
    ),
    Case(
        "nobody leaves a terminal stage",
        """
        id at          event
        a  2020-01-05  ad
        a  2020-01-20  purchase
        a  2020-01-22  visit
        a  2020-01-25  purchase
        b  2020-01-05  purchase
        b  2020-01-08  ad
        c  2020-01-05  purchase
        """,
        {"terminal": "sold"},
        """
        id start stop cause stage
        a  0     15   4     aware
        """,
        dropped={"event before the origin": 1, "no origin event": 1},
        file=FUNNEL,
    ),
    Case(
        "forward movement ignores whoever comes back",
        """
        id at          event
        a  2020-01-05  ad
        a  2020-01-07  basket
        a  2020-01-09  visit
        a  2020-01-11  mail
        a  2020-01-13  basket
        a  2020-01-15  purchase
        """,
        {"terminal": "sold"},
        """
        id start stop cause stage
        a  0     2    3     aware
        a  2     10   4     basket
        """,
        file=FUNNEL,
    ),
    Case(
        "free movement goes back and forth",
        """
        id at          event
        a  2020-01-05  ad
        a  2020-01-07  basket
        a  2020-01-09  visit
        a  2020-01-10  visit
        a  2020-01-11  mail
        a  2020-01-15  purchase
        """,
        {"terminal": "sold", "movement": "free"},
        """
        id start stop cause stage
        a  0     2    3     aware
        a  2     4    2     basket
        a  4     6    1     look
        a  6     10   4     aware
        """,
        file=FUNNEL,
    ),
    Case(
        "of stages entered at one instant the latest counts",
        """
        id at                event
        a  2020-01-05T12:00  ad
        a  2020-01-05T11:00  visit
        a  2020-01-08T12:00  purchase
        a  2020-01-08T10:00  basket
        b  2020-01-05        ad
        b  2020-01-05        mail
        """,
        {},
        """
        id start stop cause stage
        a  0     3    4     look
        a  3     26   0     sold
        b  0     26   0     aware
        """,
        notes={PASSED: 2},
        file=FUNNEL,
    ),
    Case(
        "an end comes before a move at that instant",
        """
        id at          event
        a  2020-01-05  ad
        a  2020-01-08  purchase
        a  2020-01-08  basket
        b  2020-01-05  ad
        b  2020-01-05  purchase
        """,
        {"terminal": ["sold"]},
        """
        id start stop cause stage
        a  0     3    4     aware
        b  0     0    4     aware
        """,
        notes={ZERO: 1},
        file=FUNNEL,
    ),
    Case(
        "customers are lost from any stage, and for good",
        """
        id at          event
        a  2020-01-05  ad
        a  2020-01-08  visit
        a  2020-01-12  cancelled
        a  2020-01-14  basket
        b  2020-01-05  cancelled
        b  2020-01-06  ad
        c  2020-01-05  ad
        c  2020-01-08  cancelled
        c  2020-01-08  purchase
        """,
        {"terminal": "sold", "lost": "cancelled"},
        """
        id start stop cause stage
        a  0     3    2     aware
        a  3     7    5     look
        c  0     3    4     aware
        """,
        dropped={"event before the origin": 1},
        notes={TWO_ENDS: 1},
        file=FUNNEL,
    ),
    Case(
        "silence loses them too",
        """
        id at          event
        a  2020-01-05  ad
        a  2020-01-08  visit
        b  2020-01-05  ad
        b  2020-01-15  visit
        b  2020-01-24  purchase
        c  2020-01-24  ad
        """,
        {"terminal": "sold", "lost": 10},
        """
        id start stop cause stage
        a  0     3    2     aware
        a  3     13   5     look
        b  0     10   2     aware
        b  10    19   4     look
        c  0     7    0     aware
        """,
        file=FUNNEL,
    ),
    Case(
        "who is in a stage when the window opens enters late",
        """
        id at          event
        a  2019-12-31  ad
        a  2020-01-05  visit
        a  2020-01-20  basket
        b  2020-01-05  ad
        b  2020-01-10  visit
        c  2020-01-05  ad
        c  2020-01-08  purchase
        """,
        {"terminal": "sold"},
        """
        id start stop cause stage
        a  10    20   3     look
        a  20    31   0     basket
        b  5     26   0     look
        """,
        dropped={"ended before the window opened": 1},
        notes={DELAYED: 2},
        file=FUNNEL | {"window": OPEN},
    ),
    Case(
        "a move at the cutoff is seen and its stay has no length",
        """
        id at          event
        a  2020-01-05  ad
        a  2020-01-31  visit
        b  2020-01-31  ad
        """,
        {},
        """
        id start stop cause stage
        a  0     26   2     aware
        b  0     0    0     aware
        """,
        notes={ZERO: 1},
        file=FUNNEL,
    ),
    Case(
        "nothing is seen after until, a move at its instant counts and a later one does not",
        """
        id at          event
        a  2020-01-05  ad
        a  2020-01-08  visit
        a  2020-01-12  opted_out
        a  2020-01-14  basket
        b  2020-01-05  ad
        b  2020-01-09  opted_out
        b  2020-01-09  basket
        c  2020-01-04  opted_out
        c  2020-01-05  ad
        c  2020-01-07  purchase
        d  2020-01-05  ad
        d  2020-01-05  opted_out
        e  2020-01-05  ad
        """,
        {"until": "opted_out"},
        """
        id start stop cause stage
        a  0     3    2     aware
        a  3     7    0     look
        b  0     4    3     aware
        c  0     2    4     aware
        c  2     26   0     sold
        d  0     0    0     aware
        e  0     26   0     aware
        """,
        notes={ZERO: 1},
        file=FUNNEL,
    ),
    Case(
        "an end at the instant of until counts and one after it was not seen",
        """
        id at          event
        a  2020-01-05  ad
        a  2020-01-08  opted_out
        a  2020-01-08  purchase
        b  2020-01-05  ad
        b  2020-01-08  opted_out
        b  2020-01-10  purchase
        c  2020-01-05  ad
        c  2020-01-15  visit
        c  2020-01-16  opted_out
        d  2020-01-05  ad
        d  2020-01-14  opted_out
        """,
        {"terminal": "sold", "lost": 10, "until": "opted_out"},
        """
        id start stop cause stage
        a  0     3    4     aware
        b  0     3    0     aware
        c  0     10   2     aware
        c  10    11   0     look
        d  0     9    0     aware
        """,
        file=FUNNEL,
    ),
    Case(
        "who was out of sight before the window opened was never watched",
        """
        id at          event
        a  2020-01-02  ad
        a  2020-01-08  opted_out
        a  2020-01-12  visit
        b  2020-01-02  ad
        b  2020-01-20  opted_out
        b  2020-01-25  visit
        """,
        {"until": "opted_out"},
        """
        id start stop cause stage
        b  8     18   0     aware
        """,
        dropped={"ended before the window opened": 1},
        notes={DELAYED: 1},
        file=FUNNEL | {"window": OPEN},
    ),
    Case(
        "covariates are those of the origin",
        """
        id at          event  channel
        a  2020-01-05  ad     web
        a  2020-01-08  visit  app
        """,
        {"by": ["channel", "origin_month"]},
        """
        id start stop cause stage channel origin_month
        a  0     3    2     aware web     2020-01
        a  3     26   0     look  web     2020-01
        """,
        file=FUNNEL,
    ),
]

LATE = "new at the very instant of an event, counts only after"

# each asks time_to(purchase, origin=ad), and then for the exposure
EXPOSURES = [
    Case(
        "a row is split where the exposure becomes known",
        """
        id at          event
        a  2020-01-05  ad
        a  2020-01-08  help
        a  2020-01-10  help
        a  2020-01-15  purchase
        b  2020-01-05  ad
        b  2020-01-15  purchase
        c  2020-01-05  ad
        """,
        {"event": "help"},
        """
        id start stop cause help
        a  0     3    0     0
        a  3     10   1     1
        b  0     10   1     0
        c  0     26   0     0
        """,
        notes={"help: known before the end": 1},
    ),
    Case(
        "what happens at the very instant of the outcome explains nothing",
        """
        id at                event
        a  2020-01-05        ad
        a  2020-01-15T08:00  help
        a  2020-01-15T09:00  purchase
        b  2020-01-05        ad
        b  2020-01-16        help
        b  2020-01-15        purchase
        c  2020-01-05        ad
        c  2020-01-31        help
        """,
        {"event": "help"},
        """
        id start stop cause help
        a  0     10   1     0
        b  0     10   1     0
        c  0     26   0     0
        """,
        notes={"help: new at the very instant of an event, counts only after": 1},
    ),
    Case(
        "by timestamp an hour before is before",
        """
        id at                event
        a  2020-01-05        ad
        a  2020-01-15T06:00  help
        a  2020-01-15T12:00  purchase
        """,
        {"event": "help"},
        """
        id start stop  cause help
        a  0     10.25 0     0
        a  10.25 10.5  1     1
        """,
        notes={"help: known before the end": 1},
        file={"window": MOMENT},
    ),
    Case(
        "history counts from the start, the origin's own instant too",
        """
        id at          event
        a  2020-01-01  help
        a  2020-01-05  ad
        a  2020-01-15  purchase
        b  2020-01-05  help
        b  2020-01-05  ad
        b  2020-01-15  purchase
        c  2020-01-04  help
        c  2020-01-05  ad
        c  2020-01-05  help
        c  2020-01-05  purchase
        d  2020-01-05  ad
        d  2020-01-05  help
        d  2020-01-05  purchase
        """,
        {"event": "help", "value": "count"},
        """
        id start stop cause n_help
        a  0     10   1     1
        b  0     10   1     1
        c  0     0    1     1
        d  0     0    1     0
        """,
        notes={"n_help: known before the end": 3},
    ),
    Case(
        "how many so far",
        """
        id at                event
        a  2020-01-05        ad
        a  2020-01-08T08:00  help
        a  2020-01-08T09:00  help
        a  2020-01-10        help
        a  2020-01-15        purchase
        a  2020-01-16        help
        """,
        {"event": "help", "value": "count", "name": "calls"},
        """
        id start stop cause calls
        a  0     3    0     0
        a  3     5    0     2
        a  5     10   1     3
        """,
        notes={"calls: known before the end": 1},
    ),
    Case(
        "the latest score, averaged within an instant, missing before the first",
        """
        id at                event     score
        a  2020-01-05        ad        -
        a  2020-01-08T08:00  survey    4
        a  2020-01-08T09:00  survey    7
        a  2020-01-09        survey    -
        a  2020-01-10        survey    9
        a  2020-01-15        purchase  1
        b  2020-01-05        ad        -
        """,
        {"event": "survey", "value": "score"},
        """
        id start stop cause score
        a  0     3    0     -
        a  3     5    0     5.5
        a  5     10   1     9
        b  0     26   0     -
        """,
        notes={"score: known before the end": 1},
    ),
    Case(
        "or a value of its own before the first; text is taken as it is",
        """
        id at          event  content
        a  2020-01-05  ad     x
        a  2020-01-08  mail   red
        a  2020-01-08  mail   blue
        a  2020-01-20  mail   red
        """,
        {"event": "mail", "value": "content", "name": "seen", "initial": "none"},
        """
        id start stop cause seen
        a  0     3    0     none
        a  3     15   0     blue
        a  15    26   0     red
        """,
        notes={"seen: known before the end": 1},
    ),
    Case(
        "how long ago, in steps",
        """
        id at          event
        a  2020-01-01  help
        a  2020-01-05  ad
        a  2020-01-10  help
        a  2020-01-12  help
        b  2020-01-05  ad
        """,
        {"event": "help", "value": "since", "steps": [3, 10]},
        """
        id start stop cause since_help
        a  0     5    0     3~to~10
        a  5     7    0     up~to~3
        a  7     10   0     up~to~3
        a  10    17   0     3~to~10
        a  17    26   0     over~10
        b  0     26   0     never
        """,
        notes={"since_help: known before the end": 1},
    ),
    Case(
        "whoever enters late knows what was known by then",
        """
        id at          event
        a  2020-01-05  ad
        a  2020-01-07  help
        a  2020-01-10  help
        a  2020-01-12  help
        b  2020-01-05  ad
        b  2020-01-07  help
        b  2020-01-09  purchase
        """,
        {"event": "help", "value": "count"},
        """
        id start stop cause n_help
        a  5     7    0     2
        a  7     26   0     3
        """,
        dropped={"ended before the window opened": 1},
        notes={DELAYED: 1, "n_help: known before the end": 1},
        file={"window": OPEN},
    ),
    Case(
        "fixed at the origin it is what was known then",
        """
        id at          event
        a  2020-01-01  help
        a  2020-01-05  ad
        a  2020-01-08  help
        b  2020-01-05  ad
        b  2020-01-08  help
        """,
        {"event": "help", "value": "count", "known": "origin"},
        """
        id start stop cause n_help
        a  0     26   0     1
        b  0     26   0     0
        """,
    ),
    Case(
        "at the origin its own instant counts, whether or not the spell ends there",
        """
        id at                event     content
        a  2020-01-05        ad        x
        a  2020-01-05        help      early
        a  2020-01-15        purchase  -
        b  2020-01-05        ad        x
        b  2020-01-05        help      early
        b  2020-01-05        purchase  -
        c  2020-01-04        help      old
        c  2020-01-05        ad        x
        c  2020-01-05        purchase  -
        d  2020-01-04        help      old
        d  2020-01-05        help      new
        d  2020-01-05        ad        x
        d  2020-01-05        purchase  -
        e  2020-01-05        ad        x
        e  2020-01-05        purchase  -
        f  2020-01-31        ad        x
        f  2020-01-31        help      last
        """,
        {"event": "help", "value": "content", "known": "origin", "name": "asked"},
        """
        id start stop cause asked
        a  0     10   1     early
        b  0     0    1     early
        c  0     0    1     old
        d  0     0    1     new
        e  0     0    1     -
        f  0     0    0     last
        """,
    ),
    Case(
        "whether it had happened by the origin, its own instant included",
        """
        id at          event
        a  2020-01-05  ad
        a  2020-01-05  help
        a  2020-01-15  purchase
        b  2020-01-05  ad
        b  2020-01-05  help
        b  2020-01-05  purchase
        c  2020-01-05  ad
        c  2020-01-05  purchase
        c  2020-01-06  help
        """,
        {"event": "help", "known": "origin"},
        """
        id start stop cause help
        a  0     10   1     1
        b  0     0    1     1
        c  0     0    1     0
        """,
    ),
    Case(
        "but what ended a spell at its origin is no fact about it",
        """
        id at          event     content
        a  2020-01-05  ad        x
        a  2020-01-05  purchase  card
        b  2020-01-05  ad        x
        b  2020-01-15  purchase  bill
        c  2020-01-04  purchase  cash
        c  2020-01-05  ad        x
        c  2020-01-05  purchase  card
        """,
        {"event": "purchase", "value": "content", "known": "origin", "name": "paid"},
        """
        id start stop cause paid
        a  0     0    1     -
        b  0     10   1     -
        """,
        dropped={"event before the origin": 1},
    ),
]
