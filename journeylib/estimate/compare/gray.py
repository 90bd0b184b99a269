"""Gray's test: whether the incidence of one cause differs between groups while others compete.

Gray (1988) compares the hazards of the subdistribution: a customer who left by
another cause stays in the risk set, thinned by censoring. All quantities are
step functions of the counts; the formulas follow the paper and agree with
``cmprsk::cuminc`` with rho = 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from journeylib.estimate.compare.logrank import Score
from journeylib.estimate.compare.pools import Pool


def gray(pools: Iterable[Pool], members: np.ndarray, cause: int) -> Score:
    """Score of Gray's test for one cause, summed over strata.

    Parameters
    ----------
    pools
        One a stratum, with causes apart and without delayed entry.
    members
        Numbers of the groups that are compared.
    cause
        1…k.

    Returns
    -------
    Score
        Arrays over ``members``.
    """
    first, *rest = (_score(pool, members, cause) for pool in pools)
    return sum(rest, first)


def _score(pool: Pool, members: np.ndarray, cause: int) -> Score:
    size = len(members)
    observed, expected, final = np.zeros(size), np.zeros(size), np.zeros((size, size))
    for piece in _pieces(pool, members, cause):
        at_risk = piece.size * (1 - piece.incidence)
        observed += piece.own.sum(axis=1)
        expected += at_risk @ (piece.total / at_risk.sum(axis=0))
        paced = piece.size * piece.pace
        final += np.diag(paced.sum(axis=1)) - (piece.size / piece.reach) @ paced.T
    variance, so_far = np.zeros((size, size)), np.zeros((size, size))
    for piece in _pieces(pool, members, cause):
        more, so_far = _variance(piece, so_far, final)
        variance += more
    return Score(observed, expected, variance)


@dataclass(frozen=True, eq=False)
class _Piece:
    """A stretch of times; arrays over groups and times, or over times.

    ``own, other`` events of the cause and of all others; ``survival`` free of
    any event just after and ``before`` each time; ``incidence`` of the cause
    just before; ``size`` of the risk set had nobody been lost to another cause,
    ``reach`` its total; ``total`` events of the cause; ``pooled`` its incidence
    over all groups; ``pace`` its hazard.
    """

    n: np.ndarray
    own: np.ndarray
    other: np.ndarray
    survival: np.ndarray
    before: np.ndarray
    incidence: np.ndarray
    size: np.ndarray
    reach: np.ndarray
    total: np.ndarray
    pooled: np.ndarray
    pace: np.ndarray


def _pieces(pool: Pool, members: np.ndarray, cause: int) -> Iterator[_Piece]:
    """The pool as pieces, each going on where the one before ended."""
    survival, incidence, pooled = np.ones(len(members)), np.zeros(len(members)), 0.0
    for n, events in pool.chunks(members):
        if n.shape[1] == 0:
            continue
        own = events[cause - 1]
        other = events.sum(axis=0) - own
        safe = np.where(n > 0, n, 1.0)
        steps = np.column_stack([survival, 1 - (own + other) / safe])
        curve = np.cumprod(steps, axis=1)
        before, after = curve[:, :-1], curve[:, 1:]
        share = np.cumsum(np.column_stack([incidence, before * own / safe]), axis=1)
        size = np.where(n > 0, n / np.where(before > 0, before, 1.0), 0.0)
        total, reach = own.sum(axis=0), size.sum(axis=0)
        whole = np.cumsum(np.concatenate([[pooled], total / reach]))
        pace = total / (reach * (1 - whole[:-1]))
        yield _Piece(
            n, own, other, after, before, share[:, :-1], size, reach, total, whole[1:], pace
        )
        survival, incidence, pooled = after[:, -1], share[:, -1], whole[-1]


def _variance(
    piece: _Piece, so_far: np.ndarray, final: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """What the events of a piece add to the variance, and the drift at its end.

    An event of group k moves the score of each group at once (``now``) and, by
    moving the incidence, at all later events of the cause (``drift``, of which
    ``final`` is the sum over all times). A competing event only does the latter.
    """
    n, there, alive = piece.n, piece.n > 0, piece.survival > 0
    safe_n, safe_s = np.where(there, n, 1.0), np.where(alive, piece.survival, 1.0)
    # variances of the jumps of the cause and of the others, corrected for ties
    alike = np.where(there & (piece.total > 1), piece.reach * piece.before - 1, np.inf)
    jump = (1 - (piece.total - 1) / alike) * piece.before * piece.total / (piece.reach * safe_n)
    jump = np.where(there & (piece.total > 0), jump, 0.0)
    alike = np.where(piece.other > 1, n - 1, np.inf)
    lost = (1 - (piece.other - 1) / alike) * piece.before**2 * piece.other / safe_n**2
    ahead = (1 - piece.pooled) / safe_s
    stays = np.where(alive, 1 - ahead, 1.0)
    share = piece.size / piece.reach
    out, drift_end = np.zeros_like(final), np.empty_like(final)
    for k in range(len(n)):
        own = np.zeros((len(n), 1))
        own[k] = 1
        now = (own - share) * piece.size[k]
        drift = np.cumsum(now * piece.pace, axis=1) + so_far[:, [k]]
        drift_end[:, k] = drift[:, -1]
        to_come = final[:, [k]] - drift
        moved = now + stays[k] * to_come
        out += (moved * jump[k]) @ moved.T
        passed = to_come * np.where(alive[k], ahead[k], 0.0)
        out += (passed * lost[k]) @ passed.T
    return out, drift_end
