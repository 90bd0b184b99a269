"""The study of changes between two runs, on a few seeds: the planted one is named."""

from __future__ import annotations

from dataclasses import replace

import pytest

from validation.changes import DESIGNS, PLANTED, Found, replicate, section, summary

SEEDS = 10


@pytest.fixture(scope="module")
def found() -> list[Found]:
    made = [replicate(seed, planted=True) for seed in range(SEEDS)]
    designs = [d for d in DESIGNS if d.planted]
    return [
        summary(d, several) for d, several in zip(designs, zip(*made, strict=True), strict=True)
    ]


def test_the_planted_channel_is_named_and_the_others_are_noise(found: list[Found]) -> None:
    assert {f.design.name for f in found} == {"half a year more", "the next half year"}
    for f in found:
        assert f.named >= 0.8
        assert f.false_share <= 0.15
        quiet = [r for r in f.rates if r.findings != PLANTED]
        assert {r.findings for r in quiet} == {"shares", "means", "medians"}
        assert all(r.alone <= 0.2 for r in quiet)
        loud = next(r for r in f.rates if r.findings == PLANTED)
        assert loud.together > 0.5 > max(r.together for r in quiet)


def test_the_section_says_so(found: list[Found]) -> None:
    text = section(found)
    assert "## Changes between two runs" in text
    assert "| half a year more | yes | shares |" in text
    assert "| ok |" in text


def test_a_study_that_finds_too_much_or_too_little_fails(found: list[Found]) -> None:
    good = found[0]
    assert good.passed
    assert not replace(good, named=0.5).passed
    assert not replace(good, false_share=0.6).passed
    loose = replace(good.rates[0], findings="shares", alone=0.5)
    assert not replace(good, rates=(loose,)).passed
