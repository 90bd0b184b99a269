"""The command line: what it prints, what it returns, what it does not load."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from journeylib import __version__
from journeylib.cli import _exit_code, main
from journeylib.reporting import Failure

HEAVY = ("pandas", "numpy", "ibis", "lifelines", "matplotlib", "seaborn", "nbformat", "papermill")


def test_nothing_heavy_is_imported_by_the_command_or_by_reporting() -> None:
    code = (
        "import importlib, pkgutil, sys, journeylib.cli, journeylib.reporting as r\n"
        "names = [m.name for m in pkgutil.iter_modules(r.__path__)]\n"
        "assert len(names) > 8, names\n"
        "for name in names: importlib.import_module('journeylib.reporting.' + name)\n"
        f"print([m for m in {HEAVY!r} if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"


def test_help_and_version(capsys: pytest.CaptureFixture[str]) -> None:
    for option, words in (
        ("--help", ("batch", "run", "check", "sample")),
        ("--version", (__version__,)),
    ):
        with pytest.raises(SystemExit) as ended:
            main([option])
        assert ended.value.code == 0
        out = capsys.readouterr().out
        assert all(word in out for word in words)


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["bach"],
        ["batch", "--workers", "0"],
        ["batch", "--workers", "many"],
        ["run"],
        ["run", "x.ipynb", "-p", "days"],
        ["run", "x.ipynb", "-p", "2=3"],
    ],
)
def test_a_wrong_command_line_is_2(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(argv)
    assert ended.value.code == 2
    assert "usage: journey" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "code", "words"),
    [
        (["batch", "nowhere.toml"], 7, "no such plan"),
        (["run", "nowhere.ipynb"], 7, "no notebook 'nowhere.ipynb'"),
        (["check", "nowhere.toml"], 3, "no journey file 'nowhere.toml'"),
        (["sample", "nowhere"], 4, "no sample 'nowhere'"),
    ],
)
def test_an_error_is_words_and_a_code(
    argv: list[str], code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(argv) == code
    seen = capsys.readouterr()
    assert words in seen.err
    assert "Traceback" not in seen.err + seen.out


@pytest.mark.parametrize("argv", [["--debug", "batch", "no.toml"], ["batch", "no.toml", "--debug"]])
def test_debug_shows_the_traceback(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(argv) == 7
    assert "Traceback" in capsys.readouterr().err


def test_a_fault_of_ours_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(path: object) -> None:
        raise ZeroDivisionError("oh\nno")

    monkeypatch.setattr("journeylib.reporting.read_plan", broken)
    assert main(["batch", "x.toml"]) == 70
    err = capsys.readouterr().err
    assert "ZeroDivisionError: oh\n" in err
    assert "--debug" in err
    assert "Traceback" not in err


def test_a_typo_in_a_parameter_starts_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "notebooks" / "churn.ipynb"
    path.parent.mkdir()
    cell = {
        "cell_type": "code",
        "metadata": {"tags": ["parameters"]},
        "source": "inactivity_days: int = 90  # silence, days",
    }
    path.write_text(json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4}))
    monkeypatch.setattr("journeylib.reporting.kernels.new_manager", None)
    assert main(["run", str(path), "-p", "inactivity_day=30"]) == 7
    err = capsys.readouterr().err
    assert "no parameter 'inactivity_day'" in err
    assert "did you mean 'inactivity_days'?" in err
    assert main(["run", str(path), "-p", "inactivity_days=soon"]) == 7
    assert "must be int, not 'soon'" in capsys.readouterr().err
    assert not (tmp_path / "reports").exists()


@pytest.mark.parametrize(
    ("name", "code"),
    [("BiasError", 9), ("DataError", 5), ("SourceError", 4), ("ValueError", 1), ("nearest", 1)],
)
def test_a_single_run_ends_with_the_code_of_what_ended_it(name: str, code: int) -> None:
    assert _exit_code(Failure(name, "why")) == code
    assert _exit_code(None) == 1
