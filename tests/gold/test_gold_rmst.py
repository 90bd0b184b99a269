"""Restricted means equal R's ``survfit(rmean=)``."""

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


@pytest.mark.parametrize("name", ENTRIES)
def test_restricted_mean_equals_r(entry, close, name):
    result, spells, recipe = entry(name)
    frame = jl.rmst(spells, horizon=result["tau"], by=recipe.by).frame
    wanted = list(result["groups"].values())
    close(frame["rmst"], [g["rmst"] for g in wanted])
    close(frame["std_err"], [g["rmst_se"] for g in wanted])


def test_differences_follow_from_r(entry, close):
    result, spells, _ = entry("classic/lung_km_sex")
    found = jl.rmst(spells, horizon=800, by="sex").differences
    men, women = result["groups"]["sex=1"], result["groups"]["sex=2"]
    difference = women["rmst"] - men["rmst"]
    error = np.hypot(women["rmst_se"], men["rmst_se"])
    z = 1.959963984540054
    close(found[["difference", "std_err"]].iloc[0], [difference, error])
    close(found[["low", "high"]].iloc[0], [difference - z * error, difference + z * error])
    close(found["ratio"], [women["rmst"] / men["rmst"]])
