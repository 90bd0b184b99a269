"""The brief: what it reads of the reports, and which questions follow by which rule."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from archives import put, ratio, share

import journeylib as jl
from journeylib.errors import DataError, RunError
from journeylib.reporting.digest import contents, digest
from journeylib.reporting.records import Failure, RunRecord
from journeylib.reporting.store import Store

WARNED = {"assumption": "ratios are constant", "verdict": "warned", "seen": "p = 0.01.",
          "follows": "Read the curves first."}  # fmt: skip


def record(name: str, run: str, day: str, *findings: Any, **more: Any) -> RunRecord:
    """A run of a report on data up to a day, as a batch writes it."""
    rows = {"events that came in": int(day.replace("-", ""))}
    data = {"journey": "Shop", "fingerprint": day, **rows}
    window = {"start": "2024-01-01", "cutoff": day}
    whole = RunRecord(
        name, run, title=f"Report {name}", group="Shop", notebook=f"notebooks/{name}.ipynb",
        parameters={"journey": "shop"}, started=f"{day}T05:00:00+00:00", fingerprint=day,
        findings=findings, provenance={"data": data, "window": window}, plan="reports.toml",
    )  # fmt: skip
    return replace(whole, **more)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Three reports: one moved, one is noise and warns, one failed after a good run."""
    store = Store(tmp_path / "reports")
    put(
        store,
        record("moved", "20240701T1", "2024-06-30", share("bought", 0.30, 2_000)),
        record("moved", "20240801T1", "2024-07-31", share("bought", 0.45, 4_000)),
        record("still", "20240701T2", "2024-06-30", share("stayed", 0.60, 2_000)),
        record("still", "20240801T2", "2024-07-31", share("stayed", 0.605, 4_000), order=1,
               checks=(WARNED,)),
        record("broken", "20240701T3", "2024-06-30", ratio("hazard ratio", 1.4, 300), order=2),
        record("broken", "20240801T3", "2024-07-31", order=2, verdict="failed",
               error=Failure("DataError", "there is no event", 4)),
    )  # fmt: skip
    return store


def test_the_digest_tells_every_report_in_the_order_of_the_plan(store: Store) -> None:
    facts = digest(store.root)
    assert [r["id"] for r in facts["reports"]] == ["moved", "still", "broken"]
    assert json.loads(json.dumps(facts)) == facts
    moved, still, broken = facts["reports"]
    assert [c["verdict"] for c in moved["changes"]] == ["moved"]
    assert [c["verdict"] for c in still["changes"]] == ["noise"]
    assert still["checks"] == [WARNED] and moved["cutoff"] == "2024-07-31"
    assert (broken["verdict"], broken["stale"]) == ("failed", True)
    assert "there is no event" in broken["trouble"]
    assert broken["findings"][0]["name"] == "hazard ratio"


def test_a_brief_does_not_read_itself(store: Store) -> None:
    put(store, record("brief", "20240801T4", "2024-07-31", notebook="notebooks/11_brief.ipynb"))
    assert "brief" in [r["id"] for r in digest(store.root)["reports"]]
    assert "brief" not in [r["id"] for r in digest(store.root, "11_brief")["reports"]]


def test_the_folder_is_the_batch_s_or_the_nearest(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("JOURNEY_REPORTS", raising=False)
    inside = tmp_path / "notebooks"
    inside.mkdir()
    monkeypatch.chdir(inside)
    assert digest() == digest(store.root)
    monkeypatch.setenv("JOURNEY_REPORTS", str(store.root))
    monkeypatch.chdir("/")
    assert digest() == digest(store.root)
    with pytest.raises(RunError, match="holds no reports"):
        digest(tmp_path)


def test_no_report_is_an_error_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    with pytest.raises(RunError, match=r"no report to read(.|\n)*journey batch"):
        digest(tmp_path)
    with pytest.raises(DataError, match="no report"):
        jl.brief({"reports": []})


def test_what_moved_and_what_follows(store: Store) -> None:
    brief = jl.brief(digest(store.root))
    moved = brief.moved
    assert moved[["report", "finding", "judged"]].values.tolist() == [
        ["Report moved", "bought", "better"]
    ]
    assert moved["was"].iloc[0].startswith("30") and moved["now"].iloc[0].startswith("45")
    assert moved["link"].tolist() == ["../../../moved.html"]
    assert brief.headlines["link"].tolist() == [
        f"../../../{name}.html" for name in ("moved", "still", "broken")
    ]
    assert brief.compared == {"moved": 1, "noise": 1}
    risks = brief.risks
    assert risks["state"].tolist() == ["report failed", "with care"]
    assert risks["follows"].tolist() == ["The last good run is shown.", "Read the curves first."]
    asked = brief.questions["question"].tolist()
    assert asked[0] == "What stopped the report “Report broken”?"
    assert asked[1].startswith("What is behind the change in “bought”")
    assert "Does it hold that ratios are constant?" in asked
    text = repr(brief)
    assert "3 reports on 1 data set, 1 did not succeed." in text
    assert "1 moved beyond noise and 1 within" in text


def test_the_brief_s_own_numbers_and_checks(store: Store) -> None:
    brief = jl.brief(digest(store.root))
    assert {f.name: f.value for f in jl.states(brief)} == {
        "reports that succeeded": 2.0, "findings that moved beyond noise": 1.0,
        "assumptions that failed": 0.0, "assumptions that warn": 1.0,
    }  # fmt: skip
    assert jl.check_reports(brief).verdict == "failed"
    # the failed one shows its last good run, of the month before
    assert jl.check_cutoffs(brief).verdict == "warned"
    assert "2 findings judged together" in jl.check_judged(brief).seen
    assert jl.brief_provenance(brief).window == {"cutoff": "2024-07-31"}


def told(*findings: dict[str, Any], **more: Any) -> dict[str, Any]:
    base = {"id": "a", "title": "Buying", "question": "", "group": "Shop", "notebook": "a",
            "verdict": "ok", "trouble": "", "stale": False, "simulated": False, "cutoff": "",
            "started": "", "checks": [], "changes": [], "findings": list(findings)}  # fmt: skip
    return {**base, **more}


def test_the_least_sure_group_is_asked_about() -> None:
    groups = [
        share("bought", 0.3, n, g) for n, g in ((4_000, "mail"), (3_000, "search"), (60, "tv"))
    ]
    asked = jl.brief({"reports": [told(*groups)]}).questions
    assert asked["question"].tolist() == ["How is it really with tv (Buying)?"]
    assert "n = 60, the least sure of 3 groups" in asked["why"].iloc[0]
    alike = [share("bought", 0.3, 3_000, g) for g in ("mail", "search", "tv")]
    assert jl.brief({"reports": [told(*alike)]}).questions.empty


def test_what_is_not_reached_is_asked_about_last() -> None:
    late = {"name": "median time", "value": None, "low": 300.0, "high": None, "unit": "days"}
    brief = jl.brief({"reports": [told(late), told(verdict="failed", trouble="It broke.", id="b")]})
    assert [q.split(" ")[0] for q in brief.questions["question"]] == ["What", "When"]
    assert brief.headlines["value"].iloc[0] == "not reached"


def test_bounds_without_a_point_are_told_as_bounds() -> None:
    never = {"name": "never", "value": None, "low": 0.0, "high": 34.2, "unit": "%",
             "why": "the follow-up is too short"}  # fmt: skip
    brief = jl.brief({"reports": [told(never)]})
    shown = "between 0% and 34.2%; no point: the follow-up is too short"
    assert brief.headlines["value"].iloc[0] == shown
    assert brief.questions["why"].iloc[0] == f"Bounds only, {shown}."
    without = {**never, "why": None}
    value = jl.brief({"reports": [told(without)]}).headlines["value"].iloc[0]
    assert value == "between 0% and 34.2%; no point is given"


def test_a_headline_is_the_first_estimate_with_its_lowest_and_highest_group() -> None:
    groups = [share("bought", p, 900, g) for p, g in ((0.2, "b"), (0.5, "a"), (0.3, "c"))]
    missing = share("bought", 0.05, 900, "(missing)")
    count = {"name": "events kept", "value": 9_000.0}
    report = told(count, share("bought", 0.3, 9_000), *groups, missing)
    row = jl.brief({"reports": [report]}).headlines.iloc[0]
    assert row["finding"] == "bought" and row["value"].startswith("30")
    assert row["groups"].startswith("lowest b: 20") and "; highest a: 50" in row["groups"]
    bare = jl.brief({"reports": [told(count)]}).headlines.iloc[0]
    assert (bare["finding"], bare["value"], bare["groups"]) == ("events kept", "9,000", "")
    assert (row["counted"], bare["counted"]) == ("9,000", "")
    assert jl.brief({"reports": [told()]}).headlines.iloc[0]["finding"] == ""


def test_groups_of_whom_nothing_is_known_are_told_where_they_explain_the_whole() -> None:
    """With 22% in all and 30% in the lowest known group a reader would ask where the others are."""
    ages = [share("bought", p, n, g) for p, n, g in ((0.3, 90, "19-24"), (0.4, 60, "65+"))]
    ages = [{**f, "of": {"by": ["age_group"]}} for f in ages]
    rest = share("bought", 0.12, 800, "(missing)")
    row = jl.brief({"reports": [told(share("bought", 0.22, 950), *ages, rest)]}).headlines.iloc[0]
    low, high, unknown = row["groups"].split("; ")
    assert low.startswith("lowest age group 19-24: 30") and unknown.startswith("not known: 12")
    assert high.startswith("highest age group 65+: 40") and row["counted"] == "950"
    apart = jl.brief({"reports": [told(*ages, share("bought", 0.35, 800, "(missing)"))]}).headlines
    assert "not known" not in apart["groups"].iloc[0]
    assert (apart["value"].iloc[0], apart["counted"].iloc[0]) == ("", "60 to 800 a group")


def test_all_together_is_the_whole_and_no_group() -> None:
    parts = [share("credit", p, 900, g) for p, g in ((0.1, "a"), (0.2, "b"), (0.4, "all together"))]
    row = jl.brief({"reports": [told(*parts)]}).headlines.iloc[0]
    assert row["value"].startswith("40") and "highest b: 20" in row["groups"]


def test_reports_of_one_data_set_stand_together_and_simulated_ones_last() -> None:
    sets = [("made", True), ("shop", False), ("made", True), ("mall", False), ("shop", False)]
    reports = [told(id=str(k), title=str(k), group=g, simulated=s) for k, (g, s) in enumerate(sets)]
    found = jl.brief({"reports": reports}).headlines
    assert found["report"].tolist() == ["1", "4", "3", "0", "2"]


def test_doubts_leave_room_for_other_questions() -> None:
    checks = [{**WARNED, "assumption": f"{what} holds"} for what in "abcdef"]
    groups = [share("bought", 0.3, n, g) for n, g in ((4_000, "a"), (3_000, "b"), (60, "tv"))]
    asked = jl.brief({"reports": [told(*groups, checks=checks)]}).questions["question"].tolist()
    assert len(asked) == 5 and asked[-1] == "How is it really with tv (Buying)?"


def test_the_key_of_a_brief_knows_what_is_said_and_not_when() -> None:
    one = record("a", "1", "2024-06-30", share("bought", 0.3, 100))
    rerun = replace(one, run_id="2", started="2024-07-02T05:00:00+00:00", seconds=9.0)
    assert contents([one]) == contents([rerun])
    for changed in (
        replace(one, findings=(share("bought", 0.31, 100),)),
        replace(one, verdict="failed", error=Failure("E", "it broke")),
        replace(one, checks=(WARNED,)),
    ):
        assert contents([one]) != contents([changed])
