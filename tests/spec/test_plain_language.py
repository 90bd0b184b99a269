"""What reports say: plain words, numbers that can be pictured, no cause from a mere difference."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import journeylib as jl
from journeylib import glossary, labels, words
from journeylib.errors import JourneyFileError
from journeylib.estimate.silence import LeavingRule, SilenceSurface
from journeylib.example import small_log
from journeylib.journey import read_journey
from journeylib.plots.style import picture
from journeylib.questions.contrast import Contrast
from journeylib.words.parts import of_group, span, whom

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "journeylib"
CAUSAL = re.compile(
    r"\b(because of|caus(?:es|ed|ing|al\w*)|cause of|leads? to|led to|drives?|drove|driven by|"
    r"impact\w*|(?:the )?effects? of|due to|thanks to|results? in|increases|reduces|boosts?|"
    r"improves|makes (?:customers|them|people|more|fewer))\b",
    re.IGNORECASE,
)
JARGON = (
    *("hazard", "hazard ratio", "censored", "median", "restricted mean", "95% interval", "horizon"),
    *("chi-squared", "log-rank", "Cox", "subdistribution", "incidence", "competing", "p = 0.03"),
    *("standardised difference", "Brier score", "AUC", "calibration", "covariates", "follow-up"),
    *("weighted", "at risk", "p < 0.001", "cutoff"),
)


def sentences() -> Iterator[tuple[str, str]]:
    """Every text that the package may put on a page, and every text of the notebooks."""
    rooms = [*(PACKAGE / "words").glob("*.py"), *(PACKAGE / "plots").glob("*.py")]
    rooms += [*(PACKAGE / "ledger").glob("*.py"), *(PACKAGE / "questions").glob("*.py")]
    rooms += (PACKAGE / "findings").glob("*.py")
    for file in [*rooms, PACKAGE / "glossary.py"]:
        tree = ast.parse(file.read_text())
        documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
        docs = {
            id(node.body[0].value)
            for node in ast.walk(tree)
            if isinstance(node, documented) and isinstance(node.body[0], ast.Expr)
        }
        for node in ast.walk(tree):
            text = node.value if isinstance(node, ast.Constant) else None
            if isinstance(text, str) and " " in text.strip() and id(node) not in docs:
                yield file.name, text
    for file in (ROOT / "notebooks").glob("*.ipynb"):
        for cell in json.loads(file.read_text())["cells"]:
            if cell["cell_type"] == "markdown":
                yield file.name, "".join(cell["source"])
    for file in (PACKAGE / "reporting" / "template").rglob("*.j2"):
        yield file.name, re.sub(r"\{%.*?%\}|\{\{.*?\}\}|<[^>]*>", " ", file.read_text())


def test_no_text_of_the_package_claims_a_cause() -> None:
    texts = list(sentences())
    assert len(texts) > 300
    # a link may lead somewhere
    claims = [(f, text) for f, text in texts if CAUSAL.search(text.replace("link leads to", ""))]
    assert claims == []


@pytest.mark.parametrize(
    "claim",
    ["E-mail leads to purchases", "This is due to the channel", "The coupon increases sales",
     "the effect of the campaign", "Mailing drives churn"],
)  # fmt: skip
def test_a_claim_would_be_found(claim: str) -> None:
    assert CAUSAL.search(claim)


@pytest.mark.parametrize("word", JARGON)
def test_every_word_of_the_field_is_explained(word: str) -> None:
    (start, end, _), *_ = glossary.find(word)
    assert start == 0 and end > 0


def test_an_explanation_needs_no_other() -> None:
    for term in glossary.TERMS:
        used = {other.word for _, _, other in glossary.find(term.meaning)}
        assert used <= {term.word}, (term.word, used)
        assert glossary.explain(term.word) == term.meaning
    assert len({term.key for term in glossary.TERMS}) == len(glossary.TERMS)


def test_words_are_found_whole_and_the_longer_first() -> None:
    found = [
        (t.word, s) for s, _, t in glossary.find("the subdistribution hazard ratio, hazardous")
    ]
    assert found == [("subdistribution hazard ratio", 4)]
    assert list(glossary.find("a medianoche, unweightedly, Coxsackie")) == []


def test_natural_frequencies_say_of_whom() -> None:
    rng = np.random.default_rng(1)
    tier = np.repeat(["gold", "plain"], 200)
    frame = pd.DataFrame({"time": rng.integers(1, 200, 400), "event": 1, "customer_tier": tier})
    curve = jl.survival_curve(
        jl.spells_from_frame(frame, causes=["order"], unit="days"), by="customer_tier"
    )
    first, second = str(jl.say(curve, at=180)).split(" Of 100")
    assert re.fullmatch(
        r"Of 100 customers with customer tier gold, about \d+ \(\d+ to \d+\) reach order within "
        r"180 days \(about 6 months\) \(n = 200, \d+ events by then\)\.",
        first,
    )
    # what six months are is said once
    assert second.startswith(" customers with customer tier plain") and "months" not in second


def test_many_groups_are_told_in_a_list() -> None:
    frame = pd.DataFrame({"time": [1, 2, 3, 4] * 75, "event": [1, 1, 0, 0] * 75})
    frame["tier"] = np.repeat(["a<b", "b", "c"], 100)
    curve = jl.survival_curve(jl.spells_from_frame(frame, unit="days"), by="tier")
    text = jl.say(curve, at=2)
    head, *lines = text.split("\n")
    assert head == "Of 100 customers in each group (tier), so many reach event within 2 days:"
    assert lines == [
        f"• {tier}: about 50 (41 to 60; n = 100, 50 events by then)" for tier in ("a<b", "b", "c")
    ]
    html = text._repr_html_()
    assert html.count("<li>") == 3 and html.count("<ul class='journey say'>") == 1
    assert "<li>a&lt;b: about 50" in html and html.startswith("<p class='journey say'>Of 100")


def test_several_starts_of_one_customer_are_not_called_customers() -> None:
    frame = pd.DataFrame({"who": [1, 1, 2], "mail": ["a", "b", "a"], "time": [3, 4, 5], "event": 1})
    spells = jl.spells_from_frame(frame)
    table = spells.frame.assign(id=frame["who"])
    spells = spells.with_table(table, per="mail")
    assert whom(jl.survival_curve(spells)) == "episodes"


@pytest.mark.parametrize(
    ("time", "unit", "told"),
    [
        (30, "days", "30 days"),
        (60, "days", "60 days"),
        (61, "days", "61 days (about 2 months)"),
        (90.0, "days", "90 days (about 3 months)"),
        (730.5, "days", "730.5 days (about 2 years)"),
        (48, "hours", "48 hours (about 2 days)"),
        (26, "weeks", "26 weeks (about 6 months)"),
        (40, "months", "40 months"),
        (float("inf"), "minutes", "∞ minutes"),
    ],
)
def test_a_time_that_can_be_pictured(time: float, unit: str, told: str) -> None:
    assert span(time, unit) == told


def test_a_group_that_cannot_be_taken_apart_is_named_as_it_is() -> None:
    class Result:
        by = ("a", "b")

    assert of_group(Result, "x / y / z") == " in x / y / z"
    assert of_group(Result, "x / y") == " with a x and b y"


def shop(folder: Path, labelled: str) -> Path:
    day = pd.Timestamp("2024-01-01")
    rows = [(k, day + pd.Timedelta(days=d), e) for k in range(40)
            for d, e in ((0, "mail_sent"), (k % 20 + 1, "cpn_rdm"))]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["id", "at", "event"])
    frame.to_parquet(folder / "events.parquet")
    file = folder / "journey.toml"
    file.write_text(
        'name = "Shop"\n[source]\npath = "events.parquet"\n'
        '[columns]\nid = "id"\nat = "at"\nevent = "event"\n'
        '[stages]\nawareness = ["mail_sent"]\npurchase = ["cpn_rdm"]\n'
        f"[window]\nstart = 2024-01-01\ncutoff = 2024-02-29\n{labelled}"
    )
    return file


def test_labels_of_the_journey_file_are_what_readers_see(tmp_path: Path) -> None:
    file = shop(tmp_path, '[labels]\ncpn_rdm = "a redeemed coupon"\n')
    try:
        log = jl.open_log(read_journey(file))
        curve = jl.survival_curve(jl.time_to(log, event="cpn_rdm", origin="mail_sent"))
        assert "reach a redeemed coupon within 10 days" in jl.say(curve, at=10)
        assert jl.shares(curve, at=10)[0].name == "reach a redeemed coupon within 10 days"
        assert jl.plot_curve(curve, show="event").get_ylabel() == "share with a redeemed coupon"
        # another journey has its own words
        (tmp_path / "other").mkdir()
        jl.open_log(read_journey(shop(tmp_path / "other", "")))
        assert words.name("cpn_rdm") == "cpn rdm"
    finally:
        labels.use({})


def test_a_label_is_a_text(tmp_path: Path) -> None:
    with pytest.raises(JourneyFileError, match="cpn_rdm"):
        read_journey(shop(tmp_path, "[labels]\ncpn_rdm = 3\n"))


def test_a_name_too_long_for_a_sentence_is_cut_in_its_middle() -> None:
    name = words.name("<b>" + "x" * 10_000 + "the end")
    assert len(name) == labels.LONGEST and name.startswith("<b>xx") and name.endswith("the end")


def test_the_second_purchase_is_called_the_second() -> None:
    log = small_log()
    again = jl.time_to(log, "purchase", origin="purchase", occurrence=2)
    curve = jl.survival_curve(again)
    assert "reach the second purchase within" in jl.say(curve, at=3)
    assert jl.shares(curve, at=3)[0].name == "reach the second purchase within 3 days"
    assert jl.medians(curve)[0].name == "median time to the second purchase"
    assert jl.shares(curve, at=3)[0].of["events"] == ["purchase"]
    assert jl.naive_average(again).question == "How long until the second purchase?"
    assert jl.plot_curve(curve, show="event").get_ylabel() == "share with the second purchase"
    assert again.clock.stops.startswith("at the second purchase, counted in distinct")


def test_no_group_apart_is_said_as_none_and_a_test_by_its_usual_name() -> None:
    frame = pd.DataFrame({"time": [1.0, 2, 3, 4] * 20, "event": 1, "tier": list("aabb") * 20})
    even = frame.assign(tier=["a", "b"] * 40, time=[1.0, 1, 2, 2] * 20)
    none = jl.say(jl.segment_scan(jl.spells_from_frame(even, unit="days"), "tier", 4))
    assert none.startswith("None of the 2 groups waits longer or shorter than all others together")
    both = jl.say(jl.segment_scan(jl.spells_from_frame(frame, unit="days"), "tier", 4))
    assert both.startswith("Of 2 groups, 2 wait longer or shorter")
    assert "b: 2.00 days longer (" in both and "a: 2.00 days shorter (" in both
    assert "(log-rank test: " in jl.say(jl.compare(jl.spells_from_frame(frame), "tier"))


def test_the_sample_journeys_call_their_events_in_plain_words() -> None:
    for name in ("simulated", "complete_journey"):
        told = read_journey(ROOT / "data" / name / "journey.toml").labels
        assert told and not any("_" in words for words in told.values())


def test_the_start_of_the_clock_is_a_month_and_not_a_column() -> None:
    assert labels.label("origin_month") == "month of the start"
    labels.use({"origin_month": "first month"})
    assert labels.label("origin_month") == "first month"
    labels.use({})


def test_competing_outcomes_are_asked_for_by_what_comes_first() -> None:
    frame = pd.DataFrame({"time": [1.0, 2, 3, 4] * 20, "event": [1, 2, 0, 1] * 20})
    spells = jl.spells_from_frame(frame, unit="days", causes=["purchase", "lost"])
    asked = [contrast.question for contrast in jl.naive_incidence(spells, 3)]
    assert asked[1] == "For how many does lost come first within 3 days?"


def test_a_picture_of_a_log_says_how_long_its_periods_are() -> None:
    days = pd.date_range("2024-01-01", periods=4, freq="MS")
    busy = pd.DataFrame({"period": days, "event": "ad", "events": [3, 5, 9, 8]})
    drawn = jl.plot_activity(busy)
    assert picture(drawn).caption.startswith("Events a month, each kind")
    assert drawn.get_ylim()[0] == 0 and drawn.get_ylim()[1] > 9
    weeks = busy.assign(period=pd.date_range("2024-01-01", periods=4, freq="W-MON"))
    assert picture(jl.plot_activity(weeks)).caption.startswith("Events a week")


@pytest.mark.parametrize(("back", "follows"), [(0.87, "Most of"), (0.25, "Some of")])
def test_whoever_mostly_comes_back_is_not_called_lost(back: float, follows: str) -> None:
    rule = LeavingRule(90.0, True, "90 days of silence count as leaving.")
    surface = SilenceSurface(
        table=pd.DataFrame({"days": [90.0], "back": [back]}),
        unit="days",
        about={"horizon": 180.0, "most": 0.1},
        ratios=pd.DataFrame(),
        rule=90.0,
        suggestion=None,
        reason="",
    )
    assert jl.check_rule(rule, surface).follows.startswith(f"{follows} those called lost")


def test_an_end_of_an_interval_that_is_not_reached_is_said_in_words() -> None:
    contrast = Contrast("How long?", "an average", 2.0, "the median", 6.5, 3.0, np.nan, "days")
    assert "(3.00 to beyond follow-up)" in repr(jl.contrasts(contrast))
    same = Contrast("How many?", "a funnel", 49.0, "incidence", 49.0 + 5e-14, 42.0, 58.0, "%")
    assert repr(jl.contrasts(same)).endswith("; none")


def test_one_thin_curve_is_the_curve() -> None:
    frame = pd.DataFrame({"time": [1.0, 2, 3, 4] * 10, "event": 1, "tier": ["a", "b"] * 20})
    spells = jl.spells_from_frame(frame, unit="days")
    whole = jl.check_follow_up(jl.survival_curve(spells), 4)
    assert (whole.seen, whole.follows) == (
        "At risk there: 10.",
        "Fewer than 20 carry the end of the curve.",
    )
    parts = jl.check_follow_up(jl.survival_curve(spells, by="tier"), 4)
    assert parts.follows == "Fewer than 20 carry the end of the curves of a, b."


def test_one_way_out_is_simply_the_first() -> None:
    assert jl.exits(small_log(), origin="ad", causes=["purchase"]).clock.stops == (
        "at the first purchase"
    )


def test_outcomes_are_called_by_their_labels_and_read_at_the_horizon() -> None:
    frame = pd.DataFrame({"time": [1.0, 2, 3, 4] * 20, "event": [1, 2, 0, 1] * 20})
    spells = jl.spells_from_frame(frame, unit="days", causes=["repeat_purchase", "cancelled"])
    drawn = jl.plot_incidence(jl.cumulative_incidence(spells), horizon=3)
    legend = [text.get_text() for text in drawn.get_legend().get_texts()]
    assert legend == ["repeat purchase", "cancelled"]
    assert "within 3 days" in picture(drawn).alt and "n = 80." in picture(drawn).caption
