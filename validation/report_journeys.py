"""The part of the document on simulated journeys and on decisions."""

from __future__ import annotations

from collections.abc import Sequence

from validation.gates import Promise
from validation.recovery import PLAIN, REACH, Recovered
from validation.report import share, table


def recovery_part(found: Sequence[Recovered], journeys: int) -> str:
    """Which effects are found again, and by how much the shortcuts err."""
    right, naive = ([r for r in found if r.shortcut is kind] for kind in (False, True))
    first = sum(abs(r.z) <= REACH for r in right)
    words = (
        f"`simulate` puts known effects into event logs; {journeys} seeded journeys of each kind "
        "go through the journey file, the spells and the estimator (`validation/journeys.py`). "
        f"The bias of {len(right)} values in Monte-Carlo standard errors: {first} are within "
        f"{REACH:g}, and of unbiased ones about {0.954 * len(right):.0f} would be. A value beyond "
        "is asked again of as many new journeys (“again”), where chance is gone and a bias stays, "
        "on its side."
    )
    head = ["value", "truth", "mean", "bias", "Monte-Carlo error", "bias / error", "verdict"]
    short = (
        "The shortcuts beside them, on the same journeys. Each is known to be wrong, and must be "
        f"seen to be, by more than {PLAIN:g} Monte-Carlo standard errors."
    )
    return "\n\n".join(
        [
            "## 4. Simulated effects, found again",
            words,
            table(head, map(_row, right), "1 2 3 4 5"),
            short,
            table(["shortcut", *head[1:]], map(_row, naive), "1 2 3 4 5"),
        ]
    )


def _row(r: Recovered) -> tuple[str, ...]:
    times = f"{r.z:.1f}" + ("" if r.again is None else f" (again {r.again:.1f})")
    good = "errs, as it should" if r.shortcut else "ok"
    numbers = (r.truth, r.mean, r.mean - r.truth, r.error)
    return (r.what, *(f"{x:.4f}" for x in numbers), times, good if r.passed else "**NO**")


def gates_part(found: Sequence[Promise]) -> str:
    """What is withheld or called, how often."""
    rows = [
        (
            p.what,
            p.setting,
            f"{p.runs:,}",
            share(p.share),
            _bounds(p),
            "ok" if p.passed else "**NO**",
        )
        for p in found
    ]
    words = (
        "A cured share is told only where the follow-up supports one: 1,000 customers, seven "
        "shapes of time, of which two are in no family that is fitted. An experiment without "
        "effect is read five times: by the group-sequential test, and by whoever stops at the "
        "first p below 0.05."
    )
    head = ["promise", "setting", "runs", "share %", "promised %", "verdict"]
    return "\n\n".join(["## 5. Promises about decisions", words, table(head, rows, "2 3 4")])


def _bounds(p: Promise) -> str:
    if p.least <= 0:
        return f"at most {100 * p.most:g}"
    if p.most >= 1:
        return f"at least {100 * p.least:g}"
    return f"{100 * p.least:.1f} to {100 * p.most:.1f}"
