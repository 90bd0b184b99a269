"""How often the headline intervals of the notebooks hold the truth, over simulated journeys.

Each seed is a shop of its own, drawn from the model of the sample. What is called here is
what the notebooks call, and what a finding says it estimates is held against the truth of
the model, as the section "Beside the truth" of a report does it.
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pandas as pd

from validation.shared import ROOT

SEEDS = 1_000  # with 200, one or two of 47 sound intervals lie outside the band by chance
CUSTOMERS = 4_000
BAND = (0.92, 0.98)
KEYS = ["notebook", "finding", "group"]
_JOURNEY = ROOT / "data" / "simulated" / "journey.toml"
_MODEL = {"early": 0.15, "opting_out": 0.4, "contacts_per_account": 1.5}
_MARKS = ("first_channel", "first_content", "segment", "arm")


def one_shop(seed: int) -> pd.DataFrame:
    """Findings of the notebooks on one simulated log: ``finding, group, hit``."""
    import journeylib as jl
    from journeylib.simulation import simulate

    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory(prefix="shop-") as name:
        folder = Path(name)
        simulate(CUSTOMERS, seed=seed, **_MODEL).write(folder)  # type: ignore[arg-type]
        (folder / "journey.toml").write_text(_JOURNEY.read_text("utf-8"), encoding="utf-8")
        log = jl.open_log(jl.read_journey(folder))
        parts = []
        for notebook, answer in _answers(jl, log):
            beside = jl.beside_truth(log, answer)
            if beside is not None:
                parts.append(beside.frame.assign(notebook=notebook, seed=seed))
    return pd.concat(parts, ignore_index=True)


def _answers(jl, log) -> Iterator[tuple[str, object]]:  # type: ignore[no-untyped-def]
    """The findings of each notebook, as its cells make them."""
    seen = {"until": "opted_out"}
    first = jl.exits(log, causes={"purchase": "purchase", "lost": "lost"}, by=_MARKS, **seen)
    curve, groups = jl.reached(first), jl.reached(first, by="first_channel")
    yield (
        "02_time_to_purchase",
        jl.findings(jl.shares(curve, at=30), jl.shares(groups, at=30), jl.medians(curve)),
    )
    stay = jl.churn(log, by="segment", **seen)
    left, by = jl.survival_curve(stay), jl.survival_curve(stay, by="segment")
    worth = jl.lifetime_value(stay, log, 180, "repeat_purchase", by="segment")
    yield (
        "03_churn",
        jl.findings(
            jl.shares(left, at=180, show="survival"),
            jl.shares(by, at=180, show="survival"),
            jl.medians(by),
            jl.mean_times(jl.rmst(stay, 180, by="segment")),
            jl.values(worth),
        ),
    )
    where = jl.occupancy(jl.stages(log, **seen))
    yield "04_journey_map", jl.findings(jl.stage_shares(where, 180), jl.stage_times(where, 180))
    step = jl.exits(log, "basket", {"purchase": "purchase", "lost": "lost"}, by=_MARKS, **seen)
    split = jl.with_exposures(jl.with_known(step, log, "promotion"), log, "email")
    model = " + ".join([*(f"C({mark})" for mark in _MARKS), "promotion", "email"])
    effects = jl.cox(split, model, cause="purchase", cluster="id")
    yield (
        "05_friction",
        jl.findings(
            jl.shares(jl.reached(step), at=30),
            jl.shares(jl.survival_curve(step), at=30, show="survival"),
            jl.excess_times(jl.segment_scan(step, "first_channel", 30)),
            jl.ratios(effects),
        ),
    )


def coverage(seeds: int = SEEDS, workers: int = 2) -> pd.DataFrame:
    """Share of the shops in which each headline interval holds the truth.

    Parameters
    ----------
    seeds
        Shops, numbered from 1.
    workers
        Processes.

    Returns
    -------
    DataFrame
        ``notebook, finding, group, shops, hits, coverage, verdict``.
    """
    with ProcessPoolExecutor(max_workers=workers) as pool:
        counted = _counted(pool.map(one_shop, range(1, seeds + 1)))
    inside = counted["coverage"].between(*BAND)
    return counted.assign(verdict=inside.map({True: "in the band", False: "outside"}))


def _counted(shops: Iterable[pd.DataFrame]) -> pd.DataFrame:
    found = pd.concat(shops, ignore_index=True)
    found["hit"] = found["verdict"] == "hit"
    counted = found.groupby(KEYS, sort=False)["hit"].agg(shops="size", hits="sum").reset_index()
    return counted.assign(coverage=counted["hits"] / counted["shops"])


def section(seeds: int = SEEDS, workers: int = 2) -> tuple[str, int]:
    """The section of the validation page, and how many intervals lie outside."""
    table = coverage(seeds, workers)
    outside = int((table["verdict"] == "outside").sum())
    inside = int((table["verdict"] == "in the band").sum())
    lines = [
        "## Headline intervals of the notebooks",
        "",
        f"{seeds:,} simulated journeys of {CUSTOMERS:,} customers each, with delayed entry, "
        "accounts of several contacts and opting out that depends on the segment. Every finding "
        "of the notebooks whose truth the model knows: how often its 95% interval holds it. "
        f"{inside} of {len(table)} lie between 92 and 98 of 100.",
        "",
        "| notebook | finding | group | held by | of | coverage | |",
        "|---|---|---|---:|---:|---:|---|",
    ]
    lines += [
        f"| {r.notebook} | {r.finding} | {r.group} | {r.hits} | {r.shops} | {r.coverage:.1%} "
        f"| {r.verdict} |"
        for r in table.itertuples(index=False)
    ]
    return "\n".join(lines), outside


if __name__ == "__main__":
    import sys

    asked = int(sys.argv[1]) if len(sys.argv) > 1 else SEEDS
    print(section(asked)[0])
