"""Two runs of a finding: variance of their difference by hand, and the words for it."""

from __future__ import annotations

import math
from typing import Any

import pytest

from journeylib.reporting.changes import adjust, compare, judge, previous
from journeylib.reporting.noise import Z95, benjamini_hochberg, std_err_of
from journeylib.reporting.records import RunRecord
from journeylib.reporting.relations import Relation, relation


def found(value: float | None, std_err: float | None = None, **more: Any) -> dict[str, Any]:
    return {"name": "bought", "value": value, "std_err": std_err, "unit": "%", **more}


def run(run_id: str = "01", *findings: dict[str, Any], **about: Any) -> RunRecord:
    """A run over 2025 of the data set Shop, unless told otherwise."""
    window = {"start": about.pop("start", "2025-01-01"), "cutoff": about.pop("to", "2025-12-31")}
    data: dict[str, Any] = {"journey": about.pop("data_set", "Shop")}
    if (rows := about.pop("rows", None)) is not None:
        data["events kept"] = rows
    given = {
        "parameters": {"journey": "shop", "horizon": 30, "cutoff": ""},
        "fingerprint": "a",
        "provenance": {"data": data, "window": window},
        "findings": findings,
    }
    return RunRecord("r", run_id, **{**given, **about})


# 3 and 4 make 5 where disjoint; 5 and 4 leave 3 where one contains the other
@pytest.mark.parametrize(
    ("kind", "errors", "std_err"),
    [("disjoint", (3, 4), 5.0), ("contains", (5, 4), 3.0), ("contains", (4, 5), 3.0),
     ("overlap", (3, 4), 5.0)],
)  # fmt: skip
def test_the_variance_of_a_difference(kind: str, errors: tuple[int, int], std_err: float) -> None:
    change = judge(found(40.0, errors[0]), found(46.0, errors[1]), Relation(kind, larger="new"))
    assert change.difference == 6.0
    assert change.std_err == pytest.approx(std_err)
    assert change.z == pytest.approx(6 / std_err)
    assert change.p == pytest.approx(math.erfc(6 / std_err / math.sqrt(2)))
    assert change.interval == pytest.approx((6 - Z95 * std_err, 6 + Z95 * std_err))


def test_ratios_are_compared_by_their_logarithm() -> None:
    old, new = (found(x, 0.3, scale="log", unit="") for x in (0.5, 1.0))
    change = judge(old, new, Relation("disjoint"))
    assert change.difference == pytest.approx(math.log(2))
    assert change.z == pytest.approx(math.log(2) / math.sqrt(0.18))
    assert change.shown == "× 2.00"


@pytest.mark.parametrize(
    ("finding", "std_err"),
    [
        (found(40.0, 1.5, low=1.0, high=99.0), 1.5),
        (found(40.0, low=40 - Z95 * 2, high=40 + Z95 * 2), 2.0),
        (found(2.0, low=2 * math.exp(-Z95 * 0.2), high=2 * math.exp(Z95 * 0.2), scale="log"), 0.2),
        (found(40.0, low=30.0), None),
        (found(40.0, low=None, high=50.0), None),
        (found(0.0, 0.0), None),
        (found(40.0), None),
        (found(0.0, low=0.0, high=1.0, scale="log"), None),
        (found(40.0, float("nan"), low=36.0, high=44.0), 4 / Z95),
    ],
)
def test_the_standard_error_is_given_or_read_off_the_interval(
    finding: dict[str, Any], std_err: float | None
) -> None:
    assert std_err_of(finding) == (None if std_err is None else pytest.approx(std_err))


@pytest.mark.parametrize(
    ("old", "new", "verdict", "why"),
    [
        (found(40.0, 1.0), found(41.0, 1.0), "noise", ""),
        (found(40.0, 1.0), found(45.0, 1.0), "moved", ""),
        (found(40.0, 1.0), found(40.0, 1.0), "unchanged", ""),
        (found(None), found(40.0, 1.0), "unjudged", "it is not reached in the earlier run"),
        (found(40.0, 1.0), found(None), "unjudged", "it is not reached in the later run"),
        (found(None), found(None), "unjudged", "it is not reached in either run"),
        (found(40.0, low=30.0), found(45.0, 1.0), "unjudged", "no standard error is known for it"),
        (found(400), found(450), "counted", "no standard error is known for it"),
        (found(0.0, scale="log"), found(2.0, scale="log"), "unjudged",
         "it is not reached in the earlier run"),
        (found(None, low=0.0, high=34.0), found(40.0, 1.0), "unjudged",
         "no point is given in the earlier run"),
        (found(None, low=0.0, high=34.0), found(None, low=0.0, high=30.0), "unjudged",
         "no point is given in either run"),
    ],
)  # fmt: skip
def test_the_verdict(old: dict[str, Any], new: dict[str, Any], verdict: str, why: str) -> None:
    change = judge(old, new, Relation("disjoint"))
    assert (change.verdict, change.why) == (verdict, why)


def test_the_verdict_is_by_the_adjusted_p_value() -> None:
    alone = judge(found(40.0, 1.0), found(43.0, 1.0), Relation("disjoint"))
    still = judge(found(40.0, 1.0), found(40.5, 1.0), Relation("disjoint"))
    assert alone.p == pytest.approx(0.0339, abs=1e-4)
    assert (alone.verdict, adjust([alone])[0].verdict) == ("moved", "moved")
    together = adjust([alone, still, still])
    assert [c.verdict for c in together] == ["noise"] * 3
    assert together[0].adjusted == pytest.approx(3 * alone.p)


@pytest.mark.parametrize(
    ("better", "value", "good"),
    [("higher", 45.0, True), ("higher", 35.0, False), ("lower", 45.0, False), ("lower", 35.0, True),
     (None, 45.0, None), ("higher", 40.0, None)],
)  # fmt: skip
def test_whether_a_direction_is_good(better: str | None, value: float, good: bool | None) -> None:
    new = found(value, 1.0, better=better)
    assert judge(found(40.0, 1.0), new, Relation("disjoint")).good is good


# by hand: sorted p times m over rank, then the least from the right
@pytest.mark.parametrize(
    ("given", "adjusted"),
    [
        ([], []),
        ([None], [None]),
        ([0.2], [0.2]),
        ([0.01, 0.02, 0.03], [0.03, 0.03, 0.03]),
        ([0.04, 0.001, None, 0.5], [0.06, 0.003, None, 0.5]),
        ([0.9, 0.9], [0.9, 0.9]),
    ],
)
def test_benjamini_hochberg(given: list[float | None], adjusted: list[float | None]) -> None:
    assert benjamini_hochberg(given) == [a if a is None else pytest.approx(a) for a in adjusted]


@pytest.mark.parametrize(
    ("old", "new", "kind", "larger"),
    [
        ({}, {}, "same", ""),
        ({}, {"to": "2026-03-31", "fingerprint": "b"}, "contains", "new"),
        ({"to": "2026-03-31"}, {"fingerprint": "b"}, "contains", "old"),
        ({}, {"start": "2025-07-01"}, "contains", "old"),
        ({"rows": 90}, {"rows": 95, "fingerprint": "b"}, "contains", "new"),
        ({"rows": 95}, {"rows": 90, "fingerprint": "b"}, "contains", "old"),
        ({"rows": 90}, {"rows": 90, "fingerprint": "b"}, "same", ""),
        ({}, {"fingerprint": "b"}, "overlap", ""),
        ({}, {"start": "2026-01-01", "to": "2026-12-31"}, "disjoint", ""),
        ({}, {"start": "2025-07-01", "to": "2026-06-30"}, "overlap", ""),
        ({"to": "2025-12-31T12:00:00"}, {"to": "2025-12-31T18:00:00+00:00"}, "contains", "new"),
        ({}, {"data_set": "Other"}, "disjoint", ""),
        ({"parameters": {"segment": "a"}}, {"parameters": {"segment": "b"}}, "disjoint", ""),
        ({"parameters": {"horizon": 30}}, {"parameters": {"horizon": 60}}, "unknown", ""),
        ({}, {"parameters": {"journey": "shop", "horizon": 30}}, "same", ""),
        ({"provenance": {}}, {"provenance": {}}, "same", ""),
        ({"provenance": {}}, {"provenance": {}, "fingerprint": "b"}, "unknown", ""),
        ({"provenance": {}, "fingerprint": None}, {"fingerprint": None}, "unknown", ""),
        ({}, {"to": "data"}, "same", ""),
        ({"provenance": {"window": "x", "data": 3}}, {"fingerprint": "b"}, "unknown", ""),
    ],
)  # fmt: skip
def test_how_the_customers_of_two_runs_relate(
    old: dict[str, Any], new: dict[str, Any], kind: str, larger: str
) -> None:
    told = relation(run("01", **old), run("02", **new))
    assert (told.kind, told.larger) == (kind, larger)
    assert told.why


def test_containment_is_not_believed_where_the_larger_run_counted_fewer() -> None:
    old, new = found(40.0, 4.0, n=900), found(46.0, 3.0, n=800)
    change = judge(old, new, Relation("contains", larger="new"))
    assert (change.relation, change.std_err) == ("overlap", 5.0)
    assert judge(new, old, Relation("contains", larger="new")).relation == "contains"


def test_within_a_larger_run_the_variance_is_no_less_than_new_events_bring() -> None:
    related = Relation("contains", larger="new")
    old, new = found(40.0, 2.0, events=100), found(41.0, 1.999, events=110)
    one = (100 * 2.0**2 + 110 * 1.999**2) / 2  # the variance that one event leaves
    change = judge(old, new, related)
    assert change.std_err == pytest.approx(math.sqrt(one * (1 / 100 - 1 / 110)))
    assert change.std_err > math.sqrt(2.0**2 - 1.999**2)
    # where the errors themselves say more, they are believed
    assert judge(old, {**new, "std_err": 1.0}, related).std_err == pytest.approx(math.sqrt(3))


def test_an_error_read_off_an_interval_asks_for_ten_new_events() -> None:
    related = Relation("contains", larger="new")
    old = found(40.0, low=36.0, high=44.0, events=100)
    for events, verdict in ((109, "unjudged"), (110, "moved")):
        change = judge(old, found(60.0, low=56.2, high=63.8, events=events), related)
        assert change.verdict == verdict
        assert change.why == ("fewer than 10 events are new" if verdict == "unjudged" else "")
    given = judge({**old, "std_err": 2.0}, found(60.0, 1.9, events=101), related)
    assert given.verdict == "moved"
    apart = judge(old, found(60.0, low=56.2, high=63.8, events=101), Relation("disjoint"))
    assert apart.verdict == "moved"


def test_findings_are_matched_by_name_group_unit_and_scale() -> None:
    old = run("01", found(40.0, 1.0, group="a"), found(3.0, 1.0, unit="days"), found(1.0))
    new = run(
        "02", found(41.0, 1.0, group="b"), found(45.0, 1.0, group="a"), found(2.0), found(3.0),
        to="2026-12-31",
    )  # fmt: skip
    told = [(c.group, c.finding["unit"], c.verdict) for c in compare(old, new)]
    assert told == [
        ("b", "%", "new"), ("a", "%", "unjudged"), ("", "%", "counted"), ("", "%", "new"),
        ("", "days", "gone"),
    ]  # fmt: skip


def test_on_the_same_data_a_difference_is_no_chance() -> None:
    changes = compare(run("01", found(40.0, 1.0)), run("02", found(40.1, 1.0)))
    assert [(c.verdict, c.p) for c in changes] == [("recomputed", None)]


def test_another_question_cannot_be_judged_and_says_why() -> None:
    new = run("02", found(60.0, 1.0), parameters={"journey": "shop", "horizon": 60, "cutoff": ""})
    change = compare(run("01", found(40.0, 1.0)), new)[0]
    assert (change.verdict, change.why) == ("unjudged", "the question changed with horizon")


def test_the_run_before_is_the_last_that_saw_other_data_or_found_other_numbers() -> None:
    first = run("01", found(40.0, 1.0), to="2025-06-30", fingerprint="z")
    second = run("02", found(41.0, 1.0))
    broken = run("03", verdict="failed")
    again = run("04", found(41.0, 1.0))
    now = run("05", found(41.0, 1.0))
    runs = [now, again, broken, second, first]
    assert previous(now, runs) is first
    assert previous(second, runs) is first
    assert previous(first, runs) is None
    recomputed = run("06", found(41.5, 1.0))
    assert previous(recomputed, [recomputed, *runs]) is now


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        (found(37.45, 0.6), found(36.2, 0.6), "−1.2 points"),
        (found(310.0, 20.0, unit="days"), found(342.0, 20.0, unit="days"), "+32 days"),
        (found(400, unit=""), found(1450, unit=""), "+1,050"),
        (found(40.0, 1.0), found(40.0, 1.0), "0.0 points"),
        (found(None), found(40.0, 1.0), ""),
    ],
)
def test_how_much_in_words(old: dict[str, Any], new: dict[str, Any], shown: str) -> None:
    assert judge(old, new, Relation("disjoint")).shown == shown
