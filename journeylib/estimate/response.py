"""What a parametric model reads: rows with a positive duration, covariates with an intercept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from formulaic import ModelSpec
from formulaic.errors import FormulaicError

from journeylib.audit import Audit
from journeylib.errors import DataError, ModelError, nearest
from journeylib.estimate.aftfit import Rows
from journeylib.estimate.design import (
    cause_number,
    fetch,
    make_design,
    reference_levels,
)
from journeylib.estimate.formula import tidy_columns
from journeylib.spells.core import Spells

INTERCEPT = "(Intercept)"
ZERO = "zero duration: its logarithm does not exist"


@dataclass(frozen=True, eq=False)
class Response:
    """The rows of a parametric model with their names.

    Parameters
    ----------
    rows
        Intercept and covariates, intervals, events.
    names
        Of the columns of ``rows.x``.
    columns, spec
        Columns the formula reads, and what makes the covariates of them in another
        frame; None without covariates.
    keep
        Position of each row in the spells' table.
    id
        Customer of each row.
    cause
        Name of the cause under study.
    audit
        Who was left out.
    """

    rows: Rows
    names: tuple[str, ...]
    columns: tuple[str, ...]
    spec: ModelSpec | None
    keep: np.ndarray
    id: np.ndarray
    cause: str
    audit: Audit

    @property
    def references(self) -> dict[str, str]:
        """Categorical factor of the formula -> the level that the others are held against."""
        return {} if self.spec is None else reference_levels(self.spec)

    def only(self, keep: np.ndarray, audit: Audit) -> Response:
        """The same for some of its rows, given by their position in the spells' table."""
        rows = np.searchsorted(self.keep, keep)
        r = self.rows
        some = Rows(r.x[rows], r.start[rows], r.stop[rows], r.event[rows])
        return replace(self, rows=some, keep=keep, id=self.id[rows], audit=audit)

    def matrix(self, frame: pd.DataFrame) -> np.ndarray:
        """Intercept and covariates of other customers, shape (rows, p).

        Raises
        ------
        DataError
            When ``frame`` lacks a column of the formula.
        """
        if self.spec is None:
            return np.ones((len(frame), 1))
        for name in self.columns:
            if name not in frame.columns:
                raise DataError(
                    f"the frame lacks the column {name!r} of the formula",
                    fix=nearest(name, frame.columns),
                )
        try:
            made = self.spec.get_model_matrix(
                tidy_columns(frame[list(self.columns)]), na_action="ignore", context={"np": np}
            )
        except (FormulaicError, ValueError, TypeError) as error:
            raise DataError(
                f"the covariates cannot be made of this frame: {error}",
                fix="give every column the levels and the kind it had in the spells",
            ) from error
        return np.asarray(made, dtype=float)


def read_response(spells: Spells, formula: str, cause: str | int | None) -> Response:
    """Rows of spells with a positive duration, their covariates and intercept.

    Parameters
    ----------
    formula
        As for ``cox``; ``"1"`` for no covariate.

    Raises
    ------
    ModelError
        Without an event, or for covariates that determine one another.
    """
    if formula.strip() in ("", "1"):
        names: tuple[str, ...] = (INTERCEPT,)
        columns: tuple[str, ...] = ()
        spec = None
        frame = fetch(spells, ["id", "start", "stop", "cause"])
        x = np.ones((len(frame), 1))
        start, stop = (frame[c].to_numpy(dtype=float) for c in ("start", "stop"))
        number = cause_number(spells, cause)
        event, name = frame["cause"].to_numpy() == number, spells.causes[number - 1]
        keep, ids = np.arange(len(frame)), frame["id"].to_numpy()
        audit = spells.audit
        if audit.n_kept != len(frame):  # an audit of customers or events, not of these rows
            audit = Audit("rows", len(frame), kept={"rows of spells": len(frame)})
    else:
        made = make_design(spells, formula, cause=cause)
        names, columns, spec = (INTERCEPT, *made.names), made.columns, made.spec
        x = np.column_stack([np.ones(len(made.rows)), made.matrix])
        start, stop, event, name = made.start, made.stop, made.event, made.cause
        keep, ids, audit = made.rows, made.id, made.audit
    long = stop > 0
    audit = audit.drop(ZERO, int((~long).sum()))
    rows = Rows(x[long], start[long], stop[long], event[long])
    _need_estimable(rows, names, name)
    return Response(rows, names, columns, spec, keep[long], ids[long], name, audit)


def _need_estimable(rows: Rows, names: Sequence[str], cause: str) -> None:
    if not rows.event.any():
        raise ModelError(
            f"{cause} never happened in the {len(rows.stop):,} rows of the model",
            fix="look at the spells: is the event named right, is the follow-up long enough?",
        )
    spread = rows.x[:, 1:].std(axis=0)
    constant = np.flatnonzero(spread <= 1e-12 * (1 + np.abs(rows.x[:, 1:]).max(axis=0, initial=0)))
    if len(constant):
        raise ModelError(
            f"{names[int(constant[0]) + 1]} is the same in every row of the model",
            fix="take it out of the formula",
        )
    scaled = np.column_stack([rows.x[:, :1], (rows.x[:, 1:] - rows.x[:, 1:].mean(axis=0)) / spread])
    values, vectors = np.linalg.eigh(scaled.T @ scaled / len(scaled))
    if values[0] < 1e-10:
        tied = [names[int(j)] for j in np.flatnonzero(np.abs(vectors[:, 0]) > 1e-6)]
        raise ModelError(
            f"these terms determine one another: {', '.join(tied)}",
            fix="leave one of them out of the formula",
        )
