"""From spells and a formula to the numbers a regression reads.

Formulas are those of R, read by formulaic: ``age + C(channel) + log(value):plan``.
A column may be called by its own name in the source. A proportional-hazards model
has no intercept: the baseline hazard is its intercept. Rows with a missing value
in any column the model uses leave it, and are counted.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import ibis.expr.types as ir
import numpy as np
import pandas as pd
from formulaic import Formula, ModelSpec, SimpleFormula
from formulaic.errors import FormulaicError
from formulaic.transforms.contrasts import TreatmentContrasts
from formulaic.utils.sentinels import UNSET

from journeylib.audit import Audit
from journeylib.errors import DataError, ModelError, nearest
from journeylib.spells.core import Spells

MAX_LEVELS = 1000  # of one text covariate
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
    terms = _read(formula)
    known = [*spells.table.columns, *spells.own_names]
    used = variables(terms, known, formula)
    layers = (strata,) if isinstance(strata, str) else tuple(strata or ())
    others = [*layers, *([cluster] if cluster else [])]
    others += [c for c in (weights, offset) if isinstance(c, str)]
    frame = fetch(spells, [*used, *others, "id", "start", "stop", "cause"])
    for name, values in (("weights", weights), ("offset", offset)):
        if values is not None and not isinstance(values, str):
            frame[f"({name})"] = _as_column(values, len(frame), name)
    audit = spells.audit
    if audit.n_kept != len(frame):  # an audit of customers or events, not of these rows
        audit = Audit("rows", len(frame), kept={"rows of spells": len(frame)})
    extra = [c for c in frame.columns if c in ("(weights)", "(offset)")]
    frame, rows, audit = _complete(frame, [*used, *others, *extra], audit)
    matrix, names, spec = _matrix(terms, frame[used], formula)
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


def variables(terms: SimpleFormula, known: Sequence[str], formula: str) -> list[str]:
    """The columns that a formula reads.

    Raises
    ------
    DataError
        For a name that is neither a column nor a function called.
    """
    found: dict[str, None] = {}
    for factor in {f.expr: f for term in terms for f in term.factors}.values():
        if factor.expr in known:
            found[factor.expr] = None
        elif factor.eval_method.value != "literal":
            for name in _names(factor.expr, known, formula):
                if name not in known:
                    raise DataError(
                        f"the formula {formula!r} names {name!r}, which is no column",
                        fix=nearest(name, known),
                    )
                found[name] = None
    return list(found)


def _names(expression: str, known: Sequence[str], formula: str) -> list[str]:
    """Names read (not called) in a Python expression, those between backticks included."""
    quoted = dict(enumerate(re.findall("`([^`]+)`", expression)))
    plain = expression
    for k, name in quoted.items():
        plain = plain.replace(f"`{name}`", f"quoted_{k}_")
    try:
        tree = ast.parse(plain.strip(), mode="eval")
    except SyntaxError as error:
        raise ModelError(
            f"the formula {formula!r} cannot be read at {expression!r}",
            fix="put a column name with spaces or signs between backticks",
        ) from error
    nodes = list(ast.walk(tree))
    for node in nodes:
        if isinstance(node, ast.Attribute) and ast.unparse(node) in known:
            name = ast.unparse(node)
            raise ModelError(
                f"the formula {formula!r} cannot be read at {name!r}",
                fix=f"put the column name between backticks: `{name}`",
            )
    skipped = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
    skipped |= {id(node.value) for node in nodes if isinstance(node, ast.Attribute)}
    names = [n.id for n in nodes if isinstance(n, ast.Name) and id(n) not in skipped]
    back = {f"quoted_{k}_": name for k, name in quoted.items()}
    return [back.get(name, name) for name in names]


def _read(formula: str) -> SimpleFormula:
    try:
        terms = Formula(formula)
    except (FormulaicError, SyntaxError) as error:
        raise ModelError(
            f"the formula {formula!r} cannot be read: {_plain(error)}",
            fix='write it like "age + C(channel)"',
        ) from error
    if not isinstance(terms, SimpleFormula):
        raise ModelError(
            f"the formula {formula!r} has parts divided by ~ or |",
            fix="give the right-hand side only: the response is the spells themselves",
        )
    if not any(str(t) == "1" for t in terms):
        terms = Formula(["1", *(str(t) for t in terms)])  # reduced coding, as with an intercept
    if len(terms) == 1:
        raise ModelError(
            f"the formula {formula!r} has no covariate",
            fix="name one, or use survival_curve(spells, by=...) without a model",
        )
    return terms


def _plain(error: Exception) -> str:
    """The first line of an error, without terminal colours."""
    text = str(error).splitlines()
    return text[0].strip() if text else type(error).__name__


def _as_column(values: Any, n: int, name: str) -> np.ndarray:
    array = np.asarray(values, dtype=float)
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


def tidy_columns(frame: pd.DataFrame) -> pd.DataFrame:
    """Columns of kinds that formulaic knows: plain numbers, booleans, text and categories."""
    columns: dict[str, Any] = {}
    for name in frame.columns:
        column = frame[name]
        kind = column.dtype
        if isinstance(kind, pd.CategoricalDtype):
            columns[name] = column.cat.remove_unused_categories().array
        elif pd.api.types.is_bool_dtype(kind):
            columns[name] = column.to_numpy(dtype=bool)
        elif pd.api.types.is_integer_dtype(kind):
            columns[name] = column.to_numpy(dtype=np.int64)
        elif pd.api.types.is_numeric_dtype(kind):
            columns[name] = column.to_numpy(dtype=float)
        elif pd.api.types.is_datetime64_any_dtype(kind):
            raise ModelError(
                f"the covariate {name!r} is a date",
                fix="subtract a date from it, so that it becomes a number with a meaning",
            )
        else:
            columns[name] = column.astype(object).to_numpy()
    return pd.DataFrame(columns, copy=False)


def _matrix(
    terms: SimpleFormula, frame: pd.DataFrame, formula: str
) -> tuple[np.ndarray, tuple[str, ...], ModelSpec]:
    tidy = tidy_columns(frame)
    for name in tidy.columns:
        levels = 0 if pd.api.types.is_numeric_dtype(tidy[name].dtype) else tidy[name].nunique()
        if levels > MAX_LEVELS:
            raise ModelError(
                f"the covariate {name!r} has {levels:,} levels",
                fix="group them first, or pass the column as strata= or cluster=",
            )
    try:
        with np.errstate(all="ignore"):  # what comes out infinite or undefined is refused below
            made = terms.get_model_matrix(tidy, output="numpy", na_action="ignore", context=_TOOLS)
    except (FormulaicError, NameError, ValueError, TypeError) as error:
        raise ModelError(
            f"the formula {formula!r} cannot be computed: {_plain(error)}",
            fix="functions such as log, sqrt, bs and np.log1p are known; strata= and cluster= "
            "are arguments, not functions",
        ) from error
    spec = made.model_spec
    empty = [str(t) for t, where in spec.term_indices.items() if not len(where)]
    if empty:
        raise ModelError(
            f"{empty[0]} is the same in every row of the model",
            fix="take it out of the formula",
        )
    matrix = np.asarray(made)[:, 1:]
    names = tuple(spec.column_names[1:])
    finite = np.isfinite(matrix).all(axis=0)
    if not finite.all():
        bad = names[int(np.argmin(finite))]
        raise ModelError(
            f"the term {bad} is infinite or undefined in some rows",
            fix="log of zero or of a negative number? use np.log1p, or filter first",
        )
    return matrix, names, spec


_TOOLS = {"np": np}


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
