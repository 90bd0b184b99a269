"""Two questions about competing outcomes, side by side: the pace of each, and its share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import ClassVar

import pandas as pd

from journeylib.errors import DataError
from journeylib.estimate.cox.model import Effects, cox
from journeylib.estimate.finegray.model import FineGray, fine_gray
from journeylib.results import Result
from journeylib.spells.core import Spells

ANSWERS = {
    "cause-specific": (
        "The cause-specific ratio compares the pace of this outcome among those to whom nothing "
        "has happened yet."
    ),
    "subdistribution": (
        "The subdistribution ratio goes with the share that ends by this outcome: it also "
        "reflects how many leave by another one first."
    ),
}


@dataclass(frozen=True, repr=False, eq=False)
class SideBySide(Result):
    """Cause-specific and subdistribution ratios: the columns of ``.frame`` are

    ``cause, model, term, coef, std_err, robust_std_err, hazard_ratio, low, high, p``.

    Parameters
    ----------
    cause_specific, subdistribution
        Cause -> fitted model, where one could be fitted.
    warnings
        In words, what a reader has to know before believing the table.
    """

    cause_specific: Mapping[str, Effects] = field(kw_only=True)
    subdistribution: Mapping[str, FineGray] = field(kw_only=True)
    warnings: tuple[str, ...] = field(kw_only=True, default=())

    title: ClassVar[str] = "Competing outcomes, pace beside share"

    def _headline(self) -> str:
        return f"{self.title}. {' '.join(ANSWERS.values())}"

    def __repr__(self) -> str:
        return "\n".join([super().__repr__(), *(f"warning: {w}" for w in self.warnings)])

    def _repr_html_(self) -> str:
        notes = "".join(f"<p class='journey warning'>{escape(w)}</p>" for w in self.warnings)
        return super()._repr_html_() + notes


def side_by_side(
    spells: Spells,
    formula: str,
    *,
    cluster: str | None = None,
    strata: str | Sequence[str] | None = None,
    level: float = 0.95,
) -> SideBySide:
    """For each cause the cause-specific Cox model beside the Fine-Gray model.

    Parameters
    ----------
    spells
        Spells with two causes or more, each ending with at most one.
    formula
        The right-hand side, the same for all models.
    cluster, strata, level
        As for :func:`journeylib.cox` and :func:`journeylib.fine_gray`.

    Returns
    -------
    SideBySide
        ``journeylib.say`` tells what each of the two answers.

    Raises
    ------
    DataError
        With a single cause: then there is nothing to set beside it.

    References
    ----------
    Latouche et al. (2013), J Clin Epidemiol 66: both models for all causes.

    Examples
    --------
    >>> from journeylib.spells import spells_from_frame
    >>> df = pd.DataFrame({"time": [1, 2, 3, 4, 5, 6], "event": [1, 2, 1, 0, 2, 1],
    ...                    "x": [1, 0, 0, 1, 0, 1]})
    >>> spells = spells_from_frame(df, causes=("purchase", "lost"))
    >>> side_by_side(spells, "x").frame[["cause", "model"]].values.tolist()[:2]
    [['purchase', 'cause-specific'], ['purchase', 'subdistribution']]
    """
    if len(spells.causes) < 2:
        raise DataError(
            f"the spells end in one way only ({spells.causes[0]}): nothing competes with it",
            fix="use cox(spells, formula), or exits(log, causes={...}) for several outcomes",
        )
    specific = {
        name: cox(spells, formula, cause=name, cluster=cluster, strata=strata, level=level)
        for name in spells.causes
    }
    share = {
        name: fine_gray(spells, formula, name, cluster=cluster, strata=strata, level=level)
        for name in spells.causes
    }
    models: dict[str, Mapping[str, Effects]] = {
        "cause-specific": specific,
        "subdistribution": share,
    }
    parts = [
        fits[name].frame.assign(cause=name, model=model)
        for name in spells.causes
        for model, fits in models.items()
    ]
    table = pd.concat(parts, ignore_index=True)
    first = ["cause", "model"]
    events = {name: specific[name].events for name in spells.causes}
    return SideBySide(
        table=table[[*first, *(c for c in table.columns if c not in first)]],
        unit=spells.unit,
        about={
            **specific[spells.causes[0]].about,
            "event": " or ".join(spells.causes),
            "causes": spells.causes,
            "events": sum(events.values()),
            "events_by_cause": events,
            "answers": ANSWERS,
        },
        cause_specific=specific,
        subdistribution=share,
        warnings=tuple(
            f"{name}, {model}: {w}"
            for name in spells.causes
            for model, fits in models.items()
            for w in fits[name].warnings
        ),
    )
