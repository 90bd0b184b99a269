"""Which shape of time fits: all of them beside each other, none picked in silence."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from journeylib.estimate.aftfit import FAMILIES
from journeylib.estimate.intervals import z_value
from journeylib.estimate.parametric import Aft, fitted_aft
from journeylib.estimate.response import read_response
from journeylib.results import Result
from journeylib.spells.core import Spells


@dataclass(frozen=True, repr=False, eq=False)
class AftChoice(Result):
    """How four shapes fit the same rows: the columns of ``.frame`` are

    ``dist, parameters, scale, log_likelihood, aic, bic, delta, weight``.

    ``delta`` is the AIC above the lowest, ``weight`` Akaike's: exp(-delta / 2), summing
    to 1. Rows are ordered by AIC.

    Parameters
    ----------
    fits
        Distribution -> its fit.
    """

    fits: dict[str, Aft] = field(kw_only=True)

    title: ClassVar[str] = "Shapes by AIC"

    @property
    def best(self) -> str:
        """The distribution with the lowest AIC."""
        return str(self.table["dist"].iloc[0])


def aft_choice(
    spells: Spells, formula: str, *, cause: str | int | None = None, level: float = 0.95
) -> AftChoice:
    """Fit all four distributions to the same rows and show how well each fits.

    Parameters
    ----------
    spells, formula, cause, level
        As for ``aft``.

    Returns
    -------
    AftChoice
        Ordered by AIC; nothing is chosen for you: pass the name on to :func:`aft`,
        or take ``.fits[name]``.

    Raises
    ------
    DataError, ModelError
        As ``aft``.

    Examples
    --------
    >>> import pandas as pd
    >>> from journeylib.spells import spells_from_frame
    >>> df = pd.DataFrame({"time": [3, 4, 4, 5, 5, 6], "event": [1, 1, 1, 1, 1, 1]})
    >>> aft_choice(spells_from_frame(df), "1").frame["dist"].tolist()[-1]
    'exponential'
    """
    z_value(level)
    response = read_response(spells, formula, cause)
    fits = {dist: fitted_aft(spells, response, formula, dist, level) for dist in FAMILIES}
    keys = ("parameters", "scale", "log_likelihood", "aic", "bic")
    rows: list[dict[str, Any]] = [
        {"dist": dist, **{k: getattr(fit, k) for k in keys}} for dist, fit in fits.items()
    ]
    table = pd.DataFrame(rows).sort_values("aic", kind="stable", ignore_index=True)
    table["delta"] = table["aic"] - table["aic"].min()
    weight = np.exp(-table["delta"] / 2)
    table["weight"] = weight / weight.sum()
    about = next(iter(fits.values())).about
    about = {k: v for k, v in about.items() if k not in ("dist", "conf")}
    return AftChoice(table=table, unit=spells.unit, about=about, fits=fits)
