"""The validation itself: it would see a wrong number, and it still runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import validation.__main__ as command
from validation import coverage, report
from validation.ledger import Ledger, furthest
from validation.leftout import REASONS

SAMPLES = 200
BAND = (0.90, 0.985)  # 95% and 200 samples: chance alone stays inside, a wrong error does not


def limits(study: str) -> tuple[np.ndarray, np.ndarray]:
    """Intervals of each sample and what they should contain, shapes (samples, truths, 2), (…,)."""
    chosen = coverage.by_name()[study]
    found = []
    for number in range(SAMPLES):
        made = chosen.limits(chosen.draw(coverage.generator(study, number)))
        found.append([made[t.key] for t in chosen.truths])
    return np.array(found), np.array([t.value for t in chosen.truths])


@pytest.mark.parametrize("study", ["arms", "competing"])
def test_intervals_cover_and_a_wrong_standard_error_would_be_seen(study: str) -> None:
    found, truth = limits(study)
    log = study == "competing"  # intervals made on the log scale
    found, truth = (np.log(found), np.log(truth)) if log else (found, truth)
    middle, reach = found.mean(axis=2), np.diff(found, axis=2)[..., 0] / 2
    share = {
        factor: coverage.contains(middle - factor * reach, middle + factor * reach, truth).mean(
            axis=0
        )
        for factor in (1 / 1.5, 1, 1.5)
    }
    assert (share[1] >= BAND[0]).all() and (share[1] <= BAND[1]).all()
    assert (share[1 / 1.5] < BAND[0]).all()
    assert (share[1.5] > BAND[1]).all()


def test_replications_do_not_depend_on_who_computes_them() -> None:
    alone = coverage.run(["arms"], 12, workers=1)
    together = coverage.run(["arms"], 12, workers=2)
    assert [c.share for c in alone] == [c.share for c in together]
    assert [c.replications for c in alone] == [12, 12]


def test_what_r_cannot_be_asked_is_asked_of_new_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    def outside(study: Any, asked: np.ndarray, hit: np.ndarray) -> list[coverage.Coverage]:
        return [coverage.Coverage(study.name, "", t, len(asked), 0.5) for t in study.truths]

    monkeypatch.setattr(coverage, "summary", outside)
    assert {c.replications for c in coverage.run(["averaged", "arms"], 4)} == {8, 4}


def test_a_deviation_is_relative_and_undefined_must_agree() -> None:
    assert furthest(np.array([1.0, 2.2]), np.array([1.0, 2.0])) == pytest.approx(0.1)
    assert furthest(np.array([1e-12]), np.array([0.0])) == 1e-12
    assert furthest(np.array([np.nan]), np.array([1.0])) == float("inf")
    assert furthest(np.array([1.0]), np.array([np.nan])) == float("inf")


def test_the_book_lets_nothing_pass_unseen() -> None:
    curve = {"model": "survfit", "time": [1, 2], "surv": [0.9, 0.5], "log_p": -3.0}
    book = Ledger({"telco": {"new": curve, "other": {"surv": [1.0]}}})
    book.compare("curve", "telco/new/surv", [0.9, 0.6], 1e-8)
    assert [c.passed for c in book.done] == [False]
    assert book.done[0].deviation == pytest.approx(0.2)
    left, unexplained = book.explained(REASONS)
    assert unexplained == ["telco/other/surv"]
    assert {pattern: n for pattern, (_, n) in left.items()} == {"*/log_p": 1}


def test_every_number_of_r_is_compared_or_left_out_for_a_reason(shared: Path) -> None:
    """Also when a function becomes public that was missing when the reason was written."""
    book = command.book()
    assert [c for c in book.done if not c.passed] == []
    assert book.explained(REASONS)[1] == []


def test_a_miss_is_excused_only_by_r_on_the_same_samples() -> None:
    truth = coverage.by_name()["arms"].truths[0]
    alone = coverage.Coverage("arms", "two groups", truth, 2000, 0.90)
    same = coverage.Coverage("arms", "two groups", truth, 2000, 0.90, peer=0.90)
    other = coverage.Coverage("arms", "two groups", truth, 2000, 0.90, peer=0.95)
    assert [c.excused for c in (alone, same, other)] == [False, True, False]
    page = report.coverage_part([other], {}, 2000)
    assert "**NO**" in page and "**90.00** (R 95.00)" in page


def test_the_command_runs_and_writes_no_page_when_it_is_quick(
    capsys: pytest.CaptureFixture,
) -> None:
    with unchanged(command.PAGE):
        arguments = ["--only", "coverage", "--study", "arms", "--replications", "20"]
        assert command.main([*arguments, "--workers", "1"]) == 0
    assert "Restricted mean: difference" in capsys.readouterr().out


@contextmanager
def unchanged(page: Path) -> Iterator[None]:
    """The page is as it was."""
    before = page.read_bytes() if page.exists() else None
    yield
    assert (page.read_bytes() if page.exists() else None) == before
