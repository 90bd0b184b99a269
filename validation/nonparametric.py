"""Curves, means, tests, incidence, counts and stages against R, value by value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

import journeylib as jl
from validation.ledger import Ledger
from validation.recipes import RECIPES, Recipe
from validation.shared import read
from validation.stages import CAUSES, stays

EXACT = 1e-8
SUFFIX = {"log": "log", "log-log": "loglog", "plain": "plain"}
UNDEFINED = "at S = 1 R leaves the log-log limits undefined; ours are 1 to 1"
TINY = "a p value below 1e-12 follows from the statistic, which is compared"
KM = "Kaplan-Meier"


def compare_all(book: Ledger) -> None:
    """Every non-parametric entry."""
    for name, recipe in RECIPES.items():
        path = name.replace(".", "/")
        found = book.get(path)
        if "mcf" in found:
            _mean_count(book, path, recipe)
        elif "states" in found:
            _incidence(book, path, recipe)
        elif "groups" in found and "tau" in found:
            _curve(book, path, recipe)
        else:
            _test(book, path, recipe)
    _pairs(book)
    _stages(book)


def _groups(book: Ledger, path: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for label, wanted in book.get(path)["groups"].items():
        yield f"{path}/groups/{label}", label.partition("=")[2] or label, wanted


def _rows(frame: pd.DataFrame, group: str) -> pd.DataFrame:
    return frame[frame["group"] == group]


def _curve(book: Ledger, path: str, recipe: Recipe) -> None:
    spells = recipe.spells(read)
    curves = {conf: jl.survival_curve(spells, recipe.by, conf) for conf in SUFFIX}
    hazard = jl.cumulative_hazard(spells, recipe.by)
    means = jl.rmst(spells, book.get(path)["tau"], recipe.by).frame.set_index("group")
    sizes = curves["log"].about["sizes"]
    for at, group, wanted in _groups(book, path):
        if spells.single:
            book.compare(f"{KM}: counts", f"{at}/n_records", sizes[group]["n"], 0)
        book.compare(f"{KM}: counts", f"{at}/events", sizes[group]["events"], 0)
        for conf, curve in curves.items():
            row = _rows(curve.at(wanted["time"]), group)
            if conf == "log":
                book.compare(f"{KM}: counts", f"{at}/n_risk", row["at_risk"], 0)
                book.compare(f"{KM}: survival", f"{at}/surv", row["survival"], EXACT)
                book.compare(f"{KM}: standard error", f"{at}/std_err", row["std_err"], EXACT)
            _limits(book, at, conf, row, wanted)
        _quantiles(book, at, group, curves, wanted)
        row = _rows(hazard.at(wanted["time"]), group)
        name = "Nelson-Aalen: hazard and standard error"
        book.compare(name, f"{at}/nelson_aalen", row["cumulative_hazard"], EXACT)
        book.compare(name, f"{at}/nelson_aalen_se", row["std_err"], EXACT)
        name = "Restricted mean and standard error"
        book.compare(name, f"{at}/rmst", means.loc[group, "rmst"], EXACT)
        book.compare(name, f"{at}/rmst_se", means.loc[group, "std_err"], EXACT)


def _limits(book: Ledger, at: str, conf: str, row: pd.DataFrame, wanted: dict[str, Any]) -> None:
    for side, key in (("low", "lower"), ("high", "upper")):
        theirs = np.array(wanted[f"{key}_{SUFFIX[conf]}"], dtype=float)
        spare = (np.isnan(theirs) & (np.array(wanted["surv"]) == 1), UNDEFINED)
        name = f"{KM}: interval ({conf})"
        book.compare(name, f"{at}/{key}_{SUFFIX[conf]}", row[side], EXACT, spare=spare)


def _quantiles(
    book: Ledger, at: str, group: str, curves: dict[str, jl.Curve], wanted: dict[str, Any]
) -> None:
    name = "Quantiles of survival and their intervals"
    for conf in ("log", "log-log"):
        row = _rows(curves[conf].quantile(wanted["quantile_p"]), group)
        if conf == "log":
            book.compare(name, f"{at}/quantile", row["quantile"], EXACT)
        book.compare(name, f"{at}/quantile_lower_{SUFFIX[conf]}", row["low"], EXACT)
        book.compare(name, f"{at}/quantile_upper_{SUFFIX[conf]}", row["high"], EXACT)


def _incidence(book: Ledger, path: str, recipe: Recipe) -> None:
    spells = recipe.spells(read)
    found = jl.cumulative_incidence(spells, recipe.by)
    free = jl.survival_curve(spells, recipe.by, "log")
    states = len(book.get(path)["states"])
    keys = {"pstate": "incidence", "std_err": "std_err", "lower": "low", "upper": "high"}
    for at, group, wanted in _groups(book, path):
        rows = _rows(found.at(wanted["time"]), group)
        none = _rows(free.at(wanted["time"]), group)
        for key, column in keys.items():
            what = "incidence" if key == "pstate" else "standard error"
            what = "interval" if key in ("lower", "upper") else what
            name = f"Aalen-Johansen: {what}"
            # R's first state is whoever has had no outcome yet: survival of any outcome
            ours = none["survival" if key == "pstate" else column]
            book.compare(name, f"{at}/{key}", ours, EXACT, pick=(slice(None), 0))
            for cause in range(1, states):
                ours = rows.loc[rows["cause"] == cause, column]
                book.compare(name, f"{at}/{key}", ours, EXACT, pick=(slice(None), cause))


def _mean_count(book: Ledger, path: str, recipe: Recipe) -> None:
    wanted = book.get(path)
    found = jl.mean_cumulative_count(recipe.spells(read), recipe.by)
    if "strata" in wanted:
        rows = pd.concat(
            _rows(found.at(t), s.partition("=")[2])
            for s, t in zip(wanted["strata"], wanted["time"], strict=True)
        )
    else:
        rows = found.at(wanted["time"])
    name = "Mean cumulative count and robust standard error"
    book.compare(name, f"{path}/mcf", rows["mean_count"], EXACT)
    book.compare(name, f"{path}/robust_se", rows["std_err"], EXACT)
    if "n_risk" in wanted:
        book.compare(name, f"{path}/n_risk", rows["at_risk"], EXACT)


def _test(book: Ledger, path: str, recipe: Recipe) -> None:
    wanted = book.get(path)
    found = jl.compare(recipe.spells(read), recipe.by, recipe.test, recipe.strata)
    if "stat" in wanted:
        name = "Gray's test"
        book.compare(name, f"{path}/stat", found.statistic, EXACT)
        book.compare(name, f"{path}/df", found.df, 0)
        tiny = np.array(wanted["p"]) < 1e-12
        book.compare(name, f"{path}/p", found.p_value, EXACT, spare=(tiny, TINY))
        return
    kind = "Peto" if recipe.test == "peto" else "Log-rank"
    name = f"{kind} test" + (", stratified" if recipe.strata else "")
    name += ", delayed entry" if recipe.start else ""
    for key in {"n", "observed", "expected"} & set(wanted):
        book.compare(name, f"{path}/{key}", found.frame[key], EXACT)
    book.compare(name, f"{path}/chisq", found.statistic, EXACT)
    book.compare(name, f"{path}/df", found.df, 0)
    book.compare(name, f"{path}/p", found.p_value, EXACT)


def _pairs(book: Ledger) -> None:
    spells = RECIPES["telco/logrank_payment"].spells(read)
    pairs = jl.compare(spells, "PaymentMethod").pairwise
    pairs.index = pd.Index(pairs["reference"] + " | " + pairs["group"])
    name = "Log-rank of pairs, with Holm and Benjamini-Hochberg"
    for pair, row in pairs.iterrows():
        at = f"telco/pairwise_payment/{pair}"
        for key, column in (("chisq", "statistic"), ("df", "df"), ("p", "p")):
            book.compare(name, f"{at}/{key}", row[column], EXACT)
    at = "telco/pairwise_payment_adjusted"
    ordered = pairs.loc[book.get(at)["pairs"]]
    book.compare(name, f"{at}/holm", ordered["p_holm"], EXACT)
    book.compare(name, f"{at}/BH", ordered["p_bh"], EXACT)


def _stages(book: Ledger) -> None:
    path = "bpic2012/multistate"
    wanted = book.get(path)
    found = jl.occupancy(stays(read("bpic2012_survival.csv.gz")))
    at = found.at(wanted["time"])
    for key, column in (("pstate", "probability"), ("std_err", "std_err")):
        ours = at.pivot(index="time", columns="stage", values=column)[list(found.stages)]
        book.compare("Shares in stages and standard error", f"{path}/{key}", ours, EXACT)
    to = [*CAUSES, "(censored)"]
    counts = found.transitions.pivot(index="from", columns="to", values="count")
    counts = counts.reindex(index=found.stages, columns=to).fillna(0)
    book.compare("Transitions between stages", f"{path}/transitions/count", counts, 0)
