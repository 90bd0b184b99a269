"""On a journey that lacks something, the later notebooks say so and show what they can."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cells import run_cells
from logs import journey_text

import journeylib as jl
from journeylib.words.parts import Sentence


@pytest.fixture(scope="module")
def journey(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A shop with visits and one purchase each: no score, no arm, nobody comes back."""
    folder = tmp_path_factory.mktemp("shop")
    rng = np.random.default_rng(8)
    n = 300
    start = pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 120, n), unit="D")
    bought = start + pd.to_timedelta(rng.integers(0, 60, n), unit="D")
    ids = [f"c{k:03}" for k in range(n)]
    rows = pd.concat(
        [
            pd.DataFrame({"id": ids, "at": start, "event": "ad"}),
            pd.DataFrame({"id": ids, "at": bought, "event": "purchase"})[: n // 2],
        ]
    )
    rows.assign(at=rows["at"].dt.strftime("%Y-%m-%d")).to_csv(folder / "events.csv", index=False)
    tables = {
        "stages": {"awareness": ["ad"], "purchase": ["purchase"]},
        "window": {"cutoff": "@2020-06-30"},
        "churn": {"inactivity_days": 90, "activity": ["ad", "purchase"]},
    }
    (folder / "journey.toml").write_text(journey_text(["id", "at", "event"], **tables))
    return str(folder / "journey.toml")


def notes(names: dict) -> str:
    return " ".join(str(s) for s in names["shown"] if isinstance(s, Sentence))


def test_nobody_comes_back(journey: str, tmp_path: Path) -> None:
    told = run_cells("08_after_purchase", journey=journey, horizon=60.0, exposures="ad")
    values = {f.name: f.value for f in told["answer"]}
    assert values["purchase: times per customer within 60 days"] == 0
    assert "Nothing was asked for." in notes(told)
    assert told["coming"] is None and told["gap"] is None


def test_no_scores_and_nobody_recommends(journey: str) -> None:
    told = run_cells(
        "09_voice_of_customer", journey=journey, origin="ad", leaves="purchase", until="",
        held="", exposures="", horizon=30.0,
    )  # fmt: skip
    text = notes(told)
    assert "The log has no event survey with a score" in text
    assert "Nobody recommends in this log." in text and "no sentiment" in text
    assert "How often purchase happens among 100 customers at risk, in 30 days" in text


def test_no_arm(journey: str) -> None:
    told = run_cells(
        "10_improvement", journey=journey, origin="ad", until="", arm="", horizon=30.0
    )  # fmt: skip
    text = notes(told)
    assert "there is no experiment to read" in text and "No look is due." not in text
    names = {f.name for f in told["answer"]}
    assert "reach purchase within 30 days" in names
    assert any("change from one cohort to the next" in name for name in names)


def test_no_cohorts(journey: str) -> None:
    told = run_cells(
        "10_improvement", journey=journey, origin="ad", until="", arm="", cohort="", horizon=30.0
    )
    assert "No cohorts were asked for" in notes(told)


def test_an_experiment_that_is_still_running(samples: Path) -> None:
    told = run_cells("10_improvement", ratio=1.05, horizon=30.0)
    assert told["read"].decision == "go on" and told["arms"] is None
    assert "The experiment is not over." in notes(told)
    # no number by arm that would be one more look
    assert not [f for f in told["answer"] if f.group in ("control", "treatment")]


def test_the_simulated_truth_stands_beside_the_estimates(samples: Path) -> None:
    told = run_cells("09_voice_of_customer", horizon=90.0)
    beside = jl.beside_truth(told["log"], told["answer"]).frame
    assert {"net promoter score of those who answered"} <= set(beside["finding"])
    assert len(beside) >= 9
    assert (beside["verdict"] == "hit").mean() >= 0.8
