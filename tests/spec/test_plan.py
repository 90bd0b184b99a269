"""The plan: tables in, jobs out, and an error that names the key for everything else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from journeylib.errors import PlanError
from journeylib.reporting.plan import Plan, find_plan, read_plan

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """A project with two empty notebooks; gives a function that writes its plan."""
    for name in ("churn", "purchase"):
        (tmp_path / "notebooks").mkdir(exist_ok=True)
        (tmp_path / "notebooks" / f"{name}.ipynb").write_text('{"cells": []}')

    def plan(text: str) -> Path:
        (tmp_path / "reports").mkdir(exist_ok=True)
        path = tmp_path / "reports" / "reports.toml"
        path.write_text(text)
        return path

    return plan


REPORT = '[[report]]\nid = "r"\nnotebook = "churn"\n'


def ids(plan: Plan) -> list[str]:
    return [job.id for job in plan.jobs]


def test_a_report_is_a_job(write: Write) -> None:
    plan = read_plan(
        write(
            '[batch]\ntimeout = 60\nworkers = 3\nkeep = 5\n[[report]]\nid = "silence"\n'
            'notebook = "churn"\ntitle = "Churn at {days} days"\ngroup = "CDNOW"\n'
            "[report.parameters]\ndays = 180\n"
        )
    )
    (job,) = plan.jobs
    assert (job.id, job.title, job.group) == ("silence", "Churn at 180 days", "CDNOW")
    assert job.notebook == plan.root / "notebooks" / "churn.ipynb"
    assert job.parameters == {"days": 180}
    assert (job.timeout, plan.workers, plan.keep) == (60.0, 3, 5)
    assert plan.output == plan.root / "reports"


def test_a_matrix_is_a_job_for_each_combination(write: Write) -> None:
    plan = read_plan(write(REPORT + "matrix = { by = ['Age Group', 'income'], days = [30, 90] }\n"))
    assert ids(plan) == ["r-age-group-30", "r-age-group-90", "r-income-30", "r-income-90"]
    assert plan.jobs[1].parameters == {"by": "Age Group", "days": 90}
    assert [j.order for j in plan.jobs] == [0, 1, 2, 3]


def test_exclude_and_include_change_the_matrix(write: Write) -> None:
    plan = read_plan(
        write(
            REPORT + "matrix = { by = ['a', 'b'], days = [30, 90] }\n"
            "exclude = [{ by = 'a', days = 30 }, { by = 'b' }]\n"
            "include = [{ by = 'c', days = 7 }]\n"
        )
    )
    assert ids(plan) == ["r-a-90", "r-c-7"]


def test_the_cutoff_is_no_part_of_the_id(write: Write) -> None:
    plan = read_plan(write(REPORT + "matrix = { cutoff = [2018-01-01], by = ['a'] }\n"))
    assert ids(plan) == ["r-a"]
    with pytest.raises(PlanError, match="2 jobs share the report id 'r'") as caught:
        read_plan(write(REPORT + "matrix = { cutoff = [2018-01-01, 2018-02-01] }\n"))
    assert "cutoff" in str(caught.value)


def test_values_that_look_alike_get_ids_of_their_own(write: Write) -> None:
    first, second = ids(read_plan(write(REPORT + "matrix = { by = ['e-mail', 'e mail'] }\n")))
    assert first != second
    assert first.startswith("r-e-mail-")
    assert second.startswith("r-e-mail-")


@pytest.mark.parametrize(
    ("text", "words", "fix"),
    [
        ("", "no report", "[[report]]"),
        ("x = ", "cannot be read", ""),
        ("[bach]\n", "unknown key 'bach'", "did you mean 'batch'"),
        ("[batch]\ntimeut = 3\n" + REPORT, "unknown key 'timeut'", "did you mean 'timeout'"),
        ("[batch]\ntimeout = 'x'\n" + REPORT, "timeout must be a number", ""),
        ("[batch]\nworkers = 0\n" + REPORT, "workers must be at least 1", ""),
        ("[batch]\nworkers = true\n" + REPORT, "workers must be a whole number", ""),
        (REPORT + "titel = 'x'\n", "unknown key 'titel'", "did you mean 'title'"),
        (REPORT + "parameters = 3\n", "parameters must be a table", ""),
        (REPORT + "matrix = { by = 'a' }\n", "'by' must be a list", "by = [first, second]"),
        (REPORT + "matrix = { by = [] }\n", "'by' must be a list", ""),
        (REPORT + "matrix = { by = ['a'] }\nexclude = [{ bye = 'a' }]\n", "'bye'", "'by'"),
        (REPORT + "matrix = { by = ['a'] }\nexclude = [{ by = 'a' }]\n", "leaves nothing", ""),
        (REPORT + "title = 'by {bi}'\nparameters = { by = 'a' }\n", "{bi}", "allowed: by"),
        (REPORT.replace("churn", "chrun"), "no notebook 'chrun'", "did you mean 'churn'"),
        (REPORT.replace('"r"', '"R r"'), "cannot be a file name", "'r-r'"),
        (REPORT.replace('id = "r"\n', ""), "has no id", "add id"),
        (REPORT + REPORT, "2 jobs share the report id 'r'", ""),
    ],
)
def test_what_is_wrong_is_named(write: Write, text: str, words: str, fix: str) -> None:
    with pytest.raises(PlanError) as caught:
        read_plan(write(text))
    assert words in str(caught.value)
    assert fix in str(caught.value)
    assert "reports.toml" in str(caught.value)


def test_a_missing_plan(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="no such plan"):
        read_plan(tmp_path / "reports.toml")


def test_the_plan_is_found_from_below(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(REPORT)
    monkeypatch.chdir(path.parent.parent / "notebooks")
    assert find_plan() == path


def test_the_plan_is_found_through_the_environment(
    write: Write, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(REPORT)
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    monkeypatch.setenv("JOURNEY_HOME", str(path.parent.parent))
    assert find_plan() == path


def test_only_picks_jobs_by_id_or_by_plan_id(write: Write) -> None:
    plan = read_plan(
        write(REPORT + "matrix = { by = ['a', 'b'] }\n" + REPORT.replace('"r"', '"rest"'))
    )
    assert [j.id for j in plan.only(())] == ["r-a", "r-b", "rest"]
    assert [j.id for j in plan.only(("r",))] == ["r-a", "r-b"]
    assert [j.id for j in plan.only(("r-b", "rest"))] == ["r-b", "rest"]
    with pytest.raises(PlanError, match="no report 'r-c'"):
        plan.only(("r-c",))
