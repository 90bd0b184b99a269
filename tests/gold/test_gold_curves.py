"""Kaplan-Meier, Nelson-Aalen and their quantiles equal R's ``survfit``."""

from __future__ import annotations

import numpy as np
import pytest

import journeylib as jl

ENTRIES = [
    "telco/km_all",
    "telco/km_all_tau24",
    "telco/km_contract",
    "telco/databricks_cohort.km",
    "cdnow/km_second",
    "cdnow/km_second_by_cohort",
    "cdnow/km_churn",
    "completejourney/km_type",
    "completejourney/km_timevarying_population",
    "online_retail/km_naive_repeat",
    "online_retail/km_any",
    "oulad/km_left_truncated",
    "oulad/km_ignoring_truncation",
    "oulad/km_by_gender",
    "bank/km_all",
    "bank/km_contact",
    "classic/lung_km",
    "classic/lung_km_sex",
]
SUFFIX = {"log": "log", "log-log": "loglog", "plain": "plain"}


def groups_of(result):
    return {name.partition("=")[2] or name: wanted for name, wanted in result["groups"].items()}


def limits_where_r_has_them(wanted, column):
    """R leaves the log-log limits at S = 1 undefined; ours are 1 to 1 there."""
    ones = np.array(wanted["surv"]) == 1
    values = np.array(wanted[column], dtype=float)
    assert np.isnan(values[ones]).all() or (values[ones] == 1).all()
    return np.where(ones, 1.0, values)


@pytest.mark.parametrize("name", ENTRIES)
@pytest.mark.parametrize("conf", ["log", "log-log", "plain"])
def test_survival_equals_r(entry, close, name, conf):
    result, spells, recipe = entry(name)
    curve = jl.survival_curve(spells, by=recipe.by, conf=conf)
    assert list(curve.groups) == list(groups_of(result))
    for group, wanted in groups_of(result).items():
        at = curve.at(wanted["time"]).pipe(lambda df, g=group: df[df["group"] == g])
        close(at["survival"], wanted["surv"], "survival")
        close(at["std_err"], wanted["std_err"], "standard error")
        close(at["at_risk"], wanted["n_risk"], "at risk")
        for side, column in (("low", "lower"), ("high", "upper")):
            close(at[side], limits_where_r_has_them(wanted, f"{column}_{SUFFIX[conf]}"), side)


@pytest.mark.parametrize("name", ENTRIES)
def test_counts_equal_r(entry, close, name):
    result, spells, recipe = entry(name)
    frame = jl.survival_curve(spells, by=recipe.by).frame
    for group, wanted in groups_of(result).items():
        assert frame.loc[frame["group"] == group, "events"].sum() == wanted["events"]


@pytest.mark.parametrize("name", ENTRIES)
def test_nelson_aalen_equals_r(entry, close, name):
    result, spells, recipe = entry(name)
    hazard = jl.cumulative_hazard(spells, by=recipe.by)
    for group, wanted in groups_of(result).items():
        at = hazard.at(wanted["time"]).pipe(lambda df, g=group: df[df["group"] == g])
        close(at["cumulative_hazard"], wanted["nelson_aalen"], "cumulative hazard")
        close(at["std_err"], wanted["nelson_aalen_se"], "standard error")


@pytest.mark.parametrize("name", ENTRIES)
@pytest.mark.parametrize("conf", ["log", "log-log"])
def test_quantiles_equal_r(entry, close, name, conf):
    result, spells, recipe = entry(name)
    curve = jl.survival_curve(spells, by=recipe.by, conf=conf)
    for group, wanted in groups_of(result).items():
        found = curve.quantile(wanted["quantile_p"]).pipe(lambda df, g=group: df[df["group"] == g])
        close(found["quantile"], wanted["quantile"], "quantile")
        close(found["low"], wanted[f"quantile_lower_{SUFFIX[conf]}"], "low")
        close(found["high"], wanted[f"quantile_upper_{SUFFIX[conf]}"], "high")


def test_every_curve_of_r_is_compared(gold):
    """No entry of this kind is left out."""
    files = ["telco", "cdnow", "completejourney", "online_retail", "oulad", "bank", "classic"]
    found = set()
    for file in files:
        for name, value in gold(file).items():
            parts = {name: value}
            if isinstance(value, dict):
                parts |= {f"{name}.{k}": v for k, v in value.items()}
            for path, part in parts.items():
                if isinstance(part, dict) and "groups" in part and "tau" in part:
                    found.add(f"{file}/{path}")
    assert found == set(ENTRIES)
