"""R's results and our spells of one entry, for the tests of the non-parametric estimates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import journeylib as jl
from validation.recipes import RECIPES, Recipe


@pytest.fixture(scope="session")
def recipes() -> dict[str, Recipe]:
    """Every recipe by the name of its entry."""
    return RECIPES


@pytest.fixture(scope="session")
def entry(
    gold: Callable[[str], dict[str, Any]], shared_csv: Callable[[str], pd.DataFrame]
) -> Callable[[str], tuple[dict[str, Any], jl.Spells, Recipe]]:
    """R's result, our spells and the recipe of one entry, named file/entry."""

    def make(name: str) -> tuple[dict[str, Any], jl.Spells, Recipe]:
        file, _, path = name.partition("/")
        result = gold(file)
        for key in path.split("."):
            result = result[key]
        recipe = RECIPES[name]
        return result, recipe.spells(shared_csv), recipe

    return make


@pytest.fixture(scope="session")
def close() -> Callable[..., None]:
    """Equality to a relative 1e-8, undefined where R has null."""

    def check(ours: Any, theirs: Any, what: str = "", rtol: float = 1e-8) -> None:
        wanted = np.array(theirs, dtype=float)  # null becomes NaN
        np.testing.assert_allclose(
            np.array(ours, dtype=float), wanted, rtol=rtol, atol=0, equal_nan=True, err_msg=what
        )

    return check
