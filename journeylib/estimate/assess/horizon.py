"""How far predictions can be judged: while enough are at risk and censoring can be estimated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from journeylib.estimate.assess.censoring import Outcomes
from journeylib.estimate.assess.predictions import followed
from journeylib.numbers import number


@dataclass(frozen=True, eq=False)
class Horizon:
    """Times that can be assessed, the risk that the null model gives, and why they end.

    ``end`` is the last of the times, NaN where there is none.
    """

    times: np.ndarray
    null: np.ndarray
    reason: str

    @property
    def end(self) -> float:
        """The last time assessed."""
        return float(self.times[-1]) if len(self.times) else float("nan")


def horizon(model: Any, seen: Outcomes, asked: np.ndarray, least: int, unit: str) -> Horizon:
    """Restrict the times asked for to those that can be judged.

    Parameters
    ----------
    model
        Whose follow-up bounds the predictions.
    seen
        The test customers.
    asked
        Times, ascending.
    least
        How many have to be at risk.
    unit
        Of the times, for the words.
    """
    at_risk = len(seen) - np.searchsorted(seen.time, asked, side="left")
    stays = seen.stays[np.searchsorted(seen.distinct, asked, side="right")]
    ended = followed(model)
    limits = {
        f"fewer than {least} of the {len(seen):,} test customers are at risk": at_risk >= least,
        "all test customers still there are censored, so that the censoring cannot be made up "
        "for": stays > 0,
        f"the model was not followed (beyond {number(ended)} {unit})": asked <= ended,
    }
    good = np.logical_and.reduce(list(limits.values()))
    kept = asked[good]
    reason = _reason(asked, kept, at_risk[good], limits, unit)
    return Horizon(kept, null_risk(seen, kept), reason)


def _reason(
    asked: np.ndarray,
    kept: np.ndarray,
    at_risk: np.ndarray,
    limits: dict[str, np.ndarray],
    unit: str,
) -> str:
    if len(kept) == len(asked):
        return (
            f"All times asked for are assessed: at {number(kept[-1])} {unit}, "
            f"{int(at_risk[-1]):,} are still at risk."
        )
    failed = {why: asked[~good] for why, good in limits.items() if not good.all()}
    why = min(failed, key=lambda w: float(failed[w][0]))
    first = number(float(failed[why][0]))
    if not len(kept):
        return f"Nothing can be assessed: at {first} {unit}, {why}."
    return f"Assessed up to {number(kept[-1])} {unit} only: at {first} {unit}, {why}."


def null_risk(seen: Outcomes, times: np.ndarray) -> np.ndarray:
    """Share with the event by each time, whatever the covariates (Aalen-Johansen)."""
    ended = np.bincount(seen.place, minlength=len(seen.distinct))
    at_risk = ended[::-1].cumsum()[::-1]
    event = np.bincount(seen.place, seen.cause == 1, len(seen.distinct))
    any_event = np.bincount(seen.place, seen.cause > 0, len(seen.distinct))
    before = np.concatenate(([1.0], np.cumprod(1 - any_event / at_risk)[:-1]))
    total = np.concatenate(([0.0], np.cumsum(before * event / at_risk)))
    return total[np.searchsorted(seen.distinct, times, side="right")]
