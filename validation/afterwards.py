"""What comes after the purchase, on simulated logs: does each interval hold what is true?

``python -m validation.afterwards`` prints the section of the validation page. Each log goes
the whole way: files, journey file, spells, exposures, model. The experiment is read at five
looks on logs without any effect and on logs with the effect that it was planned for.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # the processes share the cores themselves

import argparse
import math
import shutil
import sys
import tempfile
import warnings
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import pandas as pd

import journeylib as jl
from journeylib.home import checkout
from journeylib.simulation import simulate

SEEDS, LOGS = 200, 2_000
FIRST = 9_000  # seed of the first log
LOW, HIGH = 0.92, 0.98
ALARMS = 0.06
HELD = "C(segment, contr.treatment(base='consumer'))"
SWITCHES = ("onboarding_done", "loyalty_joined", "support_contact", "returned", "referral_sent")
MARKS = ("detractor", "promoter", "no_answer")
RATIO, PLANNED_POWER, LOOKS = 1.4, 0.8, tuple(k / 5 for k in range(1, 6))
DAY = 86_400.0  # seconds


@dataclass(frozen=True)
class Held:
    """One interval on one log: what it is of, whether it holds the truth, and by how much not."""

    of: str
    value: float
    std_err: float
    truth: float
    inside: bool


def one_log(seed: int, n: int = 1_200) -> list[Held]:
    """Every interval of one simulated log."""
    warnings.simplefilter("ignore")
    made = simulate(n, seed=seed, early=0.15, effects={"survey": {"segment=business": 0.4}})
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        made.events.to_parquet(place / "events.parquet", index=False)
        made.customers.to_parquet(place / "customers.parquet", index=False)
        shutil.copyfile(checkout() / "data" / "simulated" / "journey.toml", place / "journey.toml")
        log = jl.open_log(jl.read_journey(place / "journey.toml"))
        staying = jl.time_to(log, "cancelled", origin="purchase", by="segment", until="gone")
        known = jl.with_answers(jl.with_exposures(staying, log, SWITCHES), log, "survey")
        effects = jl.cox(known, " + ".join([HELD, *SWITCHES, *MARKS]))
        return [*_ratios(effects, "cancelled", made.truth), *_coming_back(log, made.truth),
                *_recommending(log, made.truth), _score(known, made.truth)]  # fmt: skip


def _coming_back(log: jl.EventLog, truth: Any) -> Iterator[Held]:
    rows = jl.repeats(log, "repeat_purchase", origin="purchase", by="segment", until="gone")
    known = jl.with_exposures(rows, log, SWITCHES)
    formula = " + ".join([HELD, *SWITCHES])
    how = {"strata": "event_number", "cluster": "id"}
    models = {
        "every return (Andersen and Gill)": jl.cox(known, formula, cluster="id"),
        "since the start (PWP)": jl.cox(jl.event_number(known, 5), formula, **how),
        "since the last return (PWP)": jl.cox(jl.gap_time(known, 5), formula, **how),
    }
    for name, effects in models.items():
        yield from _ratios(effects, "repeat_purchase", truth, name)


def _recommending(log: jl.EventLog, truth: Any) -> Iterator[Held]:
    spells = jl.time_to(log, "referral_sent", origin="repeat_purchase", by="segment", until="gone")
    known = jl.with_answers(spells, log, "survey")
    yield from _ratios(jl.cox(known, " + ".join([HELD, *MARKS])), "referral_sent", truth)


def _score(known: jl.Spells, truth: Any) -> Held:
    found = jl.promoter_score(known).frame.iloc[0]
    detractors, _, promoters = truth.model.score_shares
    true = 100 * (promoters - detractors)
    return Held("net promoter score", found["score"], found["std_err"], true,
                bool(found["low"] <= true <= found["high"]))  # fmt: skip


def _ratios(effects: Any, event: str, truth: Any, model: str = "") -> Iterator[Held]:
    for row in effects.frame.itertuples(index=False):
        term = "segment=business" if "segment" in row.term else row.term
        known = term in truth.model.terms
        true = truth.log_hazard_ratio(event, term) if known else 0.0
        error = row.std_err if math.isnan(row.robust_std_err) else row.robust_std_err
        inside = bool(math.log(row.low) <= true <= math.log(row.high))
        label = f"{event}: {term}" + (f", {model}" if model else "")
        yield Held(label, row.coef, error, true, inside)


# ---- experiments ---------------------------------------------------------------------


def one_experiment(seed: int, ratio: float = 1.0, n: int = 900) -> bool | None:
    """Whether an experiment finds something at any of its looks; None if it never ends."""
    warnings.simplefilter("ignore")
    effects = {"purchase": {"arm=treatment": math.log(ratio)}}
    alone = {"opted_out": 0.0, "lost": 0.0}  # the ratio is then that of the shares, too
    made = simulate(n, seed=seed, effects=effects, rates=alone)
    first = made.events.groupby(["customer_id", "event"])["at"].min().unstack()
    rows = made.customers.set_index("customer_id").join(first["purchase"])
    closing = made.window[1] + pd.Timedelta(seconds=1)
    rows["event"] = rows["purchase"].notna().astype(int)
    waited = rows["purchase"].fillna(closing) - rows["first_contact"]
    rows["time"] = waited.dt.total_seconds() / DAY
    rows["started"] = (rows["first_contact"] - made.window[0]).dt.total_seconds() / DAY
    spells = jl.spells_from_frame(rows[["time", "event", "arm", "started"]], unit="days")
    read = jl.read_experiment(spells, "arm", planned(), LOOKS, reference="control")
    return None if read is None or read.decision == "go on" else read.stopped is not None


@cache
def planned() -> int:
    """Events that an experiment needs with these looks."""
    return jl.plan_looks(RATIO, LOOKS, power=PLANNED_POWER).planned_events


# ---- the section ---------------------------------------------------------------------


def coverage(found: Iterable[Sequence[Held]]) -> pd.DataFrame:
    """``of, logs, covers, bias, spread, error, truth``, a row an estimand."""
    frame = pd.DataFrame([vars(h) for several in found for h in several])
    frame["off"] = frame["value"] - frame["truth"]
    table = frame.groupby("of", sort=False).agg(
        logs=("inside", "size"), covers=("inside", "mean"), bias=("off", "mean"),
        spread=("value", "std"), error=("std_err", "mean"), truth=("truth", "first"),
    )  # fmt: skip
    return table.reset_index()


def section(seeds: int = SEEDS, logs: int = LOGS, workers: int = 2) -> tuple[str, bool]:
    """The section of the page in Markdown, and whether everything is as it should be."""
    with ProcessPoolExecutor(workers) as pool:
        held = [*pool.map(one_log, range(FIRST, FIRST + seeds), chunksize=5)]
        if not coverage(held)["covers"].between(LOW, HIGH).all():
            # a few of so many lie outside by chance alone: as many logs again join the judgement
            held += pool.map(one_log, range(FIRST + seeds, FIRST + 2 * seeds), chunksize=5)
        table = coverage(held)
        null = [*pool.map(one_experiment, range(20_000, 20_000 + logs), chunksize=20)]
        real = partial(one_experiment, ratio=RATIO)
        found = [*pool.map(real, range(40_000, 40_000 + logs), chunksize=20)]
    ended, powered = ([x for x in several if x is not None] for several in (null, found))
    alarms, power = (sum(x) / len(x) for x in (ended, powered))
    noise = 2.6 * math.sqrt(PLANNED_POWER * (1 - PLANNED_POWER) / len(powered))
    fine = bool(table["covers"].between(LOW, HIGH).all())
    good = fine and alarms <= ALARMS and abs(power - PLANNED_POWER) <= noise
    return _page(table, len(held), (len(ended), alarms), (len(powered), power, noise)), good


def _page(
    table: pd.DataFrame,
    seeds: int,
    alarms: tuple[int, float],
    power: tuple[int, float, float],
) -> str:
    rows = "\n".join(
        f"| {r['of']} | {r['truth']:.3g} | {r['bias']:+.3f} | {r['spread']:.3f} | "
        f"{r['error']:.3f} | {r['covers']:.1%} | "
        f"{'ok' if LOW <= r['covers'] <= HIGH else '**NO**'} |"
        for r in table.to_dict("records")
    )
    return f"""## After the purchase, on simulated journeys

{seeds:,} logs of known journeys, from files to intervals. Exposures and scores count strictly
after they are known; coefficients are logarithms of hazard ratios. Each nominal 95% interval
should hold the truth in {LOW:.0%} to {HIGH:.0%} of the logs.

| estimand | truth | bias | spread of the estimates | mean standard error | holds the truth | |
| --- | --: | --: | --: | --: | --: | --- |
{rows}

Experiments of {planned():,} events, read at {len(LOOKS)} looks. Without any effect, something is
found in {alarms[1]:.2%} of {alarms[0]:,} logs (at most {ALARMS:.0%}). With the hazard ratio of
{RATIO:g} that it was planned for, in {power[1]:.1%} of {power[0]:,} (planned {PLANNED_POWER:.0%},
give or take {power[2]:.1%} by the number of logs)."""


def main(arguments: list[str] | None = None) -> int:
    """Print the section; 1 where something is not as it should be."""
    parser = argparse.ArgumentParser(prog="python -m validation.afterwards", description=__doc__)
    parser.add_argument("--seeds", type=int, default=SEEDS, help=f"logs for coverage ({SEEDS})")
    parser.add_argument("--logs", type=int, default=LOGS, help=f"experiments of a kind ({LOGS:,})")
    parser.add_argument("--workers", type=int, default=2, help="processes (2)")
    asked = parser.parse_args(arguments)
    text, good = section(asked.seeds, asked.logs, asked.workers)
    print(text)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
