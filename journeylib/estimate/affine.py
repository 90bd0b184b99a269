"""Products of affine maps over any run of times, in about as many steps as its length has bits."""

from __future__ import annotations

import numpy as np


class Runs:
    """Products of the affine maps U -> U H - c_j over any run of times, in log T steps.

    Level l holds the products over blocks of 2**l times: the matrix and, for each
    state, what is taken off by the end of the block.
    """

    def __init__(self, step: np.ndarray, drift: np.ndarray) -> None:
        self.levels = [(step, drift)]
        while len(step) > 1:
            whole = len(step) // 2 * 2
            left, right = slice(0, whole, 2), slice(1, whole, 2)
            drift = drift[left] @ step[right] + drift[right]
            step = step[left] @ step[right]
            self.levels.append((step, drift))

    def carry(
        self, u: np.ndarray, state: np.ndarray | None, start: np.ndarray, stop: np.ndarray
    ) -> np.ndarray:
        """U after the times ``start`` to ``stop - 1``, staying in ``state`` (None: nowhere)."""
        u, at = u.copy(), start.copy()
        top = len(self.levels) - 1
        for level in range(top):  # up, to where a larger block begins
            odd = (at >> level) % 2 == 1
            self._through(u, at, stop, state, level, odd)
        for level in range(top, -1, -1):  # and down through what is left
            self._through(u, at, stop, state, level, True)
        return u

    def _through(
        self,
        u: np.ndarray,
        at: np.ndarray,
        stop: np.ndarray,
        state: np.ndarray | None,
        level: int,
        among: np.ndarray | bool,
    ) -> None:
        """Move each of ``among`` over one block of a level, where one begins and fits."""
        width = 1 << level
        rows = np.flatnonzero((at % width == 0) & (at + width <= stop) & among)
        if len(rows) == 0:
            return
        step, drift = self.levels[level]
        block = at[rows] >> level
        u[rows] = (u[rows][:, None, :] @ step[block])[:, 0]
        if state is not None:
            u[rows] -= drift[block, state[rows]]
        at[rows] += width
