"""Counting pairs in n log n: how much weight in a stretch of a list lies below a value.

A list of ranks is split by its bits, highest first, keeping the order within
each half (a wavelet matrix: Navarro and others 2015, Information
Systems 47). Each level answers all questions at once, so there is no loop over
rows: as many passes as the ranks have bits.
"""

from __future__ import annotations

import numpy as np


def weight_below(
    ranks: np.ndarray,
    weight: np.ndarray | None,
    begin: np.ndarray,
    end: np.ndarray,
    bound: np.ndarray,
) -> np.ndarray:
    """For each question, the weight of list entries ``begin…end-1`` with rank below ``bound``.

    Parameters
    ----------
    ranks, weight
        The list: integers from 0, and their weights; shape (n,). None for weight 1.
    begin, end, bound
        The questions, shape (q,); ``begin > end`` counts as an empty stretch.

    Examples
    --------
    >>> ranks = np.array([3, 0, 2, 1])
    >>> weight_below(ranks, None, np.array([0, 1]), np.array([4, 3]), np.array([2, 3])).tolist()
    [2.0, 2.0]
    """
    answer = np.zeros(len(bound))
    if not len(ranks):
        return answer
    kind = np.int32 if len(ranks) < 2**31 else np.int64
    ranks, bound = ranks.astype(kind), bound.astype(kind)
    low, high = begin.astype(kind), np.maximum(begin, end).astype(kind)
    bits = max(int(ranks.max()), int(bound.max(initial=0))).bit_length()
    for bit in reversed(range(bits)):
        one = (ranks >> bit) & 1
        zeros_before = np.zeros(len(ranks) + 1, dtype=kind)
        np.cumsum(one ^ 1, out=zeros_before[1:])
        order = np.concatenate((np.flatnonzero(one == 0), np.flatnonzero(one)))
        ranks = ranks[order]
        left, right = zeros_before[low], zeros_before[high]
        up = (bound >> bit) & 1  # 1: every zero of the stretch lies below the bound
        if weight is None:
            answer += up * (right - left)
        else:
            weight = weight[order]
            total = np.concatenate(([0.0], np.cumsum(weight[: zeros_before[-1]])))
            answer += up * (total[right] - total[left])
        # go on among the ones (which follow the zeros), or among the zeros
        low = left + up * (zeros_before[-1] + low - 2 * left)
        high = right + up * (zeros_before[-1] + high - 2 * right)
    return answer
