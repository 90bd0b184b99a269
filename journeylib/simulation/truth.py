"""What is true of a simulated journey, by matrix exponentials of its generator.

Everything here is about the population the customers are drawn from, with nobody
censored and nobody unseen: the chain without ``opted_out``. It is a mixture over
the profiles (channel, content, segment, arm, account, cured or not), each with
its share; each profile is solved exactly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse.linalg import expm_multiply

from journeylib.errors import DataError, nearest
from journeylib.simulation.model import (
    AFTER,
    BEFORE,
    FIRST,
    KINDS,
    LOST,
    NEXT,
    PURCHASED,
    STAGES,
    STATES,
    Model,
)

_ALIVE = len(STATES) - 1  # all states but opted_out
_PLACES = (*STAGES, LOST)


@dataclass(frozen=True, eq=False)
class Truth:
    """The known model and what follows from it.

    Parameters
    ----------
    model
        Rates, effects and shares.
    arrivals
        When first contacts come, where that is known: the ``days`` of the window over which
        they are spread, the share ``early`` before it, spread over ``history`` days.

    Examples
    --------
    >>> truth = Truth(Model(rates={**Model().rates, "lost": 0.0}, effects={}))
    >>> round(float(truth.reached("purchase", [120]).probability[0]), 4)  # 1 - exp(-120 / 120)
    0.6321
    """

    model: Model
    arrivals: Mapping[str, float] = field(default_factory=dict)

    @property
    def frame(self) -> pd.DataFrame:
        """Hazards and effects: ``event, term, rate, log_hazard_ratio, hazard_ratio``."""
        return self.model.frame()

    def log_hazard_ratio(self, event: str, term: str) -> float:
        """True coefficient of a term for an event; 0 where it has no effect.

        Raises
        ------
        DataError
            For an unknown event or term.
        """
        for name, known in ((event, self.model.rates), (term, self.model.terms)):
            if name not in known:
                raise DataError(f"there is no {name!r}", fix=nearest(name, known))
        return float(self.model.effects.get(event, {}).get(term, 0.0))

    @cached_property
    def profiles(self) -> pd.DataFrame:
        """Who comes: marks, ``cured``, ``environment`` and the ``share`` of each; sums to 1."""
        m = self.model
        rows = []
        for levels in product(
            *(m.marks[name].items() for name in ("channel", "content", "segment"))
        ):
            names, shares = zip(*levels)
            p = float(m.treated(np.array([names[2] == "business"], dtype=float))[0])
            for arm, q in (("control", 1 - p), ("treatment", p)):
                rows.append((*names, arm, float(np.prod(shares)) * q))
        frame = pd.DataFrame(rows, columns=["channel", "content", "segment", "arm", "share"])
        sides = [1.0] if m.account_spread == 0 else [1 + m.account_spread, 1 - m.account_spread]
        parts = [frame.assign(environment=e, share=frame["share"] / len(sides)) for e in sides]
        frame = pd.concat(parts, ignore_index=True)
        cured = frame.assign(cured=True, share=frame["share"] * m.cure)
        frame = frame.assign(cured=False, share=frame["share"] * (1 - m.cure))
        frame = pd.concat([frame, cured] if m.cure else [frame], ignore_index=True)
        return frame[frame["share"] > 0].reset_index(drop=True)

    @cached_property
    def generators(self) -> np.ndarray:
        """Generator of each profile, shape (profiles, states, states), without opting out."""
        intensity = self.model.intensity()
        intensity[:, KINDS.index("opted_out")] = 0
        factor = self.model.multiplier(self.profiles)
        buys = KINDS.index("purchase")
        factor[:, buys] *= self.profiles["environment"] * ~self.profiles["cured"]
        out = np.zeros((len(factor), _ALIVE, _ALIVE))
        for s, k in zip(*np.nonzero(intensity[:_ALIVE])):
            if NEXT[s, k] != s:
                out[:, s, NEXT[s, k]] += intensity[s, k] * factor[:, k]
        out[:, range(_ALIVE), range(_ALIVE)] -= out.sum(axis=2)
        return out

    def _states(self, times: Sequence[float], start: int) -> np.ndarray:
        """Probability of each state, shape (profiles, times, states)."""
        grid = np.asarray(times, dtype=float)
        if grid.ndim != 1 or not np.isfinite(grid).all() or (grid < 0).any():
            raise DataError(f"times must be a list of numbers from 0 up, not {times!r}")
        out = np.empty((len(self.generators), len(grid), _ALIVE))
        now = np.zeros((len(out), _ALIVE))
        now[:, start] = 1
        last = 0.0
        for i in np.argsort(grid, kind="stable"):
            if grid[i] > last:
                now = expm_multiply(self._blocks * (grid[i] - last), now.ravel())
                now, last = now.reshape(-1, _ALIVE), grid[i]
            out[:, i] = now
        return out

    @cached_property
    def _blocks(self) -> sparse.csr_array:
        """Transposed generators of all profiles down one diagonal; most of them is empty."""
        return sparse.csr_array(sparse.block_diag([g.T for g in self.generators]))

    def reached(
        self, event: str, times: Sequence[float], by: str | Sequence[str] | None = None
    ) -> pd.DataFrame:
        """Share for whom an event has happened by each time, while the others may prevent it.

        Parameters
        ----------
        event
            ``"purchase"`` or ``"lost"``, in days since the first contact; or
            ``"cancelled"``, in days since the purchase, for the mix of customers
            who ever purchase.
        times
            In days.
        by
            Marks that make the groups.

        Returns
        -------
        DataFrame
            ``group``, the marks, ``time``, ``probability``.
        """
        if event not in ("purchase", "lost", "cancelled"):
            raise DataError(
                f"no share is known of {event!r}",
                fix=nearest(event, ("purchase", "lost", "cancelled")),
            )
        if event == "cancelled":
            states = self._states(times, PURCHASED)
            weight = self.profiles["share"].to_numpy() * self.ever
            chosen = np.array([s.stage == "cancelled" for s in STATES[:_ALIVE]])
        else:
            states, weight = self._states(times, FIRST), self.profiles["share"].to_numpy()
            bought = {"cancelled", *STAGES[3:]}
            wanted = bought if event == "purchase" else {LOST}
            chosen = np.array([s.stage in wanted for s in STATES[:_ALIVE]])
        return self._mixed(states[:, :, chosen].sum(axis=2), times, weight, by, "probability")

    @cached_property
    def ever(self) -> np.ndarray:
        """Probability of ever purchasing, by profile: absorption of the stages before it."""
        b = len(BEFORE)
        inner = self.generators[:, :b, :b]
        into = self.generators[:, :b, b : b + len(AFTER)].sum(axis=2)
        return np.linalg.solve(-inner, into[:, :, None])[:, FIRST, 0]

    def occupancy(
        self, times: Sequence[float], by: str | Sequence[str] | None = None
    ) -> pd.DataFrame:
        """Share in each stage at each time since the first contact; ``lost`` holds both exits.

        Returns
        -------
        DataFrame
            ``group``, the marks, ``stage``, ``time``, ``probability``.
        """
        states, share = self._states(times, FIRST), self.profiles["share"].to_numpy()
        return self._by_place(states, times, share, by, "probability")

    def days_per_stage(self, horizon: float, by: str | Sequence[str] | None = None) -> pd.DataFrame:
        """Mean days in each stage within the first ``horizon`` days since the first contact.

        Notes
        -----
        The integral of exp(Qt) is a block of the exponential of [[Q, 0], [I, 0]] (Van Loan
        1978, IEEE Trans. Automat. Control 23).
        """
        n = self._blocks.shape[0]
        begin = np.zeros((len(self.generators), _ALIVE))
        begin[:, FIRST] = 1
        empty = sparse.csr_array((n, n))
        wide = sparse.block_array(
            [[self._blocks, None], [sparse.eye_array(n), empty]], format="csr"
        )
        both = expm_multiply(wide * horizon, np.concatenate([begin.ravel(), np.zeros(n)]))
        days = both[n:].reshape(-1, 1, _ALIVE)
        share = self.profiles["share"].to_numpy()
        return self._by_place(days, [horizon], share, by, "days")

    def _by_place(
        self, states: np.ndarray, times: Sequence[float], share: np.ndarray, by: Any, name: str
    ) -> pd.DataFrame:
        frames = []
        for place in _PLACES:
            among = {place, "cancelled"} if place == LOST else {place}
            chosen = np.array([s.stage in among for s in STATES[:_ALIVE]])
            mixed = self._mixed(states[:, :, chosen].sum(axis=2), times, share, by, name)
            mixed.insert(mixed.columns.get_loc("time"), "stage", place)  # type: ignore[arg-type]
            frames.append(mixed)
        return pd.concat(frames, ignore_index=True)

    def _mixed(
        self, values: np.ndarray, times: Sequence[float], weight: np.ndarray, by: Any, name: str
    ) -> pd.DataFrame:
        names = [] if by is None else [by] if isinstance(by, str) else list(by)
        for one in names:
            if one not in self.model.marks:
                raise DataError(f"there is no mark {one!r}", fix=nearest(one, self.model.marks))
        groups: Any = self.profiles.groupby(names, sort=True) if names else [((), self.profiles)]
        frames = []
        for key, rows in groups:
            w = weight[rows.index]
            mean = w @ values[rows.index] / w.sum()
            levels = [str(level) for level in key]
            head = {"group": " / ".join(levels) or "all", **dict(zip(names, levels))}
            frames.append(pd.DataFrame({**head, "time": np.asarray(times, float), name: mean}))
        return pd.concat(frames, ignore_index=True)
