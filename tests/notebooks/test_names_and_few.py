"""Names as real exports have them, and things that few customers did, through the notebooks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cells import run_cells

from journeylib.errors import DataError
from journeylib.words.parts import Sentence

FILE = """\
name = "Länden & Co."
unit = "days"
[source]
path = "events.csv"
[columns]
id = "Customer No."
at = "at"
event = "what"
score = "score"
[stages]
awareness = ["page-view"]
purchase = ["Bestellung 購入"]
[window]
cutoff = 2024-12-31
[churn]
inactivity_days = 60
[attributes]
path = "customers.csv"
columns = ["Sales Channel", "Tier"]
"""
BUY, SEE, HELP, ASK = "Bestellung 購入", "page-view", "Hilfe?", "survey"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> str:
    """300 customers; help for half of them, a call for six, answers of seven."""
    folder = tmp_path_factory.mktemp("shop")
    rng = np.random.default_rng(12)
    seen = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.uniform(0, 150, 300), unit="D")
    who = np.array([f"k{i}" for i in range(300)])
    rows = [pd.DataFrame({"Customer No.": who, "at": seen, "what": SEE})]
    for again in range(3):
        wait = pd.to_timedelta(rng.exponential(30, 300) + 30 * again, unit="D")
        some = rng.uniform(size=300) < 0.7
        bought = pd.DataFrame({"Customer No.": who, "at": seen + wait, "what": BUY})[some]
        rows.append(bought)
    for name, n in ((HELP, 150), ("call", 6), (ASK, 7)):
        after = seen[:n] + pd.to_timedelta(rng.exponential(20, n), unit="D")
        rows.append(pd.DataFrame({"Customer No.": who[:n], "at": after, "what": name}))
    rows[-1]["score"] = 3
    events = pd.concat(rows).sort_values("at")
    events["at"] = events["at"].dt.strftime("%Y-%m-%d %H:%M:%S")
    events.to_csv(folder / "events.csv", index=False)
    customers = pd.DataFrame({"Customer No.": who})
    customers["Sales Channel"] = rng.choice(["web", "shop floor", "Händler"], 300)
    customers["Tier"] = np.where(np.arange(300) < 12, "gold", rng.choice(["a", "b"], 300))
    customers.to_csv(folder / "customers.csv", index=False)
    (folder / "journey.toml").write_text(FILE, encoding="utf-8")
    return str(folder / "journey.toml")


BOTH = "Sales Channel, Tier"


@pytest.mark.parametrize(
    ("notebook", "asked"),
    [
        ("02_time_to_purchase", {"origin": SEE, "event": BUY, "by": BOTH}),
        ("03_churn", {"by": BOTH, "value_event": ""}),
        ("05_friction", {"origin": SEE, "event": BUY, "lost": "", "by": BOTH, "known": "",
                         "exposure": f"{HELP}, call"}),
        ("07_personas", {"origin": SEE, "after": 10.0, "event": BUY, "activity": f"{SEE}, {HELP}",
                         "segments": BOTH, "horizon": 60.0}),
        ("08_after_purchase", {"origin": BUY, "event": BUY, "by": "Tier", "held": BOTH,
                               "exposures": f"{HELP}, call", "horizon": 60.0}),
        ("09_voice_of_customer", {"origin": BUY, "leaves": "", "until": "", "held": BOTH,
                                  "exposures": f"{HELP}, call", "recommends": "call",
                                  "advocates": BUY, "sentiment": "", "horizon": 60.0}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_names_that_are_no_plain_words_and_what_few_did(
    notebook: str, asked: dict[str, object], shop: str
) -> None:
    told = run_cells(notebook, journey=shop, **asked)
    names = " ".join(f"{f.name} {f.group}" for f in told["answer"])
    assert len(told["answer"]) and "`" not in names
    assert "gold" not in names and "call" not in names  # twelve and six customers
    counted = [f.n for f in told["answer"] if f.n is not None]
    assert min(counted) >= 20
    if "exposure" in " ".join(asked):
        assert any(f"{HELP}" in f.name for f in told["answer"])
        assert HELP in told["met"] and "call" not in told["met"]
    if notebook.startswith("09"):
        assert not told["scored"] and not told["refers"]


def without(shop: str, folder: Path, *events: str, answers: int = 0) -> str:
    """The same shop without some events, or with more answers."""
    home = Path(shop).parent
    rows = pd.read_csv(home / "events.csv")
    rows = rows[~rows["what"].isin(events)]
    more = rows[rows["what"] == BUY].drop_duplicates("Customer No.").iloc[:answers]
    more = more.assign(what=ASK, score=[k % 11 for k in range(len(more))])
    more["at"] = (pd.to_datetime(more["at"]) + pd.Timedelta(days=2)).dt.strftime("%Y-%m-%d")
    pd.concat([rows, more]).to_csv(folder / "events.csv", index=False)
    for name in ("customers.csv", "journey.toml"):
        (folder / name).write_bytes((home / name).read_bytes())
    return str(folder / "journey.toml")


def notes(told: dict[str, object]) -> str:
    return " ".join(str(s) for s in told["shown"] if isinstance(s, Sentence))  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("notebook", "asked"),
    [
        ("02_time_to_purchase", {"by": BOTH}),
        ("05_friction", {"lost": "", "by": BOTH, "known": "", "exposure": HELP}),
        ("06_touchpoints", {"left": "", "touch_events": SEE, "adjust": "", "draws": 20}),
    ],
)
def test_nobody_has_bought(
    notebook: str, asked: dict[str, object], shop: str, tmp_path: Path
) -> None:
    journey = without(shop, tmp_path, BUY)
    told = run_cells(notebook, journey=journey, origin=SEE, event=BUY, **asked)
    assert told["effects"] is None
    assert all(f.value in (0, None) or f.value == 100 for f in told["answer"])


def test_no_cohort_is_followed(shop: str) -> None:
    told = run_cells("10_improvement", journey=shop, origin=SEE, event=BUY, until="", arm="",
                     horizon=30.0, minimum=150)  # fmt: skip
    assert told["trend"] is None and "none is followed so long" in notes(told)


def test_one_group_is_no_comparison(shop: str) -> None:
    told = run_cells("02_time_to_purchase", journey=shop, origin=SEE, event=BUY, by="Tier",
                     minimum=200)  # fmt: skip
    assert told["by"] == "" and told["effects"] is None
    assert "nothing tells them apart" in notes(told)


def test_answers_without_a_sentiment_and_events_that_the_log_lacks(
    shop: str, tmp_path: Path
) -> None:
    journey = without(shop, tmp_path, answers=120)
    told = run_cells("09_voice_of_customer", journey=journey, origin=BUY, leaves="", until="",
                     held=BOTH, exposures=f"{HELP}, returned", recommends="", advocates=BUY,
                     sentiment="", horizon=60.0)  # fmt: skip
    assert told["scored"] and not told["written"]
    assert "The log has no returned" in notes(told)
    assert any("promoter score" in f.name for f in told["answer"])
    told = run_cells("08_after_purchase", journey=journey, origin=BUY, event=BUY,
                     exposures="returned", horizon=60.0)  # fmt: skip
    assert "The log has no returned" in notes(told)


def test_a_log_of_fewer_customers_than_may_be_shown_is_not_shown(shop: str) -> None:
    with pytest.raises(DataError, match=r"only 300 customer\(s\) are in the log"):
        run_cells("01_event_log", journey=shop, minimum=301)
    told = run_cells("01_event_log", journey=shop, minimum=290)
    assert "No period has customers enough" in notes(told)
