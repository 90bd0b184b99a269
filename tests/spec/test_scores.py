"""Individual predictions: scores that give the curves back, fifths that come true, no ids shown."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import journeylib as jl
from journeylib.errors import DataError
from journeylib.personas import individual
from journeylib.reporting import extras

TIMES = [2.0, 5.0, 9.0]


def customers(n: int = 600, seed: int = 1) -> jl.Spells:
    rng = np.random.default_rng(seed)
    df = pd.DataFrame({"x": rng.normal(3, 2, n), "plan": rng.choice(list("abc"), n)})
    rate = 0.1 * np.exp(0.4 * df["x"] - 1.2 + 0.5 * (df["plan"] == "b"))
    time = rng.exponential(1 / rate)
    df["time"], df["event"] = np.minimum(time, 12.0), (time < 12).astype(int)
    df["who"] = [f"customer-{k:04d}" for k in range(n)]
    df["region"] = rng.choice(["north", "south"], n)
    return jl.spells_from_frame(df, id="who", unit="days", causes=["purchase"])


@pytest.mark.parametrize("strata", [None, "region"])
def test_scores_and_their_baseline_give_the_predicted_curves_back(
    tmp_path: Path, strata: str | None
) -> None:
    """The centre of the scores is that of the curves: a customer with covariates at their mean."""
    spells = customers()
    effects = jl.cox(spells, "x + C(plan)", strata=strata)
    jl.write_scores(effects, spells, TIMES, folder=tmp_path)
    scores = pd.read_csv(tmp_path / "scores.csv")
    baseline = pd.read_csv(tmp_path / "scores_baseline.csv").set_index(["stratum", "time"])
    frame = spells.frame
    curves = effects.predict(frame, TIMES).pivot(index="row", columns="time", values="survival")
    for t in TIMES:
        hazard = [baseline.loc[(s, t), "cumulative_hazard"] for s in scores["stratum"]]
        mine = np.exp(-np.array(hazard) * np.exp(scores["score"]))
        assert np.allclose(mine, curves[t], atol=1e-12)
        assert np.allclose(scores[f"risk_by_{t:g}"], 1 - curves[t], atol=1e-12)
    assert np.allclose(scores["relative_hazard"], np.exp(scores["score"]))
    assert abs(scores["score"].mean()) < 1e-10
    assert scores["id"].tolist() == frame["id"].tolist()


def test_a_score_off_the_centre_would_be_seen(tmp_path: Path) -> None:
    """With the baseline of covariates at zero the same scores give other curves."""
    spells = customers()
    effects = jl.cox(spells, "x")
    jl.write_scores(effects, spells, TIMES, folder=tmp_path)
    scores = pd.read_csv(tmp_path / "scores.csv")
    zero = effects.baseline(centered=False)
    hazard = zero.loc[zero["time"] <= 5.0, "cumulative_hazard"].iloc[-1]
    wrong = np.exp(-hazard * np.exp(scores["score"]))
    right = effects.predict(spells.frame, [5.0])["survival"]
    assert np.abs(wrong - right).max() > 0.05


def test_nothing_shown_holds_an_id(tmp_path: Path) -> None:
    spells = customers(200)
    found = jl.write_scores(jl.cox(spells, "x"), spells, TIMES, folder=tmp_path)
    shown = repr(found) + found._repr_html_() + jl.say(found) + repr(found.frame.values.tolist())
    assert "customer-" not in shown and "scores.csv" in shown
    assert found.frame["n"].sum() == 200 and found.frame["n"].min() >= 20
    assert (tmp_path / "scores.csv").stat().st_mode & 0o077 == 0


def test_outside_a_run_nothing_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(individual.FOLDER, raising=False)
    spells = customers(200)
    found = jl.write_scores(jl.cox(spells, "x"), spells, TIMES)
    assert found.files == () and "not kept" in jl.say(found)


def test_both_halves_call_the_folder_the_same() -> None:
    assert individual.FOLDER == extras.VARIABLE


def test_customers_who_lack_a_value_are_counted(tmp_path: Path) -> None:
    spells = customers(200)
    effects = jl.cox(spells, "x")
    frame = spells.frame
    frame.loc[:4, "x"] = np.nan
    found = jl.write_scores(effects, spells.with_table(frame), TIMES, folder=tmp_path)
    assert len(pd.read_csv(tmp_path / "scores.csv")) == 195
    assert "5 customers lack a value" in jl.say(found)


def test_halves_depend_on_the_id_alone() -> None:
    spells = customers(400)
    train, test = jl.hold_out(spells)
    assert 0.2 < len(test.frame) / 400 < 0.4
    mixed = spells.with_table(spells.frame.sample(frac=1, random_state=1).iloc[:300])
    again = jl.hold_out(mixed)[1].frame["id"]
    assert set(again) <= set(test.frame["id"])
    assert set(jl.hold_out(spells, seed=2)[1].frame["id"]) != set(test.frame["id"])
    assert not set(train.frame["id"]) & set(test.frame["id"])
    with pytest.raises(DataError, match=r"a share of 1\.5"):
        jl.hold_out(spells, 1.5)


def test_predicted_curves_come_true_in_fifths() -> None:
    train, test = jl.hold_out(customers(3000, seed=4), 0.5)
    effects = jl.cox(train, "x + C(plan)")
    found = jl.fifths(effects, test, 10.0)
    table = found.frame
    assert table["group"].unique().tolist() == list("12345")
    inside = (table["predicted"] >= table["low"]) & (table["predicted"] <= table["high"])
    assert inside.mean() > 0.8
    last = table[table["time"] == table["time"].max()]["predicted"].tolist()
    assert last == sorted(last, reverse=True)
    mean = effects.predict(test.frame, [10.0])["survival"].mean()
    weights = table[table["time"] == 10.0]
    assert np.average(weights["predicted"], weights=weights["n"]) == pytest.approx(mean)
    assert "group 5: predicted" in jl.say(found)


def test_quality_is_told_with_its_interval_and_calibration_checked() -> None:
    from journeylib.plots.style import picture

    train, test = jl.hold_out(customers(3000, seed=4), 0.5)
    effects = jl.cox(train, "x + C(plan)")
    quality = jl.assess(effects, test, [5.0, 10.0])
    told = jl.prediction_quality(quality, 10.0)
    assert len(told) == 2 and told[0].low < told[0].value < told[0].high  # type: ignore[operator]
    assert jl.check_calibration(quality).verdict == "passed"
    upside = jl.cox(train.with_table(train.frame.assign(x=-train.frame["x"])), "x")
    assert jl.check_calibration(jl.assess(upside, test, [5.0, 10.0])).verdict == "warned"
    shown = picture(jl.plot_fifths(jl.fifths(effects, test, 10.0)))
    assert shown is not None and shown.table is not None
