"""The index from run records alone: states, what moved, the matrix, histories, its size."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import archives
import pytest
from archives import history, put

from journeylib.reporting.crosstab import matrices
from journeylib.reporting.entries import RUNS, Entry, most_moved, read_entries, with_newer_data
from journeylib.reporting.plan import read_plan
from journeylib.reporting.portal import index_html, write_index
from journeylib.reporting.records import RunRecord
from journeylib.reporting.store import Store
from journeylib.reporting.timeline import HEIGHT, LEFT, WIDTH, panels


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "reports")


def by_id(store: Store) -> dict[str, Entry]:
    return {e.record.report_id: e for e in read_entries(store)}


def test_states(store: Store) -> None:
    good, old = history("good", 2), history("old", 2)[:1]
    put(store, *good)
    put(store, *old)
    runs = history("kept", 2)
    put(store, *runs, archives.failed(runs[-1]))
    put(store, archives.failed(history("broken", 1)[0]))
    found = by_id(store)
    assert {k: (e.status, e.label, e.behind) for k, e in found.items()} == {
        "good": ("ok", "up to date", ""),
        "old": ("stale", "older data", "2 March 2026"),
        "kept": ("stale", "failed", ""),
        "broken": ("failed", "failed", ""),
    }
    assert found["kept"].shown == runs[-1]
    assert (found["kept"].good, found["good"].good) == (runs[-1], None)


@pytest.mark.parametrize(
    ("other", "behind"),
    [
        ({}, "1 April 2026"),
        ({"data_set": "Other"}, ""),  # other data
        ({"parameters": {"cutoff": "2026-03-02"}}, ""),  # asked for an earlier day
    ],
)
def test_a_report_is_behind_only_where_another_was_asked_the_same_of_the_same_data(
    other: dict[str, object], behind: str
) -> None:
    first = history("a", 2, **other)[-1]
    entries = with_newer_data([Entry(r, (r,)) for r in (first, history("b", 3)[-1])])
    assert [e.behind for e in entries] == [behind, ""]


def test_a_planted_change_is_called_and_the_rest_is_noise_over_the_whole_index(
    store: Store,
) -> None:
    for k in range(30):
        put(store, *history(f"r-{k:02d}", 3, later={"search": 0.7} if k == 7 else None))
    found = by_id(store)
    moved = {k: {c.group for c in e.moved} for k, e in found.items() if e.moved}
    assert set(moved) == {"r-07"}
    assert "search" in moved["r-07"]
    assert not moved["r-07"] & {"e-mail", "display"}
    judged = [c for e in found.values() for c in e.changes if c.p is not None]
    assert len(judged) == 180
    # alone, one in twenty would be called
    assert sum(c.p <= 0.05 for c in judged) > 4
    shown, others = most_moved(found.values())
    assert [e.record.report_id for e, _ in shown] == ["r-07"]
    assert others == 0


def test_a_report_made_anew_on_the_same_data_still_shows_what_changed_before(
    store: Store,
) -> None:
    runs = history("a", 2, later={"search": 0.7})
    again = replace(runs[-1], run_id="20270101T000000000Z-000000")
    put(store, *runs, again)
    entry = by_id(store)["a"]
    assert entry.shown == again
    assert entry.before == runs[0]
    assert {c.group for c in entry.moved} >= {"search"}


def test_numbers_stand_alone_and_groups_on_one_scale(store: Store) -> None:
    put(store, *history("a", 2))
    entry = by_id(store)["a"]
    assert [n.name for n in entry.numbers] == [
        "reach purchase within 30 days", "still customers after a year",
    ]  # fmt: skip
    assert [row.group for row, _ in entry.strip.rows] == list(archives.GROUPS)
    assert all(change is not None for _, change in entry.strip.rows)
    assert entry.more == 1


def test_a_report_of_groups_only_and_one_without_findings(store: Store) -> None:
    run = history("a", 1)[0]
    groups = tuple(f for f in run.findings if f["group"] in archives.GROUPS)
    put(store, replace(run, findings=groups))
    put(store, replace(history("b", 1)[0], findings=()))
    found = by_id(store)
    assert (found["a"].numbers, found["a"].more) == ([], 0)
    assert (found["b"].numbers, found["b"].strip, found["b"].more) == ([], None, 0)
    page = write_index(store).read_text()
    assert page.count("<article") == 2


def test_the_matrix_is_segments_by_questions() -> None:
    entries = []
    for base, title in (("buy", "Buying, by {}"), ("stay", "Staying in {}")):
        for segment in ("a", "b", "c")[: 3 if base == "buy" else 2]:
            run = history(
                f"{base}-{segment}", 1, title=title.format(segment), cell={"segment": segment},
                question="How many?" if base == "stay" else "", base_id=base,
            )[0]  # fmt: skip
            entries.append(Entry(run, (run,)))
    alone = history("alone", 1, cell={"segment": "a"}, base_id="alone")[0]
    made = matrices([*entries, Entry(alone, (alone,))])
    assert [m.name for m in made] == ["Web shop"]
    assert [c.question for c in made[0].columns] == ["Buying", "How many?"]
    assert {c.finding for c in made[0].columns} == {"reach purchase within 30 days"}
    held = [(s, [c and c.entry.record.report_id for c in cells]) for s, cells in made[0].rows]
    assert held == [
        ("a", ["buy-a", "stay-a"]), ("b", ["buy-b", "stay-b"]), ("c", ["buy-c", None]),
    ]  # fmt: skip
    row = made[0].rows[0][1][0].row
    assert 0 < row.left < row.point < row.right < 100


def test_cells_of_a_matrix_are_told_in_the_records_of_a_plan(tmp_path: Path) -> None:
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "n.ipynb").write_text("{}")
    plan = tmp_path / "reports" / "reports.toml"
    plan.parent.mkdir()
    plan.write_text(
        '[[report]]\nid = "r"\nnotebook = "n"\n[report.matrix]\nby = ["age", "size"]\n'
        '[[report]]\nid = "s"\nnotebook = "n"\n'
    )
    told = [(j.id, j.base, dict(j.cell)) for j in read_plan(plan).jobs]
    assert told == [
        ("r-age", "r", {"by": "age"}), ("r-size", "r", {"by": "size"}), ("s", "s", {}),
    ]  # fmt: skip


def run_of(k: int, value: float | None, low: float | None, high: float | None) -> RunRecord:
    finding = {"name": "days", "value": value, "low": low, "high": high, "unit": "days"}
    return RunRecord("r", f"{k}", started=f"2026-0{k}-01T00:00:00+00:00", findings=(finding,))


def test_a_history_is_drawn_to_scale() -> None:
    runs = [run_of(1, 10.0, 0.0, 20.0), run_of(2, 20.0, 10.0, 30.0), run_of(3, 30.0, 20.0, 40.0)]
    panel = panels(runs[::-1], runs[0].findings)[0]
    xs = [float(step.split()[0]) for step in panel.line.lstrip("M").split("L")]
    ys = [float(step.split()[1]) for step in panel.line.lstrip("M").split("L")]
    wide = (WIDTH - LEFT) / 3
    assert xs == pytest.approx([LEFT + wide * (k + 0.5) for k in range(3)], abs=0.5)
    assert ys[0] - ys[1] == pytest.approx(ys[1] - ys[2], abs=0.2)
    assert ys[2] < ys[1] < ys[0] < HEIGHT
    assert panel.bars.count("M") == 3
    assert [text for _, text in panel.ticks] == ["0", "10", "20", "30", "40"]
    assert panel.words == (
        "days: 10 days on 1 January 2026, 30 days on 1 March 2026; never moved beyond noise."
    )


def test_what_is_not_reached_leaves_a_gap_and_an_open_end_goes_to_the_edge() -> None:
    runs = [run_of(1, 10.0, 5.0, None), run_of(2, None, 8.0, None), run_of(3, 30.0, 20.0, 40.0)]
    panel = panels(runs[::-1], runs[2].findings)[0]
    assert panel.line.count("L") == 1
    assert (panel.dots + panel.moved).count("M") == 2
    assert panel.bars.count("M") == 3
    assert panel.bars.count("V0") == 2
    assert [p.value for p in panel.points] == ["10 days", "not reached", "30 days"]


def test_bounds_without_a_point_are_shown_as_bounds(store: Store) -> None:
    runs = history("a", 2)
    never = {"name": "never", "value": None, "low": 0.0, "high": 34.2, "unit": "%",
             "why": "the follow-up is too short"}  # fmt: skip
    put(store, *(replace(r, findings=(never,)) for r in runs))
    (shown,) = by_id(store)["a"].numbers
    assert (shown.value, shown.interval, shown.known) == ("between 0% and 34.2%", "", False)
    page = write_index(store).read_text()
    assert '<dd class="jr-i jr-note">no point: the follow-up is too short</dd>' in page
    assert '<dd class="jr-n jr-none">between 0% and 34.2%</dd>' in page
    assert page.count("ot reached") == 1  # the legend of the page


def test_one_number_is_no_history() -> None:
    assert panels([run_of(1, 10.0, 5.0, 15.0)], run_of(1, 10.0, 5.0, 15.0).findings) == ()
    runs = [run_of(1, None, None, None), run_of(2, 10.0, 5.0, 15.0)]
    assert panels(runs[::-1], runs[1].findings) == ()


def test_a_history_is_bounded(store: Store) -> None:
    put(store, *history("a", 30))
    entry = by_id(store)["a"]
    assert len(entry.runs) == RUNS
    page = write_index(store).read_text()
    assert page.count('<tr><th scope="row">') == RUNS + len(archives.GROUPS)


def test_failures_do_not_hide_an_older_good_run(store: Store) -> None:
    runs = history("a", 2)
    failures = [
        replace(archives.failed(runs[-1]), run_id=f"2027{k:02d}01T000000000Z-000000")
        for k in range(1, RUNS + 2)
    ]
    put(store, *runs, *failures)
    assert by_id(store)["a"].shown == runs[-1]


def test_five_hundred_reports_make_a_page_of_bounded_size(tmp_path: Path) -> None:
    page = index_html(read_entries(archives.large(tmp_path, 500)))
    assert page.count("<article") == 500
    assert len(page.encode()) < 3_000_000
    assert "http:" not in page and "https:" not in page


def test_an_empty_folder_says_what_to_do(store: Store) -> None:
    assert "No report has been run yet" in write_index(store).read_text()
