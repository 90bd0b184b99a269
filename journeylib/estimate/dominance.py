"""Counting pairs in n log n: how much weight in a stretch of a list lies below a value.

A list of ranks is split by its bits, highest first, keeping the order within
each half (a wavelet matrix: Claude, Navarro and Ordóñez 2015, Information
Systems 47). Each level answers all questions at once, so there is no loop over
rows: as many passes as the ranks have bits.
"""

from __future__ import annotations

import numpy as np


def weight_below(
    ranks: np.ndarray,
    weight: np.ndarray,
    begin: np.ndarray,
    end: np.ndarray,
    bound: np.ndarray,
) -> np.ndarray:
    """For each question, the weight of list entries ``begin…end-1`` with rank below ``bound``.

    Parameters
    ----------
    ranks, weight
        The list: integers from 0, and their weights; shape (n,).
    begin, end, bound
        The questions, shape (q,); ``begin > end`` counts as an empty stretch.

    Examples
    --------
    >>> ranks, one = np.array([3, 0, 2, 1]), np.ones(4)
    >>> weight_below(ranks, one, np.array([0, 1]), np.array([4, 3]), np.array([2, 3])).tolist()
    [2.0, 2.0]
    """
    begin, end = begin.astype(np.int64), np.maximum(begin, end).astype(np.int64)
    answer = np.zeros(len(bound))
    if not len(ranks):
        return answer
    bits = max(int(ranks.max()), int(bound.max(initial=0))).bit_length()
    for bit in reversed(range(bits)):
        one = (ranks >> bit) & 1
        zeros_before = np.concatenate(([0], np.cumsum(1 - one)))
        zeros = int(zeros_before[-1])
        order = np.argsort(one.astype(np.int8), kind="stable")
        ranks, weight = ranks[order], weight[order]
        total = np.concatenate(([0.0], np.cumsum(weight[:zeros])))
        low, high = zeros_before[begin], zeros_before[end]
        up = ((bound >> bit) & 1).astype(bool)
        answer[up] += total[high[up]] - total[low[up]]
        begin = np.where(up, zeros + begin - low, low)
        end = np.where(up, zeros + end - high, high)
    return answer
