"""Findings, ledger, small groups, audits: what a report says about itself."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import journeylib as jl
from journeylib.audit import Audit
from journeylib.errors import DataError
from journeylib.findings import MIME
from journeylib.privacy import small_groups
from journeylib.results import html_table


def test_a_finding_is_json_without_nan() -> None:
    told = jl.finding("median", float("nan"), 310, float("inf"), unit="days", n=3)
    (payload,) = told._repr_mimebundle_()[MIME]["findings"]
    assert payload["value"] is None and payload["high"] is None and payload["low"] == 310
    json.dumps(payload, allow_nan=False)


@pytest.mark.parametrize(
    ("words", "change"),
    [
        ("outside", {"value": 5.0, "low": 6.0, "high": 7.0}),
        ("scale", {"scale": "cubic"}),
        ("better", {"better": "blue"}),
    ],
)
def test_an_impossible_finding_is_refused(words: str, change: dict) -> None:
    with pytest.raises(DataError, match=words):
        jl.finding(**{"name": "x", "value": 1.0, "low": 0.5, "high": 2.0, **change})


def test_findings_of_a_curve_are_the_curve() -> None:
    frame = pd.DataFrame({"time": [1, 2, 3, 4] * 10, "event": [1, 0, 1, 0] * 10,
                          "tier": ["a", "b"] * 20})  # fmt: skip
    curve = jl.survival_curve(jl.spells_from_frame(frame, unit="days"), by="tier")
    at = curve.at([1]).set_index("group")
    for told in jl.shares(curve, at=1):
        row = at.loc[told.group]
        assert told.value == pytest.approx(100 * (1 - row["survival"]))
        if told.events:
            assert told.low == pytest.approx(100 * (1 - row["high"]))
        assert told.n == 20 and told.unit == "%"


@given(st.dictionaries(st.text(min_size=1, max_size=3), st.integers(1, 60), min_size=1),
       st.integers(2, 40))  # fmt: skip
def test_no_group_under_the_minimum_is_left(sizes: dict[str, int], minimum: int) -> None:
    pooled = small_groups(sizes, minimum)
    left = {k: n for k, n in sizes.items() if k not in pooled}
    assert all(n >= minimum for n in left.values())
    if pooled and left:
        assert sum(sizes[k] for k in pooled) >= minimum
    assert not pooled or any(sizes[k] < minimum for k in pooled)


def test_pooled_customers_are_noted_and_nobody_is_lost() -> None:
    frame = pd.DataFrame({"time": 1.0, "event": 1, "tier": ["a"] * 30 + ["b"] * 5 + [None] * 3})
    spells = jl.spells_from_frame(frame)
    pooled = jl.pool_small(spells, "tier", minimum=6)
    assert pooled.frame["tier"].value_counts().to_dict() == {"a": 30, "other": 8}
    assert sum(pooled.audit.notes.values()) == 8
    assert pooled.audit.n_kept == 38


def test_too_few_in_all_is_an_error_with_or_without_groups() -> None:
    spells = jl.spells_from_frame(pd.DataFrame({"time": [1.0] * 5, "event": 1, "tier": "a"}))
    for by in (None, "tier"):
        with pytest.raises(DataError, match="only 5 customer"):
            jl.pool_small(spells, by, minimum=20)


def test_an_audit_that_does_not_add_up_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="does not add up"):
        Audit("rows", 10, {"kept": 5}, {"dropped": 4})
    audit = Audit("rows", 10, {"a": 6, "b": 4}).drop("missing age", 5)
    assert audit.frame["rows"].sum() == 10
    assert audit.dropped == {"missing age": 5}


def test_follow_up_too_short_is_warned() -> None:
    frame = pd.DataFrame({"time": np.arange(1, 101), "event": 1})
    curve = jl.survival_curve(jl.spells_from_frame(frame))
    assert jl.check_follow_up(curve, 50).verdict == "passed"
    assert jl.check_follow_up(curve, 95).verdict == "warned"


def test_ledger_counts_its_verdicts() -> None:
    html = jl.ledger(
        jl.Check("a", "passed", "", ""), jl.Check("b", "failed", "<i>", ""), None
    )._repr_html_()
    assert "1 passed, 1 failed" in html and "&lt;i&gt;" in html
    with pytest.raises(DataError, match="verdict 'fine'"):
        jl.Check("a", "fine", "", "")


def test_a_group_is_said_once_and_differences_to_three_digits() -> None:
    frame = pd.DataFrame({"group": ["a / x", "b / x"], "shop": ["a", "b"], "kind": ["x", "x"],
                          "rmst": [12.3456, 3.4567]})  # fmt: skip
    html = jl.show(frame, "Times")._repr_html_()
    assert "shop" not in html and ">12.3<" in html and ">3.46<" in html
    assert "shop" in jl.show(frame.assign(shop="c"), "Times")._repr_html_()


def test_the_head_of_a_detectable_difference_says_the_power_it_is_made_with() -> None:
    rows = {"time": [1, 2, 3, 4, 5, 6, 7, 8], "event": 1, "plan": list("aaaabbbb")}
    scan = jl.segment_scan(jl.spells_from_frame(pd.DataFrame(rows)), "plan", 4)
    assert f"{scan.about['power']:.0%} power" in html_table(scan.frame, "Each against all others")


def test_a_table_of_each_value_of_a_column() -> None:
    frame = pd.DataFrame({"shop": ["b", "a", "b"], "sold": [1, 2, 3], "at": ["x.html", "", ""]})
    made = jl.show(frame, "Sold", {"sold": "at"}, each="shop")
    html = made._repr_html_()
    assert html.count("<table") == 2 and "shop" not in html
    assert html.index("<caption>Sold: b") < html.index("<caption>Sold: a")
    assert repr(made).startswith("Sold: b\n") and "x.html" not in repr(made)


def test_a_column_of_numbers_is_headed_above_its_numbers_to_few_digits() -> None:
    frame = pd.DataFrame({"group": ["a"], "statistic": [0.36479], "p": [0.5], "share": [0.62559]})
    html = jl.show(frame, "t")._repr_html_()
    assert "<th scope='col'>group</th><th scope='col' class='num'>statistic</th>" in html
    assert "<td class='num'>0.36</td>" in html and "<td class='num'>0.626</td>" in html
    assert "<td class='num'>608</td>" in jl.show(frame.assign(statistic=607.9), "t")._repr_html_()
