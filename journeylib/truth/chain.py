"""The chain of a simulated customer, started where a report starts its clock.

A report may start its clock at the first contact, at the first product view, basket or
purchase. Who gets there is a mixture over the profiles and over what happened on the way;
both follow from the generator by linear algebra, so that every number here is exact. What a
generator does to a distribution is computed without its whole exponential (Al-Mohy and
Higham 2011, SIAM J. Sci. Comput. 33).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from scipy.sparse import block_diag, bmat, csr_array, eye
from scipy.sparse.linalg import expm_multiply

from journeylib.simulation.model import (
    AFTER,
    BEFORE,
    FIRST,
    KINDS,
    LOST,
    PURCHASED,
    STAGES,
    STATES,
)
from journeylib.simulation.truth import Truth

ORIGINS = {"first_contact": "awareness", "product_view": "consideration", "basket": "decision"}
MARKS = {"first_channel": "channel", "first_content": "content", "segment": "segment", "arm": "arm"}
_ALIVE = len(STATES) - 1
_AFTER = range(len(BEFORE), len(BEFORE) + len(AFTER))


@dataclass(frozen=True, eq=False)
class Started:
    """Customers at the start of the clock.

    Parameters
    ----------
    generator
        Of each profile on the states that matter, shape (profiles, states, states).
    weight
        Who starts where, shape (profiles, states); not normalised.
    ends
        Name of an outcome -> the states that mean it.
    profiles
        Marks of each profile.
    states
        Index of each state among those of the model.
    """

    generator: np.ndarray
    weight: np.ndarray
    ends: dict[str, np.ndarray]
    profiles: pd.DataFrame
    states: np.ndarray

    def among(self, chosen: np.ndarray) -> Started:
        """The same, of the profiles chosen."""
        weight = np.where(chosen[:, None], self.weight, 0.0)
        return replace(self, weight=weight)

    def reached(self, outcomes: Sequence[str], time: float) -> float:
        """Share in any of some outcomes at a time."""
        if time <= 0:
            return 0.0
        held, share = self._held
        now = expm_multiply(self._blocks.T * time, share).reshape(len(held), -1)
        return float(now[:, self._mask(outcomes)].sum())

    def days_outside(self, outcomes: Sequence[str], horizon: float) -> float:
        """Mean time within the horizon spent outside some outcomes."""
        return float(self.days(horizon)[~self._mask(outcomes)].sum())

    def days(self, horizon: float) -> np.ndarray:
        """Mean time in each state within the horizon (Van Loan 1978)."""
        held, share = self._held
        n = len(share)
        wide = bmat([[self._blocks.T, None], [eye(n), csr_array((n, n))]], format="csr")
        both = expm_multiply(wide * horizon, np.concatenate([share, np.zeros(n)]))
        spent: np.ndarray = both[n:].reshape(len(held), -1).sum(axis=0)
        return spent

    @cached_property
    def _held(self) -> tuple[np.ndarray, np.ndarray]:
        """Profiles among whom anybody starts, and the share of each of their states, flat."""
        held = np.flatnonzero(self.weight.sum(axis=1) > 0)
        share = self.weight[held].ravel()
        return held, share / share.sum()

    @cached_property
    def _blocks(self) -> csr_array:
        """Generators of the profiles held, one below the other along the diagonal."""
        return block_diag([csr_array(self.generator[p]) for p in self._held[0]], format="csr")

    def _mask(self, outcomes: Sequence[str]) -> np.ndarray:
        mask = np.zeros(self.generator.shape[1], dtype=bool)
        for name in outcomes:
            mask |= self.ends[name]
        return mask


def started(truth: Truth, origin: str) -> Started | None:
    """Customers at an origin, by the way they came; None for an origin that is not known."""
    if origin == "purchase":
        return _after(truth)
    if origin not in ORIGINS:
        return None
    return _before(truth, ORIGINS[origin])


def _before(truth: Truth, stage: str) -> Started:
    """From a stage before the purchase; purchase and lost absorb."""
    b = len(BEFORE)
    whole = truth.generators
    small = np.zeros((len(whole), b + 2, b + 2))
    small[:, :b, :b] = whole[:, :b, :b]
    small[:, :b, b] = whole[:, :b, list(_AFTER)].sum(axis=2)
    small[:, :b, b + 1] = whole[:, :b, [s.stage == LOST for s in STATES[:_ALIVE]]].sum(axis=2)
    weight = np.zeros((len(whole), b + 2))
    weight[:, :b] = truth.profiles["share"].to_numpy()[:, None] * _arrivals(small[:, :b, :b], stage)
    ends = {"purchase": np.arange(b + 2) == b, "lost": np.arange(b + 2) == b + 1}
    return Started(small, weight, ends, truth.profiles, np.arange(b))


def _arrivals(inner: np.ndarray, stage: str) -> np.ndarray:
    """Probability of entering a stage, by the state in which it is entered first."""
    there = np.array([s.stage == stage for s in BEFORE])
    out = np.zeros((len(inner), len(BEFORE)))
    if there[FIRST]:
        out[:, FIRST] = 1.0
        return out
    here = ~there
    stay = inner[:, here][:, :, here]
    into = inner[:, here][:, :, there]
    start = int(np.flatnonzero(np.flatnonzero(here) == FIRST)[0])
    out[:, there] = np.linalg.solve(-stay, into)[:, start]
    return out


def _after(truth: Truth) -> Started:
    """From the purchase on; cancelled absorbs."""
    whole = truth.generators
    after = list(_AFTER)
    gone = [i for i, s in enumerate(STATES[:_ALIVE]) if s.stage == "cancelled"]
    small = np.zeros((len(whole), len(after) + 1, len(after) + 1))
    small[:, :-1, :-1] = whole[:, after][:, :, after]
    small[:, :-1, -1] = whole[:, after][:, :, gone].sum(axis=2)
    weight = np.zeros(small.shape[:2])
    weight[:, after.index(PURCHASED)] = truth.profiles["share"].to_numpy() * truth.ever
    ends = {"cancelled": np.arange(len(after) + 1) == len(after)}
    return Started(small, weight, ends, truth.profiles, np.array(after))


def whole_journey(truth: Truth) -> Started:
    """From the first contact through all stages; the ends are the stages, and both exits lost."""
    weight = np.zeros((len(truth.profiles), _ALIVE))
    weight[:, FIRST] = truth.profiles["share"]
    place = np.array([LOST if s.stage == "cancelled" else s.stage for s in STATES[:_ALIVE]])
    ends = {stage: place == stage for stage in (*STAGES, LOST)}
    return Started(truth.generators, weight, ends, truth.profiles, np.arange(_ALIVE))


def rates_of(truth: Truth, event: str) -> np.ndarray:
    """Intensity of an event in each state, for the marks that have no effect on it."""
    kinds = [k for k, kind in enumerate(KINDS) if kind.partition(":")[0] == event]
    return truth.model.intensity()[:, kinds].sum(axis=1)
