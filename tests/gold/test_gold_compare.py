"""Log-rank tests equal R's ``survdiff`` and ``coxph``, Gray's test equals ``cmprsk::cuminc``."""

from __future__ import annotations

import numpy as np
import pytest

import journeylib as jl

ENTRIES = [
    "telco/logrank_contract",
    "telco/peto_contract",
    "telco/logrank_payment",
    "telco/logrank_payment_stratified_by_contract",
    "telco/databricks_cohort.logrank_gender",
    "telco/databricks_cohort.logrank_onlineBackup",
    "cdnow/logrank_cohort",
    "completejourney/logrank_type",
    "bank/logrank_contact",
    "bank/logrank_poutcome",
    "bank/logrank_contact_stratified_month",
    "classic/lung_logrank",
    "classic/lung_peto",
    "classic/lung_logrank_strat_ecog",
    "classic/veteran_logrank_celltype",
]
LATE = "oulad/logrank_gender_left_truncated"
GRAY = ["online_retail/gray_uk", "bpic2012/gray_amount", "classic/mgus2_gray_sex"]


@pytest.mark.parametrize("name", ENTRIES)
def test_log_rank_equals_r(entry, close, name):
    result, spells, recipe = entry(name)
    found = jl.compare(spells, recipe.by, test=recipe.test, strata=recipe.strata)
    assert [f"{recipe.by}={g}" for g in found.groups] == result["groups"]
    assert found.df == result["df"]
    close(found.frame["n"], result["n"])
    close(found.frame["observed"], result["observed"], "observed")
    close(found.frame["expected"], result["expected"], "expected")
    close(found.statistic, result["chisq"], "statistic")
    close(found.p_value, result["p"], "p")


def test_delayed_entry_equals_r(entry, close):
    result, spells, recipe = entry(LATE)
    found = jl.compare(spells, recipe.by)
    assert found.df == result["df"]
    close(found.statistic, result["chisq"])
    close(found.p_value, result["p"])


@pytest.mark.parametrize("name", GRAY)
def test_gray_equals_cmprsk(entry, close, name):
    result, spells, recipe = entry(name)
    found = jl.compare(spells, recipe.by, test="gray")
    close(found.statistic, result["stat"])
    close(found.df, result["df"])
    # cmprsk computes 1 - pchisq(), which cannot be smaller than rounding
    np.testing.assert_allclose(found.p_value, result["p"], rtol=1e-8, atol=2e-16)


def test_pairs_and_their_adjustment_equal_r(entry, gold, close):
    _, spells, _ = entry("telco/logrank_payment")
    telco = gold("telco")
    pairs = jl.compare(spells, "PaymentMethod").pairwise
    names = pairs["reference"] + " | " + pairs["group"]
    assert set(names) == set(telco["pairwise_payment"])
    for name, row in zip(names, pairs.itertuples(), strict=True):
        wanted = telco["pairwise_payment"][name]
        close([row.statistic, row.p], [wanted["chisq"], wanted["p"]], name)
        assert row.df == wanted["df"]
    wanted = telco["pairwise_payment_adjusted"]
    order = [list(names).index(pair) for pair in wanted["pairs"]]
    close(pairs["p_holm"].to_numpy()[order], wanted["holm"])
    close(pairs["p_bh"].to_numpy()[order], wanted["BH"])
    # Bonferroni, which R's file also has, is p times the number of pairs: no method of ours
    close(np.minimum(pairs["p"].to_numpy()[order] * len(pairs), 1), wanted["bonferroni"])


def test_every_comparison_of_r_is_compared(gold):
    """No entry of these kinds is left out."""
    files = ["telco", "cdnow", "completejourney", "online_retail", "oulad", "bpic2012", "bank"]
    found = set()
    for file in [*files, "classic"]:
        for name, value in gold(file).items():
            parts = {name: value}
            if isinstance(value, dict) and not name.startswith("pairwise"):
                parts |= {f"{name}.{k}": v for k, v in value.items()}
            for path, part in parts.items():
                tests = isinstance(part, dict) and (
                    ("chisq" in part and "zph" not in path) or "stat" in part
                )
                found |= {f"{file}/{path}"} if tests else set()
    assert found == {*ENTRIES, *GRAY, LATE}
