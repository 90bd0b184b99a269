"""The parts of the validation page: samples without an interval, simulated effects, promises."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from validation import coverage, recovery, report, report_journeys
from validation import designs_of_models as d
from validation.coverage import Coverage
from validation.designs import in_stage, stages
from validation.gates import Promise
from validation.recovery import Recovered
from validation.report_journeys import gates_part, recovery_part
from validation.studies_of_use import fitted, population, risks, true_auc, true_brier
from validation.study import Study, Truth


def test_a_sample_without_an_interval_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    def limits(frame: pd.DataFrame) -> dict[str, tuple[float, float]]:
        return {"x|normal|here": (0.0, 2.0)} if frame["time"].iloc[0] > 0.5 else {}

    def draw(rng: np.random.Generator) -> pd.DataFrame:
        return pd.DataFrame({"time": rng.random(40)})

    study = Study("half", "", draw, (Truth("x", "normal", "here", 1.0),), limits)
    monkeypatch.setattr(coverage, "by_name", lambda: {"half": study})
    asked, hit = coverage.replicate("half", range(400))
    assert 0.4 < asked.mean() < 0.6
    (found,) = coverage.summary(study, asked, hit)
    assert found.share == 1 and found.replications == asked.sum()


def test_what_is_true_of_the_stages_is_what_integrals_and_a_large_sample_say() -> None:
    days, moved = d.days_in_stage(60.0), d.moved_by(60.0)
    assert sum(days.values()) == pytest.approx(60)
    steps = np.linspace(0, 60, 4001)
    for stage, mean in days.items():
        assert mean == pytest.approx(np.trapezoid([in_stage(t)[stage] for t in steps], steps), 1e-6)
    assert moved["new", "active"] + moved["new", "gone"] == pytest.approx(1 - in_stage(60)["new"])
    gone = moved["new", "gone"] + moved["active", "gone"]
    assert gone == pytest.approx(in_stage(60)["gone"])
    rows = stages(np.random.default_rng(1), 40_000)
    left = rows[(rows["stage"] == "new") & (rows["to"] > 0)]
    ahead = moved["new", "active"] / (moved["new", "active"] + moved["new", "gone"])
    assert (left["to"] == 1).mean() == pytest.approx(ahead, abs=0.01)


def test_what_is_true_of_predictions_is_what_a_large_sample_shows() -> None:
    rng = np.random.default_rng(2)
    frame, ratio = population()
    predicted, true = risks(50)
    n = 400_000
    who = rng.integers(0, len(frame), n)
    case = rng.random(n) < true[who]
    score = predicted[who]
    assert np.mean((case - score) ** 2) == pytest.approx(true_brier(50), abs=0.002)
    one, other = rng.choice(score[case], n), rng.choice(score[~case], n)
    assert np.mean(one > other) == pytest.approx(true_auc(50), abs=0.004)
    assert fitted().about["formula"] == "x + z" and ratio.min() > 0


BIASED = Recovered("s", "value", False, truth=1.0, mean=1.3, error=0.1, journeys=40)


def test_a_bias_is_forgiven_only_when_new_journeys_do_not_show_it() -> None:
    assert BIASED.z == pytest.approx(3)
    assert not BIASED.passed
    assert replace(BIASED, again=-0.5).passed
    assert not replace(BIASED, again=2.8).passed
    assert replace(BIASED, again=-2.8).passed  # on the other side: chance
    assert replace(BIASED, mean=1.15).passed
    shortcut = replace(BIASED, shortcut=True)
    assert not shortcut.passed and replace(shortcut, mean=0.5).passed
    page = recovery_part([replace(BIASED, again=2.8), replace(shortcut, mean=0.5)], 40)
    assert "3.0 (again 2.8) | **NO**" in page and "errs, as it should" in page


def test_opting_out_is_found_and_the_crude_share_errs() -> None:
    right, naive = recovery.run(["opting out"], 8)
    assert abs(right.z) < 3 and not right.shortcut
    assert naive.shortcut and naive.mean < naive.truth - 0.03


def test_a_promise_has_bounds() -> None:
    told = Promise("a cured share is told", "gamma", 200, 0.83, 0.8, 1.0)
    kept = Promise("false alarms", "five looks", 2000, 0.07, 0.0, 0.06)
    assert told.passed and not kept.passed
    page = gates_part([told, kept])
    assert "83.00 | at least 80 | ok" in page and "7.00 | at most 6 | **NO**" in page


def test_a_part_of_the_page_is_renewed_and_the_rest_stays() -> None:
    page = report.document(["## 1. One\n\nold", "## 3. Three\n\nkept"])
    new = report.renewed(page, ["## 1. One\n\nnew", "## 2. Two\n\nadded", "## Other\n\nlast"])
    assert "old" not in new
    places = [new.index(word) for word in ("new", "added", "kept", "last")]
    assert places == sorted(places)
    assert report.renewed(new, []) == new
    assert report_journeys.PLAIN > report_journeys.REACH


def covered(study: str, shares: list[float], peer: float | None = None) -> list[Coverage]:
    truths = [Truth("Curve", "log", f"day {k}", 0.5) for k, _ in enumerate(shares)]
    return [
        Coverage(study, study, truth, 2000, share, peer)
        for truth, share in zip(truths, shares, strict=True)
    ]


def test_a_study_that_is_run_again_replaces_its_own_rows_and_everything_is_counted_anew() -> None:
    first = covered("one", [0.95, 0.90], peer=0.90) + covered("two", [0.80])
    page = report.document([report.coverage_part(first, {"one": 1e-9}, 2000), "## 4. Next\n\nx"])
    assert "3 nominal" in page and "1 lie in the band; 1 miss it together" in page
    again = report.coverage_part(covered("two", [0.94, 0.96]), {"two": 2e-8}, 2000)
    whole = report.renewed(page, [report.coverage_renewed(page, again, 2000)])
    assert "4 nominal" in whole and "3 lie in the band; 1 miss it together" in whole
    assert "0 miss it alone" in whole and "deviation of a limit is 2.0e-08" in whole
    assert "80.00" not in whole and "**90.00** (R 90.00)" in whole and "## 4. Next" in whole
