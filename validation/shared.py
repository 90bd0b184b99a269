"""The shared data and R's results, in the folder ``shared`` beside the project."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
FILES = (
    *("telco", "cdnow", "completejourney", "online_retail"),
    *("oulad", "bpic2012", "bank", "classic"),
)


def available() -> bool:
    """Whether the folder is there."""
    return (SHARED / "gold").is_dir()


@cache
def gold(name: str) -> dict[str, Any]:
    """R's results of one file."""
    return json.loads((SHARED / "gold" / f"{name}.json").read_text())


@cache
def _table(name: str) -> pd.DataFrame:
    return pd.read_csv(SHARED / "data" / name, float_precision="round_trip")


def read(name: str) -> pd.DataFrame:
    """A table of the shared data by file name, as a copy."""
    return _table(name).copy()
