"""R's results on small data sets that are kept here, so that anybody can verify them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import journeylib as jl

HERE = Path(__file__).parent / "compact"


def read(name: str) -> tuple[dict[str, Any], pd.DataFrame]:
    result = json.loads((HERE / f"{name}.json").read_text())
    return result, pd.DataFrame(result["rows"])


@pytest.fixture
def lung() -> tuple[dict[str, Any], jl.Spells]:
    result, rows = read("lung")
    return result, jl.spells_from_frame(rows, unit="days")


def transplants() -> tuple[dict[str, Any], jl.Spells]:
    result, rows = read("heart")
    return result, jl.spells_from_frame(rows, stop="stop", cause="event", start="start", id="id")


def competing(delayed: bool) -> tuple[dict[str, Any], jl.Spells]:
    result, rows = read("competing")
    if delayed:
        return result, jl.spells_from_frame(rows, stop="stop", cause="cause", start="start")
    rows = rows.assign(stop=rows["stop"] - rows["start"], stratum=np.arange(80) // 20)
    return result, jl.spells_from_frame(rows.drop(columns="start"), stop="stop", cause="cause")


@pytest.mark.parametrize("conf", ["log", "log-log", "plain"])
def test_lung_curve(lung, close, conf):
    result, spells = lung
    wanted, suffix = result["curve"], conf.replace("-", "")
    at = jl.survival_curve(spells, conf=conf).at(wanted["time"])
    for ours, theirs in (("at_risk",) * 2, ("survival",) * 2, ("std_err",) * 2):
        close(at[ours], wanted[theirs], ours)
    close(at["low"], wanted[f"low_{suffix}"])
    close(at["high"], wanted[f"high_{suffix}"])


def test_lung_median_is_310_with_r_s_interval(lung):
    _, spells = lung
    log = jl.survival_curve(spells, conf="log").median
    loglog = jl.survival_curve(spells).median
    assert log[["quantile", "low", "high"]].values.tolist() == [[310, 285, 363]]
    assert loglog[["quantile", "low", "high"]].values.tolist() == [[310, 284, 361]]


@pytest.mark.parametrize("conf", ["log", "log-log"])
def test_lung_quartiles(lung, close, conf):
    result, spells = lung
    wanted, suffix = result["curve"], conf.replace("-", "")
    found = jl.survival_curve(spells, conf=conf).quantile(wanted["p"])
    close(found["quantile"], wanted["quantile"])
    close(found["low"], wanted[f"quantile_low_{suffix}"])
    close(found["high"], wanted[f"quantile_high_{suffix}"])


def test_lung_hazard_and_restricted_mean(lung, close):
    result, spells = lung
    wanted = result["curve"]
    at = jl.cumulative_hazard(spells).at(wanted["time"])
    close(at["cumulative_hazard"], wanted["hazard"])
    close(at["std_err"], wanted["hazard_se"])
    mean = jl.rmst(spells, horizon=wanted["horizon"]).frame
    close(mean["rmst"], [wanted["rmst"]])
    close(mean["std_err"], [wanted["rmst_se"]])


@pytest.mark.parametrize(
    ("entry", "options"),
    [
        ("logrank", {"test": "logrank"}),
        ("peto", {"test": "peto"}),
        ("fleming_harrington_half", {"test": "fleming-harrington", "rho": 0.5}),
    ],
)
def test_lung_by_sex(lung, close, entry, options):
    result, spells = lung
    wanted = result[entry]
    found = jl.compare(spells, "sex", **options)
    close(found.statistic, wanted["statistic"])
    for column in ("n", "observed", "expected"):
        close(found.frame[column], wanted[column], column)


def test_probability_weights_get_the_robust_variance(lung, close):
    result, spells = lung
    wanted = result["weighted"]
    table = spells.frame.assign(w=np.tile(wanted["weights"], 57))
    curve = jl.survival_curve(spells.with_table(table), conf="log", weights="w")
    at = curve.at(wanted["time"])
    assert curve.about["robust"] is True
    close(at["survival"], wanted["survival"])
    close(at["std_err"], wanted["std_err"])
    close(at["low"], wanted["low_log"])
    close(at["high"], wanted["high_log"])


def test_rows_split_at_the_transplant_are_one_stay(close):
    result, spells = transplants()
    wanted = result["curve"]
    curve = jl.survival_curve(spells, conf="log")
    at = curve.at(wanted["time"])
    close(at["survival"], wanted["survival"])
    close(at["std_err"], wanted["std_err"])
    close(at["low"], wanted["low_log"])
    close(at["high"], wanted["high_log"])
    # 103 patients, 75 deaths, 28 alive at the end: a transplant neither enters nor censors
    frame = curve.frame
    assert (frame["entered"].sum(), frame["events"].sum(), frame["censored"].sum()) == (0, 75, 28)
    assert (curve.about["n"], curve.about["ids"]) == (103, 103)


def test_transplanted_enter_late(close):
    result, spells = transplants()
    wanted = result["after_transplant"]
    curve = jl.survival_curve(spells, by="transplant")
    at = curve.at(wanted["time"]).query("group == '1'")
    # R reports who is at risk at the next event, we who is at risk at the time itself
    rows = spells.frame.query("transplant == 1")
    own = [int(((rows["start"] < t) & (rows["stop"] >= t)).sum()) for t in wanted["time"]]
    assert at["at_risk"].tolist() == own
    close(at["survival"], wanted["survival"])
    close(at["std_err"], wanted["std_err"])
    score = jl.compare(spells, "transplant")
    close(score.statistic, result["transplant_score"])
    assert score.about["ties"] == "breslow"


def test_bladder_mean_number_of_recurrences(close):
    result, rows = read("bladder")
    spells = jl.spells_from_frame(rows, stop="stop", cause="event", start="start", id="id")
    wanted = pd.DataFrame(result["mean_count"])
    found = jl.mean_cumulative_count(spells, by="rx").at([6, 12, 24, 36])
    assert found["group"].tolist() == wanted["group"].astype(str).tolist()
    close(found["mean_count"], wanted["mean_count"])
    close(found["std_err"], wanted["std_err"])
    close(found["at_risk"], wanted["at_risk"])


@pytest.mark.parametrize("delayed", [False, True])
def test_two_outcomes(close, delayed):
    result, spells = competing(delayed)
    wanted = result["delayed_entry" if delayed else "from_the_origin"]
    at = jl.cumulative_incidence(spells).at(wanted["time"])
    for cause in (1, 2):
        rows = at[at["cause"] == cause]
        for column in ("incidence", "std_err", "low", "high"):
            close(rows[column], np.array(wanted[column], dtype=float)[:, cause - 1], column)


@pytest.mark.parametrize(("strata", "entry"), [(None, "gray"), ("stratum", "gray_stratified")])
def test_gray_with_and_without_strata(close, strata, entry):
    result, spells = competing(delayed=False)
    found = jl.compare(spells, "group", test="gray", strata=strata)
    close(found.statistic, result[entry])
