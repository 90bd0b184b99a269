"""Effects stage by stage: what goes along with moving on, from each stage of the journey."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pandas as pd
from scipy.stats import chi2

from journeylib.audit import Audit
from journeylib.errors import DataError, ModelError, nearest
from journeylib.estimate.adjust import adjusted
from journeylib.estimate.cox import Effects, cox
from journeylib.estimate.design import reference_levels
from journeylib.estimate.formula import read_formula
from journeylib.results import Result
from journeylib.spells.core import Spells

LOST = "lost"
COLUMNS = ["stage", "term", "n", "events", "coef", "std_err", "hazard_ratio", "low", "high", "p"]
STAGE = "stage"
FEWEST = 10  # moves out of a stage, a term, below which nothing is estimated there


@dataclass(frozen=True, repr=False, eq=False)
class StageEffects(Result):
    """Hazard ratios of moving on, by stage: the columns of ``.frame`` are

    ``stage, term, n, events, coef, std_err, hazard_ratio, low, high, p, p_adjusted``.

    ``n`` customers were in the stage, ``events`` of them moved on. Errors are robust by
    customer; ``p_adjusted`` after Benjamini and Hochberg over the whole table.

    Parameters
    ----------
    differences
        ``term, stages, chisq, df, p``: whether a ratio differs between the stages.
    left_out
        Stage -> why nothing was estimated there.
    """

    differences: pd.DataFrame = field(kw_only=True)
    left_out: dict[str, str] = field(kw_only=True)

    title: ClassVar[str] = "Hazard ratios of moving on, by stage"

    @property
    def stages(self) -> tuple[str, ...]:
        """Stages that were estimated, in the order of the journey."""
        return tuple(self.table["stage"].unique())


def effects_by_stage(
    stays: Spells,
    formula: str,
    *,
    to: str | Sequence[str] = (),
    stages: Sequence[str] = (),
    level: float = 0.95,
) -> StageEffects:
    """Fit one proportional-hazards model a stage: who moves on from it, and sooner.

    Parameters
    ----------
    stays
        Rows of :func:`journeylib.stages`, also split at touches or exposures.
    formula
        Right-hand side, the same in every stage: what is asked about and what is adjusted for.
        Columns that are the same for everybody in a stage are left out there.
    to
        Stages that count as moving on; any later one unless given. All else censors.
    stages
        From which stages; all that somebody can leave unless given.
    level
        Coverage of the intervals.

    Returns
    -------
    StageEffects
        Stages with too few moves are left out, with the reason; the table may be empty.

    Raises
    ------
    DataError
        For spells without stages, or a stage that they do not have.

    Notes
    -----
    Cause-specific hazards of transitions in a Markov model on the journey's clock: stays
    enter the risk set when the stage is reached (Andersen, Borgan, Gill and Keiding 1993;
    Putter, Fiocco and Geskus 2007, Statistics in Medicine 26). As the stages share no
    parameter, separate fits equal one fit that is stratified by stage with every term
    interacting. Differences between stages: Cochran's Q of the separate estimates.

    Examples
    --------
    >>> import numpy as np
    >>> from dataclasses import replace
    >>> from journeylib import spells_from_frame
    >>> rng = np.random.default_rng(1)
    >>> df = pd.DataFrame({"ad": rng.integers(2, size=400)})
    >>> df["time"] = rng.exponential(1 / (1 + df.ad))
    >>> stays = spells_from_frame(df.assign(event=2, stage="first"), causes=["first", "second"])
    >>> found = effects_by_stage(stays, "ad").frame
    >>> found[["stage", "term", "events"]].values.tolist()
    [['first', 'ad', 400]]
    """
    frame = stays.frame
    if STAGE not in frame.columns:
        raise DataError("these spells do not say in which stage they are", fix="use stages(log)")
    names = stays.causes
    targets = (to,) if isinstance(to, str) else tuple(to)
    present = [s for s in names if s in set(frame[STAGE])]
    for name in (*targets, *stages):
        if name not in names:
            raise DataError(f"no stage is called {name!r}", fix=nearest(name, names))
    parts, left_out = [], {}
    references: dict[str, str] = {}
    for stage in [s for s in present if not stages or s in stages]:
        later = [k for k, s in enumerate(names, start=1) if _counts(s, stage, names, targets)]
        rows = frame[frame[STAGE] == stage]
        try:
            effects = _fitted(stays, rows, later, formula, level)
        except (ModelError, DataError) as error:
            left_out[stage] = error.what
            continue
        references |= reference_levels(effects.fit.design.spec)
        parts.append(_rows(stage, rows, effects))
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=COLUMNS)
    table["p_adjusted"] = adjusted(table["p"].to_numpy(dtype=float), "fdr_bh")
    about = {
        "event": " or ".join(targets) if targets else "a later stage",
        "formula": formula,
        "references": references,
        "level": level,
        "n": int(frame["id"].nunique()),
        "ids": int(frame["id"].nunique()),
        "events": sum(p["events"].iloc[0] for p in parts),
        "clock": stays.clock,
        "audit": stays.audit,
    }
    return StageEffects(
        table, stays.unit, (STAGE,), about, differences=_differences(table), left_out=left_out
    )


def _counts(name: str, stage: str, names: Sequence[str], targets: Sequence[str]) -> bool:
    """Whether to enter ``name`` from ``stage`` is to move on."""
    if targets:
        return name in targets and name != stage
    return name != LOST and names.index(name) > names.index(stage)


def _fitted(
    stays: Spells, rows: pd.DataFrame, later: Sequence[int], formula: str, level: float
) -> Effects:
    moved = rows["cause"].isin(later).astype(np.int64)
    if moved.sum() < FEWEST:
        raise ModelError(f"only {int(moved.sum())} customers move on")
    # a stay is one row unless split; the stage is part of what it is, not a covariate
    formula = _without_constants(formula, rows)
    made = rows.assign(cause=moved).drop(columns=STAGE).reset_index(drop=True)
    audit = Audit("rows", len(made), kept={"rows of stays": len(made)})
    spells = stays.with_table(made, causes=("moving on",), audit=audit, single=False)
    effects = cox(spells, formula, cluster="id", level=level)
    if effects.events < FEWEST * len(effects.terms):
        raise ModelError(
            f"{effects.events} customers move on, too few for {len(effects.terms)} terms"
        )
    return effects


def _without_constants(formula: str, rows: pd.DataFrame) -> str:
    """The formula without columns that are the same for everybody in this stage."""
    terms = [str(t) for t in read_formula(formula) if str(t) != "1"]
    kept = [t for t in terms if t not in rows or rows[t].nunique(dropna=False) > 1]
    if not kept:
        raise ModelError("nothing that was asked about differs there")
    return " + ".join(kept)


def _rows(stage: str, rows: pd.DataFrame, effects: Effects) -> pd.DataFrame:
    table = effects.frame
    found = table[["term", "coef", "robust_std_err", "hazard_ratio", "low", "high", "p"]]
    found = found.rename(columns={"robust_std_err": "std_err"})
    found.insert(0, "stage", stage)
    found.insert(2, "n", int(rows["id"].nunique()))
    found.insert(3, "events", effects.events)
    return found


def _differences(table: pd.DataFrame) -> pd.DataFrame:
    """Cochran's Q of each term over the stages; stages are disjoint, so estimates are too."""
    rows = []
    for term, part in table.groupby("term", sort=False):
        known = part[np.isfinite(part["coef"]) & (part["std_err"] > 0)]
        weight = 1 / known["std_err"] ** 2
        df = len(known) - 1
        if df < 1:
            continue
        mean = float((weight * known["coef"]).sum() / weight.sum())
        statistic = float((weight * (known["coef"] - mean) ** 2).sum())
        rows.append((term, len(known), statistic, df, float(chi2.sf(statistic, df))))
    return pd.DataFrame(rows, columns=["term", "stages", "chisq", "df", "p"])
