"""The house rules: who may import whom, what the set-up files promise."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import journeylib

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "journeylib"
ANALYSIS = {"pandas", "numpy", "ibis", "lifelines", "seaborn", "matplotlib", "statsmodels"}
HEAVY = {*ANALYSIS, "papermill"}
ROOMS = ("journeylib.estimate", "journeylib.spells", "journeylib.events", "journeylib.plots")
# run as processes of their own, which import what the kernels and the plan need from analysis
PROCESSES = {"forkserver.py", "levels.py"}
OUTER = ("papermill", "journeylib.reporting")
LIGHT = [
    *("journeylib", "journeylib.journey", "journeylib.home", "journeylib.sources.fingerprint"),
    "journeylib.cli",
    *(f"journeylib.reporting.{p.stem}" for p in sorted((PACKAGE / "reporting").glob("[a-z]*.py"))),
]

# conda-forge's names where they differ
CONDA = {
    "ibis-framework": "ibis-duckdb",
    "matplotlib": "matplotlib-base",
    "nbconvert": "nbconvert-core",
    "seaborn": "seaborn-base",
    "playwright": "playwright-python",
}
ONLY_PYPI = {"axe-playwright-python"}  # conda-forge does not have it


def imports(file: Path) -> set[str]:
    """Modules that a file imports anywhere, also inside functions."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


@pytest.mark.parametrize("module", LIGHT)
def test_reporting_and_command_line_load_nothing_heavy(module: str) -> None:
    code = f"import sys, {module}; print([m for m in {HEAVY!r} if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_the_two_halves_meet_only_in_a_notebook() -> None:
    for file in PACKAGE.rglob("*.py"):
        names = imports(file)
        if "reporting" in file.parts:
            if file.name not in PROCESSES:
                assert not {n for n in names if n.split(".")[0] in ANALYSIS}, file
                assert not {n for n in names if n.startswith(ROOMS)}, file
        elif file.name != "cli.py":
            assert not {n for n in names if n.startswith(OUTER)}, file


def test_every_public_name_resolves() -> None:
    for name in journeylib.__all__:
        assert getattr(journeylib, name) is not None
    with pytest.raises(AttributeError, match="nothing_like_it"):
        _ = journeylib.nothing_like_it


def requirement(text: str) -> tuple[str, str]:
    name, bounds = re.fullmatch(r"([A-Za-z0-9_.-]+)(?:\[.*\])?(.*)", text.replace(" ", "")).groups()
    return name, bounds


def test_conda_environment_has_the_names_and_bounds_of_pyproject() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *extras["lab"], *extras["test"]]
    from_pypi = {r for r in wanted if requirement(r)[0] in ONLY_PYPI}
    wanted = {CONDA.get(n, n) + b for n, b in map(requirement, set(wanted) - from_pypi)}
    wanted |= {f"python{project['requires-python']}", "pip", "python-duckdb"}
    text = (ROOT / "environment.yml").read_text()
    given = set(re.findall(r"^  - ([^\s:]+)$", text, flags=re.M)) - {"conda-forge"}
    assert given == wanted
    assert set(re.findall(r"^      - ([^-\s]\S*)$", text, flags=re.M)) == {
        *extras["samples"],
        *from_pypi,
    }


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_locks_are_pinned_hashed_and_without_addresses(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert "://" not in text
    entries = [e for e in re.split(r"\n(?=\S)", text.strip()) if not e.startswith("#")]
    assert len(entries) > 50
    for entry in entries:
        assert re.match(r"[\w.-]+==[\w.!+]+", entry), entry[:80]
        assert "--hash=sha256:" in entry, entry[:80]


def locked(lock: str) -> set[str]:
    return set(re.findall(r"^([\w.-]+)==", (ROOT / lock).read_text(), flags=re.M))


def test_reports_need_neither_spark_nor_the_test_tools() -> None:
    tools = {"pyspark", "pytest", "hypothesis", "jupyterlab", "mypy", "ruff", "playwright"}
    assert not locked("requirements.lock") & tools
    assert locked("requirements.lock") <= locked("requirements-dev.lock")
