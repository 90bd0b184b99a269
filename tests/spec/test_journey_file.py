"""The journey file: what it means, and what is said when it is wrong."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from logs import journey_text

import journeylib as jl
from journeylib.errors import JourneyFileError
from journeylib.home import find

FULL = """\
name = "The Complete Journey"
unit = "days"

[source]
path = "events.parquet"

[columns]
id = "household_id"
at = "timestamp"
event = "event"
channel = "campaign_type"

[stages]
awareness = ["campaign_mailed"]
purchase  = ["basket", "coupon_redeemed"]

[events.first_big_basket]
where = "event = 'basket' and value >= 100"

[window]
start = 2017-01-01
cutoff = 2017-12-31
resolution = "day"
timezone = "UTC"

[churn]
inactivity_days = 90
activity = ["basket"]

[attributes]
path = "customers.parquet"
columns = ["age", "income"]
"""


def read(folder: Path, text: str, **more: Any) -> jl.Journey:
    file = folder / "journey.toml"
    file.write_text(text, encoding="utf-8")
    return jl.read_journey(file, **more)


def test_every_key(tmp_path: Path) -> None:
    journey = read(tmp_path, FULL)
    assert (journey.name, journey.unit) == ("The Complete Journey", "days")
    assert journey.source.path == tmp_path / "events.parquet"
    assert journey.columns["channel"] == "campaign_type"
    assert list(journey.stages) == ["awareness", "purchase"]
    assert journey.staged["basket"] == "purchase"
    assert journey.events == {"first_big_basket": "event = 'basket' and value >= 100"}
    assert journey.window == jl.Window(dt.date(2017, 1, 1), dt.date(2017, 12, 31))
    assert journey.churn is not None and journey.churn.inactivity_days == 90
    assert journey.attributes is not None and journey.attributes.columns == ("age", "income")
    assert journey.attributes.id == "household_id"
    with pytest.raises(AttributeError):
        journey.name = "other"  # type: ignore[misc]


def test_start_and_cutoff_may_be_given(tmp_path: Path) -> None:
    window = read(tmp_path, FULL, start="2017-02-01", cutoff=dt.date(2017, 6, 30)).window
    assert (window.start, window.cutoff) == (dt.date(2017, 2, 1), dt.date(2017, 6, 30))
    assert read(tmp_path, FULL, cutoff="data").window.cutoff == "data"
    moment = read(tmp_path, FULL, cutoff="2017-06-30T12:00:00").window.cutoff
    assert moment == dt.datetime(2017, 6, 30, 12)


def test_moments_with_an_offset_are_shown_by_the_windows_clock(tmp_path: Path) -> None:
    text = FULL.replace("2017-12-31", "2017-12-31T23:00:00Z").replace("UTC", "Europe/Amsterdam")
    assert read(tmp_path, text).window.cutoff == dt.datetime(2018, 1, 1, 0)


def test_a_database_is_named_by_the_environment(tmp_path: Path) -> None:
    text = FULL.replace('path = "events.parquet"', 'url = "env:JOURNEY_DB"\ntable = "events"')
    source = read(tmp_path, text).source
    assert (source.url, source.table, source.path) == ("env:JOURNEY_DB", "events", None)


@pytest.mark.parametrize(
    ("old", "new", "key", "said"),
    [
        ("[stages]", "[stage]", "stage", "did you mean 'stages'"),
        ("unit =", "units =", "units", "did you mean 'unit'"),
        ("channel =", "chanel =", "columns.chanel", "did you mean 'channel'"),
        ("cutoff =", "cut_off =", "window.cut_off", "did you mean 'cutoff'"),
        ("inactivity_days", "inactivity_day", "churn.inactivity_day", "'inactivity_days'"),
        ("where =", "when =", "events.first_big_basket.when", "did you mean 'where'"),
        ('"days"', '"day"', "unit", "did you mean 'days'"),
        ('"day"\n', '"daily"\n', "window.resolution", "did you mean 'day'"),
        ('"UTC"', '"Europe/Amsterdm"', "window", "did you mean 'Europe/Amsterdam'"),
        ('name = "The', 'name = 3 # "The', "name", "allowed: a text"),
        ('name = "The Complete Journey"\n', "", "name", "the key 'name' is missing"),
        ('id = "household_id"\n', "", "columns.id", "the key 'id' is missing"),
        ("cutoff = 2017-12-31\n", "", "window.cutoff", "the key 'cutoff' is missing"),
        ("= 2017-12-31", '= "now"', "window.cutoff", "never now"),
        ("= 2017-12-31", "= 20171231", "window.cutoff", '2017-12-31, or "data"'),
        ("= 2017-12-31", '= "31.12.2017"', "window.cutoff", "'31.12.2017' is not a date"),
        ("= 2017-12-31", "= 2016-12-31", "window", "lies before the start"),
        ("= 90", "= -1", "churn.inactivity_days", "a number of days above 0"),
        ("= 90", "= true", "churn.inactivity_days", "a number of days above 0"),
        ("= 90", '= 90\nend_event = "left"', "churn", "and not both"),
        ('["campaign_mailed"]', '"campaign_mailed"', "stages.awareness", "a list of texts"),
        ('["campaign_mailed"]', "[]", "stages.awareness", "a list of texts"),
        ('["campaign_mailed"]', '["basket"]', "stages.purchase", "already in 'awareness'"),
        ("awareness =", "first_contact =", "stages.first_contact", "which is built in"),
        ("events.first_big_basket", "events.basket", "events.basket", "no event of a stage"),
        ("value >= 100", "value >=", "events.first_big_basket.where", "is not a predicate"),
        ("value >= 100", "sum(value) > 1", "events.first_big_basket.where", "may not"),
        ('path = "events.parquet"', 'table = "events"', "source", "either path, or url and table"),
        ('path = "events.parquet"', 'url = "env:DB"', "source.table", "a table in that database"),
        ("[columns]", "columns = 3\n[column]", "column", "did you mean 'columns'"),
        ("[churn]", "[churn", "", "this is not TOML"),
    ],
)
def test_what_is_wrong_where_and_what_is_allowed(
    tmp_path: Path, old: str, new: str, key: str, said: str
) -> None:
    assert old in FULL
    with pytest.raises(JourneyFileError) as caught:
        read(tmp_path, FULL.replace(old, new, 1))
    assert said in str(caught.value)
    assert str(tmp_path / "journey.toml") in str(caught.value)
    assert f"key {key}" in str(caught.value) or not key


def test_wrong_arguments_are_named(tmp_path: Path) -> None:
    with pytest.raises(JourneyFileError, match="'soon' is not a date") as caught:
        read(tmp_path, FULL, cutoff="soon")
    assert "the argument cutoff" in str(caught.value)


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"name = \xe9"])
def test_a_file_that_is_no_text(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "journey.toml").write_bytes(content)
    with pytest.raises(JourneyFileError, match="not UTF-8"):
        jl.read_journey(tmp_path / "journey.toml")


def test_a_byte_order_mark_is_no_matter(tmp_path: Path) -> None:
    assert read(tmp_path, "\ufeff" + FULL).unit == "days"


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one journey, and a working directory three folders down."""
    folder = tmp_path / "data" / "shop"
    folder.mkdir(parents=True)
    (folder / "journey.toml").write_text(journey_text(["id", "at", "event"]))
    below = tmp_path / "notebooks" / "deep" / "er"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    return tmp_path


@pytest.mark.parametrize(
    "path", ["shop", "data/shop", "data/shop/journey.toml", "../../../data/shop/journey.toml"]
)
def test_found_from_below(house: Path, path: str) -> None:
    assert find(path) == house / "data" / "shop" / "journey.toml"


def test_found_by_absolute_path(house: Path) -> None:
    folder = house / "data" / "shop"
    assert find(folder) == find(folder / "journey.toml") == folder / "journey.toml"


def test_found_through_the_environment(
    house: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    with pytest.raises(JourneyFileError):
        find("shop")
    monkeypatch.setenv("JOURNEY_HOME", str(house))
    assert find("shop") == house / "data" / "shop" / "journey.toml"


def test_the_checkout_is_a_root_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert find("cdnow").parts[-3:] == ("data", "cdnow", "journey.toml")


def test_not_found_says_where_it_looked(house: Path) -> None:
    with pytest.raises(JourneyFileError) as caught:
        find("shopp")
    assert "did you mean 'shop'" in str(caught.value)
    assert str(house) in str(caught.value)


def test_reading_loads_no_pandas() -> None:
    code = (
        "import sys, journeylib.sources.fingerprint, journeylib.journey;"
        "journeylib.journey.read_journey('complete_journey');"
        "print(sorted({'pandas', 'ibis', 'numpy', 'duckdb'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_committed_journeys_are_valid() -> None:
    for name in ("complete_journey", "cdnow"):
        assert jl.read_journey(name).source.path is not None
