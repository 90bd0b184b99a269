"""The bias audit on tables small enough to see the fault by eye; estimand card; truth beside."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import journeylib as jl
from journeylib.errors import BiasError
from journeylib.ledger.core import Check, Ledger, ledger
from journeylib.simulation import Model, Truth, simulate
from journeylib.truth import true_value
from journeylib.truth.chain import started

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> jl.EventLog:
    folder = tmp_path_factory.mktemp("data") / "shop"
    simulate(1200, seed=5, early=0.2).write(folder)
    text = (ROOT / "data" / "simulated" / "journey.toml").read_text(encoding="utf-8")
    (folder / "journey.toml").write_text(text, encoding="utf-8")
    return jl.open_log(jl.read_journey(folder))


def frame_of(n: int = 60) -> pd.DataFrame:
    return pd.DataFrame({"who": range(n), "begin": 0.0, "end": np.arange(1.0, n + 1), "event": 1})


def test_overlapping_rows_of_one_customer_fail() -> None:
    rows = pd.DataFrame({"time": [5.0, 9.0], "event": [0, 1]})
    spells = jl.spells_from_frame(rows)
    twice = spells.with_table(spells.frame.assign(id=1, start=[0.0, 3.0]), single=False)
    with pytest.raises(BiasError, match="at risk twice at one time") as raised:
        jl.bias_audit(None, twice)
    assert raised.value.exit_code == 9
    assert raised.value.where and raised.value.fix and "per" in raised.value.fix
    apart = spells.with_table(spells.frame.assign(id=1, start=[0.0, 5.0]), single=False)
    assert {check.verdict for check in jl.bias_audit(None, apart)} == {"passed"}


def test_a_frame_with_future_covariates_fails() -> None:
    rows = frame_of().assign(score=7, asked=[0.0] * 30 + [4.0] * 30)
    spells = jl.spells_from_frame(rows, stop="end", id="who")
    with pytest.raises(BiasError, match="Measured after the clock started: score of 30"):
        jl.bias_audit(None, spells, known={"score": "asked"})
    early = jl.spells_from_frame(rows.assign(asked=0.0), stop="end", id="who")
    assert jl.bias_audit(None, early, known={"score": "asked"})[-1].verdict == "passed"


def test_late_entrants_counted_from_their_start_fail(shop: jl.EventLog) -> None:
    spells = jl.exits(shop, causes=["purchase", "lost"], until="opted_out")
    assert "failed" not in {check.verdict for check in jl.bias_audit(shop, spells)}
    ignored = spells.with_table(spells.frame.assign(start=0.0))
    with pytest.raises(BiasError, match="started before the window opened"):
        jl.bias_audit(shop, ignored)


def test_overruling_keeps_the_failure_in_sight(shop: jl.EventLog) -> None:
    spells = jl.exits(shop, causes=["purchase", "lost"], until="opted_out")
    ignored = spells.with_table(spells.frame.assign(start=0.0))
    found = jl.bias_audit(shop, ignored, overrule=True)
    assert [check.kind for check in found if check.verdict == "failed"] == ["overruled"]


def test_exposures_are_held_against_the_log(shop: jl.EventLog) -> None:
    spells = jl.exits(shop, causes=["purchase", "lost"], until="opted_out")
    split = jl.with_exposure(spells, shop, "email")
    assert "failed" not in {check.verdict for check in jl.bias_audit(shop, split)}
    rows = split.frame
    ever = rows.groupby("id")["email"].transform("max")
    with pytest.raises(BiasError, match="before it happened"):
        jl.bias_audit(shop, split.with_table(rows.assign(email=ever)))
    renamed = split.with_table(rows.assign(seen=ever).drop(columns="email"))
    with pytest.raises(BiasError, match="column seen"):
        try:
            jl.bias_audit(shop, renamed, exposure={"seen": "email"})
        except BiasError as error:
            raise BiasError(str(error.where)) from None


def test_dropping_out_that_depends_on_a_covariate_warns(tmp_path: Path) -> None:
    rates = {"opted_out": 1 / 60}
    simulate(1500, seed=3, opting_out=1.5, rates=rates).write(tmp_path / "shop")
    text = (ROOT / "data" / "simulated" / "journey.toml").read_text(encoding="utf-8")
    (tmp_path / "shop" / "journey.toml").write_text(text, encoding="utf-8")
    log = jl.open_log(jl.read_journey(tmp_path / "shop"))
    asked = {"causes": ["purchase", "lost"], "until": "opted_out"}
    parted = jl.exits(log, by="segment", **asked)
    warned = jl.bias_audit(log, parted)
    assert [c.verdict for c in warned if "dropping out" in c.assumption] == ["warned"]
    (told,) = [
        c for c in jl.bias_audit(log, parted, horizon=60) if c.follows.startswith("A curve over")
    ]
    apart = jl.averaged(jl.reached(parted, by="segment"), parted).at(60)["survival"][0]
    whole = jl.reached(parted).at(60)["survival"][0]
    assert abs(apart - whole) > 0.01
    assert f"{100 * apart:.0f}%" in told.follows and f"says {100 * whole:.0f}%" in told.follows
    (soon,) = [c for c in jl.bias_audit(log, parted, horizon=0.5) if c.verdict == "warned"]
    assert "Here it hardly does" in soon.follows
    beyond = [c.follows for c in jl.bias_audit(log, parted, horizon=1e4)]
    assert any("cannot be told" in text for text in beyond)
    alike = jl.bias_audit(log, jl.exits(log, by="arm", **asked))
    assert [c.verdict for c in alike if "dropping out" in c.assumption] == ["passed"]


def test_ledgers_are_flattened_and_the_worst_comes_first() -> None:
    good, bad = Check("a", "passed", "s", "f"), Check("b", "failed", "s", "f")
    found = ledger(Ledger([good]), None, bad)
    assert [check.assumption for check in found] == ["b", "a"]
    bundle = found._repr_mimebundle_()
    told = bundle["application/vnd.journey.ledger+json"]["checks"]
    assert json.loads(json.dumps(told))[0]["verdict"] == "failed"


def test_the_estimand_card_names_what_competes(shop: jl.EventLog) -> None:
    spells = jl.exits(shop, causes=["purchase", "lost"], until="opted_out")
    card = dict(jl.estimand(spells, contrast="channels", horizon=30).rows)
    assert card["competing events"] == "lost besides purchase"
    assert card["horizon"] == "30 days" and card["contrast"] == "channels"
    assert "opting out" in card["censoring"] and "2024-01-01" in card["entry"]


def test_the_truth_is_rebuilt_exactly(shop: jl.EventLog) -> None:
    known = jl.truth(shop)
    assert known is not None
    expected = known.reached("purchase", [30.0], "channel").set_index("group")["probability"]
    for level, share in expected.items():
        of = {"kind": "share", "events": ["purchase"], "origin": "first_contact", "at": 30.0}
        of |= {"by": ["first_channel"], "levels": [level]}
        assert true_value(known, of) == pytest.approx(share, rel=1e-9)
    marks = {m: {next(iter(levels)): 1.0} for m, levels in known.model.marks.items()}
    small = Truth(Model(effects={}, marks={**marks, "arm": known.model.marks["arm"]}))
    days = small.days_per_stage(60.0).set_index("stage")["days"]
    for stage in ("awareness", "purchase", "lost"):
        of = {"kind": "stage time", "stage": stage, "origin": "first_contact", "horizon": 60.0}
        assert true_value(small, of) == pytest.approx(days[stage], rel=1e-6)


def test_the_truth_from_the_basket_by_hand() -> None:
    """Two constant hazards from the basket on: a / (a + b) (1 - exp(-(a + b) t))."""
    base = Model()
    rates = {**base.rates, "purchase": 0.02, "lost": 0.01}
    known = Truth(Model(rates=rates, effects={}))
    start = started(known, "basket")
    assert start is not None
    by_hand = 2 / 3 * (1 - np.exp(-0.03 * 40))
    assert start.reached(["purchase"], 40.0) == pytest.approx(by_hand, rel=1e-9)
    outside = (1 - np.exp(-0.03 * 40)) / 0.03
    assert start.days_outside(["purchase", "lost"], 40.0) == pytest.approx(outside, rel=1e-9)


def test_a_miss_is_shown_as_a_miss(shop: jl.EventLog) -> None:
    of = {"kind": "share", "events": ["purchase"], "origin": "first_contact", "at": 30.0}
    wrong = jl.finding("share", 90.0, 89.0, 91.0, unit="%", of=of)
    shown = jl.beside_truth(shop, wrong)
    assert shown is not None
    assert shown.frame["verdict"].tolist() == ["missed"]
    assert "missed" in shown._repr_html_() and "Simulated: 0 of 1" in shown._repr_html_()
    (row,) = [line for line in repr(shown).splitlines() if "share" in line]
    *_, estimate, _, truth, _ = row.split(" | ")
    assert len(truth.partition(".")[2]) == len(estimate.partition(".")[2])


def test_where_there_is_no_interval_none_can_hold_the_truth(shop: jl.EventLog) -> None:
    of = {"kind": "share", "events": ["purchase"], "origin": "first_contact", "at": 30.0}
    assert jl.beside_truth(shop, jl.finding("share", 0.0, unit="%", of=of)) is None


def test_ratios_have_a_truth_only_where_the_model_is_right(shop: jl.EventLog) -> None:
    known = jl.truth(shop)
    assert known is not None
    term = "C(segment)[T.consumer]"
    alone = {"kind": "hazard ratio", "event": "purchase", "term": term, "terms": [term],
             "references": {"C(segment)": "business"}}  # fmt: skip
    assert true_value(known, alone) is None
    others = [f"C({c})[T.x]" for c in ("first_channel", "first_content", "arm")]
    right = {**alone, "terms": [term, *others, "email", "promotion"]}
    assert true_value(known, right) == pytest.approx(np.exp(-0.4))


def test_real_journeys_have_no_truth() -> None:
    from journeylib.example import small_log

    assert jl.beside_truth(small_log(), jl.finding("x", 1.0)) is None
