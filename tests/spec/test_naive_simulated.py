"""Shortcuts on simulated customers: truth and direction of the error are known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import journeylib as jl
from journeylib.simulation import simulate

ROOT = Path(__file__).resolve().parents[2]
RIVALS = {"causes": ["purchase", "lost"], "until": "opted_out"}


def shop(folder: Path, **more: Any) -> jl.EventLog:
    simulate(4000, seed=8, **more).write(folder)
    text = (ROOT / "data" / "simulated" / "journey.toml").read_text(encoding="utf-8")
    (folder / "journey.toml").write_text(text, encoding="utf-8")
    return jl.open_log(jl.read_journey(folder))


def test_immortal_time_turns_a_helpful_mail_into_a_harmful_one(tmp_path: Path) -> None:
    log = shop(tmp_path / "shop")
    spells = jl.with_exposure(jl.exits(log, **RIVALS), log, "email")
    contrast = jl.naive_exposure(spells, "email", cause="purchase")
    assert contrast.naive < 1 < contrast.low


def test_crude_ratios_credit_the_treatment_with_who_got_it(tmp_path: Path) -> None:
    log = shop(tmp_path / "shop", confounding=2.0)
    spells = jl.exits(log, by=["arm", "segment"], **RIVALS)
    contrast = jl.naive_treatment(spells, "arm", "C(segment)", cause="purchase")[0]
    assert contrast.naive > contrast.value > 1
    assert contrast.error > 1.05
    experiment = shop(tmp_path / "experiment")
    spells = jl.exits(experiment, by=["arm", "segment"], **RIVALS)
    fair = jl.naive_treatment(spells, "arm", "C(segment)", cause="purchase")[0]
    assert fair.error == pytest.approx(1, abs=0.04)


def test_late_entrants_counted_from_the_start_make_waiting_longer(tmp_path: Path) -> None:
    log = shop(tmp_path / "shop", early=0.4)
    contrast = jl.naive_entry(jl.exits(log, **RIVALS), 60.0)
    assert contrast is not None and contrast.error > 1
    known = jl.truth(log)
    assert known is not None
    share = known.reached("purchase", [60.0])["probability"][0]
    assert contrast.low < 100 * (1 - share) < contrast.high


def test_a_funnel_takes_latecomers_for_lost(tmp_path: Path) -> None:
    log = shop(tmp_path / "shop")
    told = jl.naive_funnel(jl.stages(log, until="opted_out"), 90.0)
    assert {c.error < 0 for c in told} == {True}
    bought = next(c for c in told if "get to purchase" in c.question)
    known = jl.truth(log)
    assert known is not None
    true = 100 * known.reached("purchase", [90.0])["probability"][0]
    assert bought.low < true < bought.high


def test_what_a_customer_is_worth(tmp_path: Path) -> None:
    """Where nobody leaves, the mean value is the rate times the time times the mean payment."""
    rates = {"cancelled": 0.0, "opted_out": 0.0, "repeat_purchase": 1 / 20}
    log = shop(tmp_path / "shop", rates=rates, effects={"repeat_purchase": {}})
    stay = jl.time_to(log, "lost", origin="purchase")
    assert not stay.frame["cause"].any()
    worth = jl.lifetime_value(stay, log, 60.0, "repeat_purchase").frame.iloc[0]
    expected = 60 / 20 * np.exp(3.8 + 0.125)
    assert worth["low"] < expected < worth["high"]
    assert worth["std_err"] == pytest.approx((worth["high"] - worth["low"]) / 3.92, rel=0.05)
