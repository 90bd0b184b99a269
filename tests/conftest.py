"""What every test may lean on: the shared data and the numbers that R computed from them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis
import pandas as pd
import pytest

# the same examples in every run: a red build means a changed program, never bad luck
hypothesis.settings.register_profile("steady", derandomize=True, deadline=None)
hypothesis.settings.load_profile("steady")

ROOT = Path(__file__).resolve().parent.parent


def needed(condition: bool, what: str) -> None:
    """Skip with the reason where a system part is absent; fail instead in CI."""
    if condition:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is required in CI")
    pytest.skip(what)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data and of R's results that may lie beside the project."""
    folder = ROOT.parent / "shared"
    needed((folder / "gold").is_dir(), "the folder 'shared' with R's results beside the project")
    return folder


@pytest.fixture(scope="session")
def gold(shared: Path) -> Callable[[str], dict[str, Any]]:
    """R's results by file name."""
    return lambda name: json.loads((shared / "gold" / f"{name}.json").read_text())


@pytest.fixture(scope="session")
def shared_csv(shared: Path) -> Callable[[str], pd.DataFrame]:
    """A table of the shared data by file name."""
    return lambda name: pd.read_csv(shared / "data" / name, float_precision="round_trip")


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder of the sample data, written from their packages where it is not there yet."""
    import journeylib as jl

    for name in ("complete_journey", "cdnow", "simulated"):
        jl.write_sample(name)
    return ROOT / "data"


@pytest.fixture(scope="session")
def sample_batch(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The project's own plan, run for real once into a folder of its own."""
    from dataclasses import replace

    from journeylib.reporting import read_plan, run_batch

    plan = read_plan(ROOT / "reports" / "reports.toml")
    plan = replace(plan, output=tmp_path_factory.mktemp("reports"))
    return plan, run_batch(plan, progress=False)
