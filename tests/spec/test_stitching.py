"""Several tables, one customer: feeds, constants, identities, attributes as of the origin."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pandas as pd
import pytest
from logs import as_table, expected_table, open_rows
from tables import day_rows, open_tables

import journeylib as jl
from journeylib.errors import DataError, JourneyFileError

OMNI = """
    name = "Omni-channel"
    [[sources]]
    name = "web"
    path = "web.csv"
    columns = { id = "user", anonymous = "visitor", at = "at", event = "event", channel = "medium" }
    [[sources]]
    name = "store"
    path = "store.csv"
    columns = { id = "card", at = "day", value = "paid" }
    constants = { event = "purchase", channel = "store" }
    [identities]
    path = "pairs.csv"
    anonymous = "visitor"
    customer = "customer"
    [stages]
    awareness = ["ad"]
    purchase = ["purchase"]
    [window]
    cutoff = 2020-01-31
    """
WEB = """
    visitor user at          event  medium
    v1      -    2020-01-02  ad     search
    v1      7    2020-01-03  visit  search
    v2      -    2020-01-02  ad     social
    v3      -    2020-01-02  ad     mail
    -       -    2020-01-02  ad     mail
    """
STORE = """
    card  day         paid
    7     2020-01-05  9.5
    8     2020-01-06  1
    """
PAIRS = """
    visitor customer
    v1      7
    v1      7
    v2      7
    v2      8
    """


def test_an_omni_channel_journey_is_one_log(tmp_path: Path) -> None:
    log = open_tables(tmp_path, OMNI, web=WEB, store=STORE, pairs=PAIRS)
    columns, rows = expected_table(
        """
        id  at          event     channel  value  feed
        7   2020-01-02  ad        search   -      web
        7   2020-01-03  visit     search   -      web
        v2  2020-01-02  ad        social   -      web
        v3  2020-01-02  ad        mail     -      web
        7   2020-01-05  purchase  store    9.5    store
        8   2020-01-06  purchase  store    1      store
        """
    )
    assert as_table(day_rows(log), columns) == rows
    assert log.audit.came_in == 7 and log.audit.dropped["missing id"] == 1
    assert log.audit.notes == {
        "stitched from an anonymous id to a customer": 1,
        "under an anonymous id of several customers, kept under their own id": 1,
        "under an id that the identities do not know": 1,
    }


def test_the_first_touch_before_the_login_starts_the_clock(tmp_path: Path) -> None:
    log = open_tables(tmp_path, OMNI, web=WEB, store=STORE, pairs=PAIRS)
    spells = jl.time_to(log, "purchase", by="channel").frame
    columns, rows = expected_table(
        """
        id  start  stop  cause  channel
        7   0      3     1      search
        v2  0      29    0      social
        v3  0      29    0      mail
        """
    )
    assert as_table(spells, columns) == rows


LOGIN = """
    name = "Logins"
    [source]
    path = "web.csv"
    [columns]
    id = "user"
    anonymous = "visitor"
    at = "at"
    event = "event"
    [identities]
    login = { event = "login", anonymous = "visitor", customer = "user" }
    [window]
    cutoff = 2020-01-31
    """
LOGINS = """
    visitor user at          event
    v1      -    2020-01-02  ad
    v1      c1   2020-01-03  login
    v2      -    2020-01-02  ad
    v2      c2   2020-02-01  login
    v3      -    2020-01-02  ad
    v3      c3   2020-01-04  visit
    v4      -    2020-01-02  ad
    v4      c4   2020-01-04  login
    v4      c5   2020-01-05  login
    """


def ids(log: jl.EventLog) -> str:
    frame = day_rows(log)
    ads = frame[frame["event"] == "ad"].sort_values("anonymous")
    return " ".join(ads["id"])


def test_a_login_tells_who_a_visitor_was(tmp_path: Path) -> None:
    """v2 logs in after the cutoff, v3 never logs in, v4 is a device that two people share."""
    log = open_tables(tmp_path, LOGIN, web=LOGINS)
    assert ids(log) == "c1 v2 v3 v4"
    later = jl.open_log(jl.read_journey(tmp_path, cutoff="2020-02-28"))
    assert ids(later) == "c1 c2 v3 v4"


def test_any_row_with_both_ids_may_tell(tmp_path: Path) -> None:
    any_row = LOGIN.replace('event = "login", ', "")
    assert ids(open_tables(tmp_path, any_row, web=LOGINS)) == "c1 v2 c3 v4"


def test_a_pair_known_since_after_the_cutoff_is_not_known(tmp_path: Path) -> None:
    pairs = "visitor customer since\nv1 7 2020-01-31\nv3 8 2020-02-01"
    journey = OMNI.replace('customer = "customer"', 'customer = "customer"\nsince = "since"')
    log = open_tables(tmp_path, journey, web=WEB, store=STORE, pairs=pairs)
    assert set(day_rows(log)["id"]) == {"7", "8", "v2", "v3"}


def test_an_alias_of_an_alias(tmp_path: Path) -> None:
    pairs = "visitor customer\nv3 v9\nv9 8"
    log = open_tables(tmp_path, OMNI, web=WEB, store=STORE, pairs=pairs)
    assert set(day_rows(log)["id"]) == {"7", "8", "v1", "v2"}


def test_ids_of_several_types_meet(tmp_path: Path) -> None:
    """7 in one file, 7.0 in another and the text 7 in a third are one customer."""
    at = [dt.datetime(2020, 1, 5)]
    for name, value in (("whole", 7), ("float", 7.0), ("text", "7")):
        pd.DataFrame({"id": [value], "at": at, "kind": [name]}).to_parquet(
            tmp_path / f"{name}.parquet"
        )
    sources = "".join(
        f'[[sources]]\nname = "{name}"\npath = "{name}.parquet"\n'
        'columns = { id = "id", at = "at", event = "kind" }\n'
        for name in ("whole", "float", "text")
    )
    log = open_tables(tmp_path, f'name = "x"\n{sources}\n[window]\ncutoff = 2020-01-31\n')
    assert set(day_rows(log)["id"]) == {"7"} and len(day_rows(log)) == 3


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('name = "store"', 'name = "web"', "a different name for each"),
        ('event = "purchase", ', "", "the key 'event' is missing"),
        ("constants = { event", 'constants = { value = 1, event = "x", event_', "no key"),
        ("constants = { ", "constants = { value = 1, ", "not in columns, too"),
        ('path = "store.csv"', "", "either path, or url and table"),
        ('[identities]\n    path = "pairs.csv"', '[identities]\n    file = "x"', "no key 'file'"),
        ('[[sources]]\n    name = "web"', '[sources]\n    name = "web"', "TOML"),
        ('anonymous = "visitor", at', "at", None),
        ('id = "user", anonymous = "visitor"', 'channel_ = "x"', "no key 'channel_'"),
    ],
)
def test_a_wrong_key_is_named(tmp_path: Path, old: str, new: str, said: str | None) -> None:
    assert old in OMNI
    text = OMNI.replace(old, new, 1)
    if said is None:
        assert open_tables(tmp_path, text, web=WEB, store=STORE, pairs=PAIRS).customers == 2
        return
    with pytest.raises(JourneyFileError, match=said):
        open_tables(tmp_path, text, web=WEB, store=STORE, pairs=PAIRS)


def test_one_source_and_several_do_not_mix(tmp_path: Path) -> None:
    both = OMNI + '    [source]\n    path = "web.csv"\n'
    with pytest.raises(JourneyFileError, match=r"one \[source\], or several"):
        open_tables(tmp_path, both, web=WEB)
    with pytest.raises(JourneyFileError, match=r"columns inside each of \[\[sources\]\]"):
        open_tables(tmp_path, OMNI + '    [columns]\n    id = "x"\n', web=WEB)


def test_identities_that_name_no_column(tmp_path: Path) -> None:
    for old, new in (('customer = "customer"', 'customer = "kunde"'),):
        with pytest.raises(DataError, match="no column 'kunde' in the identities"):
            open_tables(tmp_path, OMNI.replace(old, new), web=WEB, store=STORE, pairs=PAIRS)
    with pytest.raises(DataError, match="the log has no column 'usr'"):
        open_tables(tmp_path, LOGIN.replace('customer = "user"', 'customer = "usr"'), web=LOGINS)


EVENTS = """
    id  at          event
    a   2020-01-05  ad
    b   2020-01-05  ad
    c   2020-01-05  ad
    d   2020-01-05  ad
    """
TIERS = """
    id  since             tier
    a   2020-01-01        low
    a   2020-01-05T23:00  middle
    a   2020-01-06        high
    b   2020-01-06        new
    c   2019-01-01        old
    c   ?                 odd
    """


def test_attributes_are_those_of_the_origin(tmp_path: Path) -> None:
    """By day the whole day of the origin is not after it; b's row came to light later."""
    known = {"path": "customers.csv", "valid_from": "since"}
    log = open_rows(tmp_path, EVENTS, customers=TIERS, attributes=known)
    spells = jl.time_to(log, "purchase", by="tier")
    columns, rows = expected_table("id tier\na middle\nb -\nc old\nd -")
    assert as_table(spells.frame, columns) == rows
    assert spells.audit.notes == {
        "no attributes known": 1,
        "attributes known only after the origin, and not used": 1,
    }


def test_attributes_by_the_moment(tmp_path: Path) -> None:
    known = {"path": "customers.csv", "valid_from": "since"}
    window = {"cutoff": "@2020-01-31", "resolution": "timestamp"}
    log = open_rows(tmp_path, EVENTS, customers=TIERS, attributes=known, window=window)
    columns, rows = expected_table("id tier\na low\nb -\nc old\nd -")
    assert as_table(jl.time_to(log, "purchase", by="tier").frame, columns) == rows


def test_two_rows_that_hold_at_once(tmp_path: Path) -> None:
    twice = TIERS + "    a   2020-01-06        higher\n"
    known = {"path": "customers.csv", "valid_from": "since"}
    with pytest.raises(DataError, match=r"1 row\(s\) more than ids in 'id' at one 'since'"):
        open_rows(tmp_path, EVENTS, customers=twice, attributes=known)
