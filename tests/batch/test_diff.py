"""``journey diff``: which runs are meant, what moved between them, what was different."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import archives
import pandas as pd
import pytest
from books import write_book

from journeylib import simulate
from journeylib.cli import main
from journeylib.errors import RunError
from journeylib.reporting import run
from journeylib.reporting.diff import as_json, as_table, compare_runs, find_runs
from journeylib.reporting.diffpage import page
from journeylib.reporting.store import Store


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    store = Store(tmp_path_factory.mktemp("reports"))
    runs = archives.history("buying", 4, later={"search": 0.6})
    archives.put(store, *runs, archives.failed(runs[-1]))
    archives.put(store, *archives.history("staying", 1))
    archives.put(store, archives.failed(archives.history("broken", 1)[0]))
    return store


def run_ids(store: Store, report_id: str) -> list[str]:
    return sorted(p.name for p in (store.runs / report_id).iterdir())


def test_one_report_stands_for_its_last_two_good_runs(store: Store) -> None:
    old, new = find_runs(["buying"], store.root)
    assert [old.run_id, new.run_id] == run_ids(store, "buying")[2:4]


def test_runs_are_named_by_id_beginning_folder_file_and_report(store: Store) -> None:
    ids = run_ids(store, "buying")
    folder = store.runs / "buying" / ids[1]
    for name in (ids[1], ids[1][:9], str(folder), str(folder / "run.json")):
        old, new = find_runs([name, "buying"], store.root)
        assert (old.run_id, new.run_id) == (ids[1], ids[3])


def test_run_folders_need_no_folder_of_reports(store: Store, tmp_path: Path) -> None:
    folders = [str(store.runs / "buying" / run_id) for run_id in run_ids(store, "buying")[:2]]
    assert find_runs(folders, tmp_path / "nowhere")[0].report_id == "buying"


@pytest.mark.parametrize(
    ("names", "what", "fix"),
    [
        (["bying"], "there is no report 'bying'", "did you mean 'buying'?"),
        (["2027", "buying"], "there is no run or report '2027'", "allowed: broken, buying"),
        (["2026", "buying"], "'2026' is the beginning of 7 runs", "write more of it"),
        (["*", "buying"], "there is no run or report '*'", ""),
        (["../runs", "buying"], "there is no run or report '../runs'", ""),
        (["", "buying"], "there is no run or report ''", ""),
        (["staying"], "the report has 1 good run, and two are needed", "run it once more"),
        (["broken"], "the report has no good run, and two are needed", "name two runs"),
        (["broken", "buying"], "the report has no good run", ""),
    ],
)
def test_a_name_that_does_not_tell_two_runs_is_an_error(
    store: Store, names: list[str], what: str, fix: str
) -> None:
    with pytest.raises(RunError) as raised:
        find_runs(names, store.root)
    assert raised.value.what == what
    assert fix in (raised.value.fix or "")


def test_a_run_that_failed_has_nothing_to_compare(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    ids = run_ids(store, "buying")
    assert main(["diff", ids[0], ids[-1], "--out", str(store.root)]) == RunError.exit_code
    told = capsys.readouterr()
    assert "the run did not succeed (failed)" in told.err
    assert (told.out, "Traceback" in told.err) == ("", False)


def test_a_folder_without_reports_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["diff", "a", "--out", str(tmp_path)]) == RunError.exit_code
    assert "there are no reports here" in capsys.readouterr().err


def test_a_page_that_cannot_be_written_is_an_error(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    there = str(tmp_path / "no" / "such" / "page.html")
    code = main(["diff", "buying", "--out", str(store.root), "--html", there])
    assert code == RunError.exit_code
    assert "the page cannot be written: No such file or directory" in capsys.readouterr().err


@pytest.mark.parametrize("argv", [["diff"], ["diff", "a", "b", "c"]])
def test_a_wrong_command_line_is_2(argv: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(argv)
    assert ended.value.code == 2


def test_the_table_names_what_moved_first(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", "buying", "--out", str(store.root)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[3].startswith("4 moved beyond noise, of 6 findings compared")
    assert lines[4] == "Customers: the later run contains the earlier one."
    moved = [line for line in lines if line.startswith("▲") or line.startswith("▼")]
    assert len(moved) == 4
    assert lines[7:11] == moved
    assert any("search" in line and "beyond noise" in line for line in moved)
    assert sum("within noise" in line for line in lines) == 2
    between = lines[lines.index("changed in between") + 1 :]
    assert [line.split()[:3] for line in between] == [
        ["data", "fingerprint", between[0].split()[2]],
        ["data", "events", "kept"],
        ["data", "window", "cutoff"],
    ]


def test_the_json_is_whole(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", "buying", "--out", str(store.root), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["customers"]["relation"] == "contains"
    assert told["moved"] == 4
    first = told["findings"][0]
    assert first["verdict"] == "beyond noise"
    assert first["difference"] == pytest.approx(first["new"]["value"] - first["old"]["value"])
    assert first["low"] < first["difference"] < first["high"]
    assert first["adjusted"] >= first["p"]
    assert {c["name"] for c in told["changed"]} == {"fingerprint", "events kept", "window cutoff"}


def test_parameters_and_code_that_changed_are_named(store: Store) -> None:
    old, new = find_runs(["buying"], store.root)
    new = replace(
        new,
        parameters={**new.parameters, "horizon": 60.0, "by": ""},
        parts={**new.parts, "code": "d" * 64},
        versions={"pandas": "2.3.1"},
        git={"revision": "abc", "dirty": True},
        notebook="notebooks/other.ipynb",
    )
    compared = compare_runs(old, new)
    told = {(d.part, d.name): (d.old, d.new) for d in compared.differences}
    assert told["parameters", "horizon"] == ("30.0", "60.0")
    assert told["parameters", "by"] == ("", "(empty)")
    assert told["code", "code of the notebook"] == ("c", "d" * 12)
    assert told["code", "pandas"] == ("", "2.3.1")
    assert told["code", "git dirty"] == ("", "true")
    assert told["code", "notebook"][1] == "notebooks/other.ipynb"
    assert ("code", "sources of journeylib") not in told
    assert {c.verdict for c in compared.changes} == {"unjudged"}
    assert "cannot be judged: the question changed with by, horizon" in as_table(compared)
    html = page(compared)
    for words in ("the question changed with by, horizon", "code of the notebook", "2.3.1"):
        assert words in html


def test_a_run_held_against_itself_is_no_change(store: Store) -> None:
    new = find_runs(["buying"], store.root)[1]
    compared = compare_runs(new, new)
    assert {c.verdict for c in compared.changes} == {"unchanged"}
    assert compared.summary == "No finding can be judged."
    assert "nothing was different: data, parameters, code" in as_table(compared)
    assert "Nothing: the same data, parameters and code." in page(compared)
    assert as_json(compared)["changed"] == []


JOURNEY = """
name = "Simulated shop"
unit = "days"
simulated = true
[source]
path = "events.parquet"
[columns]
id = "customer_id"
at = "at"
event = "event"
[stages]
awareness = ["ad_view", "store_visit", "mailing", "call"]
purchase = ["purchase"]
[window]
start = 2024-01-01
cutoff = 2024-12-31
resolution = "timestamp"
timezone = "UTC"
[attributes]
path = "customers.parquet"
columns = ["first_channel"]
"""
PLANTED = {"channel=social": -0.4, "channel=referral": 0.5, "channel=store": 0.2}


def simulated(folder: Path, n: int = 6_000) -> Path:
    """A year in which customers who come by display purchase faster from July on."""
    made = [
        simulate(n, seed, effects={"purchase": {**PLANTED, "channel=display": effect}})
        for seed, effect in ((11, -0.7), (12, 0.5))
    ]
    middle = pd.Timestamp("2024-07-01")
    kept = {"events": [], "customers": []}
    for half, early, mark in zip(made, (True, False), "ab", strict=True):
        people = half.customers[(half.customers["first_contact"] < middle) == early]
        rows = half.events[half.events["customer_id"].isin(people["customer_id"])]
        for name, frame in (("events", rows), ("customers", people)):
            kept[name].append(frame.assign(customer_id=mark + frame["customer_id"]))
    folder.mkdir(parents=True)
    for name, parts in kept.items():
        pd.concat(parts).to_parquet(folder / f"{name}.parquet", index=False)
    file = folder / "journey.toml"
    file.write_text(JOURNEY)
    return file


def test_a_planted_change_is_named_and_the_others_are_noise(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = simulated(tmp_path / "data" / "shop")
    book = write_book(
        tmp_path / "notebooks" / "buying.ipynb",
        "# Buying\n\nHow many buy?",
        ("parameters", f"journey = {str(file)!r}  # which\ncutoff = ''  # last day watched"),
        "import journeylib as jl\n"
        "log = jl.open_log(jl.read_journey(journey, cutoff=cutoff or None))\n"
        "spells = jl.time_to(log, 'purchase', by='first_channel')\n"
        "curve = jl.survival_curve(spells, 'first_channel')",
        ("answer", "jl.findings(jl.shares(curve, 30), jl.shares(curve, 60))"),
        ("provenance", "jl.provenance(log)"),
    )
    made = [
        run(book, {"journey": str(file), "cutoff": until}, progress=False)
        for until in ("2024-06-30", "2024-12-31")
    ]
    assert [r.verdict for r in made] == ["ok", "ok"]
    # the cutoff is not part of a report's id: both are runs of one report
    out = str(tmp_path / "reports")
    assert main(["diff", made[1].report_id, "--out", out, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["customers"]["relation"] == "contains"
    verdicts = {(f["group"], f["name"]): f["verdict"] for f in told["findings"]}
    assert len(verdicts) == 10
    moved = {group for (group, _), verdict in verdicts.items() if verdict == "beyond noise"}
    assert moved == {"display"}
    assert set(verdicts.values()) == {"beyond noise", "within noise"}
    assert (tmp_path / "reports" / "index.html").read_text().count("c-moved") >= 2
