"""From spells and a formula to the numbers a regression reads.

Formulas are those of R, read by formulaic: ``age + C(channel) + log(value):plan``.
A column may be called by its own name in the source. A proportional-hazards model
has no intercept: the baseline hazard is its intercept. Rows with a missing value
in any column the model uses leave it, and are counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import ibis.expr.types as ir
import numpy as np
import pandas as pd
from formulaic import ModelSpec
from formulaic.transforms.contrasts import TreatmentContrasts
from formulaic.utils.sentinels import UNSET

from journeylib.audit import Audit
from journeylib.errors import DataError, nearest
from journeylib.estimate.formula import model_matrix, read_formula, variables
from journeylib.estimate.steps import as_numbers
from journeylib.spells.core import Spells

Column = str | Sequence[float] | np.ndarray | pd.Series


@dataclass(frozen=True, eq=False)
class Design:
    """A model matrix with its response; all arrays have one entry a row of the model.

    Parameters
    ----------
    matrix
        Shape (n, p), without an intercept.
    names
        The p terms, as formulaic names them.
    spec
        Makes the same columns from another frame.
    start, stop, event
        The interval ``(start, stop]`` and whether it ends with the cause under study.
    weight, offset
        Shape (n,) or None.
    stratum, cluster
        Integer codes from 0, or None; ``strata`` names the strata.
    columns, layers, offset_column
        Columns that the formula, the strata and the offset were read from.
    rows
        Position of each model row in the spells' table.
    id
        Identifier of each row's customer.
    n_spells
        Number of spells among the rows: a spell may have several.
    cause
        Name of the cause.
    audit
        Who was left out, and why.
    """

    matrix: np.ndarray
    names: tuple[str, ...]
    spec: ModelSpec
    start: np.ndarray
    stop: np.ndarray
    event: np.ndarray
    weight: np.ndarray | None
    offset: np.ndarray | None
    stratum: np.ndarray | None
    strata: tuple[str, ...]
    cluster: np.ndarray | None
    rows: np.ndarray
    id: np.ndarray
    n_spells: int
    cause: str
    audit: Audit
    columns: tuple[str, ...]
    layers: tuple[str, ...]
    offset_column: str


def make_design(
    spells: Spells,
    formula: str,
    *,
    cause: str | int | None = None,
    strata: str | Sequence[str] | None = None,
    cluster: str | None = None,
    weights: Column | None = None,
    offset: Column | None = None,
) -> Design:
    """Read a formula on spells; see :func:`journeylib.cox` for the arguments.

    Raises
    ------
    DataError
        For an unknown column or cause, weights that are not positive numbers, or
        when no row is complete.
    ModelError
        For a formula that cannot be read, a covariate with one value only, with
        infinite values or with more than 1,000 levels.
    """
    number = cause_number(spells, cause)
    terms = read_formula(formula)
    known = [*spells.table.columns, *spells.own_names]
    used = variables(terms, known, formula)
    layers = (strata,) if isinstance(strata, str) else tuple(strata or ())
    others = [*layers, *([cluster] if cluster else [])]
    others += [c for c in (weights, offset) if isinstance(c, str)]
    one_spell = ["id"] if spells.per is None else ["id", spells.per]
    frame = fetch(spells, [*used, *others, *one_spell, "start", "stop", "cause"])
    for name, values in (("weights", weights), ("offset", offset)):
        if values is not None and not isinstance(values, str):
            _need_order(spells, name)
            frame[f"({name})"] = _as_column(values, len(frame), name)
    audit = spells.audit
    if audit.n_kept != len(frame):  # an audit of customers or events, not of these rows
        audit = Audit("rows", len(frame), kept={"rows of spells": len(frame)})
    extra = [c for c in frame.columns if c in ("(weights)", "(offset)")]
    frame, rows, audit = _complete(frame, [*used, *others, *extra], audit)
    matrix, names, spec = model_matrix(terms, frame[used], formula)
    weight = _numbers(frame, weights, "weights")
    if weight is not None and not (weight > 0).all():
        raise DataError(
            f"{int((weight <= 0).sum()):,} of the weights are not positive",
            fix="leave out rows with weight 0 before the model",
        )
    stratum, labels = _codes(frame, layers)
    return Design(
        matrix=matrix,
        names=names,
        spec=spec,
        start=frame["start"].to_numpy(dtype=float),
        stop=frame["stop"].to_numpy(dtype=float),
        event=frame["cause"].to_numpy() == number,
        weight=weight,
        offset=_numbers(frame, offset, "offset"),
        stratum=stratum,
        strata=labels,
        cluster=pd.factorize(frame[cluster])[0] if cluster else None,
        rows=rows,
        id=frame["id"].to_numpy(),
        n_spells=len(frame) if spells.single else len(frame[one_spell].drop_duplicates()),
        cause=spells.causes[number - 1],
        audit=audit,
        columns=tuple(used),
        layers=layers,
        offset_column=offset if isinstance(offset, str) else "(offset)",
    )


def reference_levels(spec: ModelSpec) -> dict[str, str]:
    """Categorical factor of a formula -> the level that the others are held against."""
    return {
        str(factor): str(state.levels[0] if state.contrasts.base is UNSET else state.contrasts.base)
        for factor, state in spec.factor_contrasts.items()
        if isinstance(state.contrasts, TreatmentContrasts)
    }


def cause_number(spells: Spells, cause: str | int | None) -> int:
    """Number of the cause under study; the only one when there is but one.

    Raises
    ------
    DataError
        When several causes exist and none is named, or the name is unknown.
    """
    names = spells.causes
    if cause is None:
        if len(names) == 1:
            return 1
        raise DataError(
            f"the spells end in {len(names)} ways: say which one this model is about",
            fix=f"pass cause=..., one of: {', '.join(names)}; the others then censor",
        )
    if isinstance(cause, str) and cause in names:
        return names.index(cause) + 1
    if not isinstance(cause, str) and 1 <= cause <= len(names):
        return int(cause)
    raise DataError(f"there is no cause {cause!r}", fix=nearest(cause, names))


def fetch(spells: Spells, names: Iterable[str]) -> pd.DataFrame:
    """Only these columns of the spells, under the names they were asked by."""
    asked = {name: spells.column(name) for name in dict.fromkeys(names)}
    table = spells.table
    if isinstance(table, ir.Table):
        table = table.select(*dict.fromkeys(asked.values())).to_pandas()
    columns = {name: table[column].array for name, column in asked.items()}
    return pd.DataFrame(columns, copy=False)


def _need_order(spells: Spells, name: str) -> None:
    if spells.lazy:
        raise DataError(
            f"{name} is a list of numbers, but rows in a database have no order",
            fix=f"pass the name of a column as {name}",
        )


def _as_column(values: Any, n: int, name: str) -> np.ndarray:
    array = as_numbers(values)
    if array.shape != (n,):
        raise DataError(
            f"{name} has shape {array.shape}, but there are {n:,} rows of spells",
            fix=f"pass a column name, or one number a row, as {name}",
        )
    return array


def _complete(
    frame: pd.DataFrame, names: Sequence[str], audit: Audit
) -> tuple[pd.DataFrame, np.ndarray, Audit]:
    """Rows without a missing value in these columns; each other row counted once."""
    whole = np.ones(len(frame), dtype=bool)
    for name in dict.fromkeys(names):
        missing = frame[name].isna().to_numpy() & whole
        audit = audit.drop(f"{name} is missing", int(missing.sum()))
        whole &= ~missing
    if not whole.any():
        raise DataError(
            "no row has all the values that the model needs",
            fix=f"missing values: {dict(audit.dropped)}",
        )
    rows = np.flatnonzero(whole)
    if whole.all():
        return frame, rows, audit
    return frame.loc[whole].reset_index(drop=True), rows, audit


def _numbers(frame: pd.DataFrame, given: Column | None, name: str) -> np.ndarray | None:
    if given is None:
        return None
    column = frame[given if isinstance(given, str) else f"({name})"]
    if not pd.api.types.is_numeric_dtype(column):
        raise DataError(f"{name} must be numbers, not {column.dtype}", fix="choose another column")
    values = column.to_numpy(dtype=float)
    if not np.isfinite(values).all():
        raise DataError(f"{name} must be finite", fix="repair or drop these rows first")
    return values


def _codes(frame: pd.DataFrame, layers: Sequence[str]) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """Integer codes of the strata in sorted order, and their names."""
    if not layers:
        return None, ("all",)
    codes = np.zeros(len(frame), dtype=np.int64)
    names: list[str] = [""]
    for name in layers:
        part, levels = pd.factorize(frame[name], sort=True)
        codes = codes * len(levels) + part
        names = [f"{a} / {b}" if a else str(b) for a in names for b in levels]
    present, codes = np.unique(codes, return_inverse=True)
    return codes, tuple(names[k] for k in present)
