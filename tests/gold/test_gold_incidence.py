"""Aalen-Johansen and mean counts equal R's ``survfit``."""

from __future__ import annotations

import numpy as np
import pytest

import journeylib as jl

ENTRIES = [
    "online_retail/aj_all",
    "online_retail/aj_uk",
    "bpic2012/aj_all",
    "bpic2012/aj_by_amount",
    "classic/mgus2_aj",
    "classic/mgus2_aj_sex",
]


@pytest.mark.parametrize("name", ENTRIES)
def test_incidence_equals_r(entry, close, name):
    result, spells, recipe = entry(name)
    found = jl.cumulative_incidence(spells, by=recipe.by)
    free = jl.survival_curve(spells, by=recipe.by, conf="log")
    for label, wanted in result["groups"].items():
        group = label.partition("=")[2] or label
        share = {k: np.array(wanted[k], dtype=float) for k in ("pstate", "std_err")}
        share |= {k: np.array(wanted[k], dtype=float) for k in ("lower", "upper")}
        at = found.at(wanted["time"]).pipe(lambda df, g=group: df[df["group"] == g])
        for cause in range(1, len(result["states"])):
            rows = at[at["cause"] == cause]
            close(rows["incidence"], share["pstate"][:, cause], "incidence")
            close(rows["std_err"], share["std_err"][:, cause], "standard error")
            close(rows["low"], share["lower"][:, cause], "low")
            close(rows["high"], share["upper"][:, cause], "high")
        # R's first state is whoever has had no outcome yet: the Kaplan-Meier curve of any outcome
        rows = free.at(wanted["time"]).pipe(lambda df, g=group: df[df["group"] == g])
        close(rows["survival"], share["pstate"][:, 0], "no outcome")
        close(rows["std_err"], share["std_err"][:, 0], "no outcome: standard error")
        close(rows["low"], share["lower"][:, 0], "no outcome: low")
        close(rows["high"], share["upper"][:, 0], "no outcome: high")


def test_mean_count_of_purchases_equals_r(entry, close):
    result, spells, _ = entry("cdnow/mean_cumulative_function")
    found = jl.mean_cumulative_count(spells).at(result["time"])
    close(found["mean_count"], result["mcf"])
    close(found["std_err"], result["robust_se"])
    close(found["at_risk"], result["n_risk"])


def test_mean_count_by_treatment_equals_r(entry, close):
    result, spells, recipe = entry("classic/cgd_mcf")
    times = sorted(set(result["time"]))
    found = jl.mean_cumulative_count(spells, by=recipe.by).at(times)
    place = {f"{recipe.by}={g}": g for g in found["group"]}
    rows = [
        found[(found["group"] == place[s]) & (found["time"] == t)].iloc[0]
        for s, t in zip(result["strata"], result["time"], strict=True)
    ]
    close([r["mean_count"] for r in rows], result["mcf"])
    close([r["std_err"] for r in rows], result["robust_se"])
