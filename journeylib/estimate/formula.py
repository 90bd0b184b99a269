"""Formulas as in R, read by formulaic: ``age + C(channel) + log(value):plan``.

Column names are checked before anything is computed, so that a typo is answered with
the nearest name. A proportional-hazards model has no intercept, for the baseline
hazard is its intercept; factors are coded as if there were one.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from formulaic import Formula, ModelSpec, SimpleFormula
from formulaic.errors import FormulaicError

from journeylib.errors import DataError, ModelError, nearest
from journeylib.spells.given import plain_numbers

MAX_LEVELS = 1000  # of one text covariate
_TOOLS = {"np": np}


def read_formula(formula: str) -> SimpleFormula:
    """Parse the right-hand side of a formula.

    Raises
    ------
    ModelError
        When it cannot be read, has a left-hand side, or no covariate.
    """
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


def _plain(error: Exception) -> str:
    """The first line of an error, without terminal colours."""
    text = str(error).splitlines()
    return text[0].strip() if text else type(error).__name__


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
        else:
            columns[name] = _of_objects(column.astype(object), str(name))
    return pd.DataFrame(columns, copy=False)


def _of_objects(values: pd.Series, name: str) -> np.ndarray:
    """Objects as what they are: exact decimals and Python's numbers are numbers, no levels."""
    values = plain_numbers(values)
    kind = pd.api.types.infer_dtype(values)
    if kind in ("datetime", "date"):
        raise ModelError(
            f"the covariate {name!r} is a date",
            fix="subtract a date from it, so that it becomes a number with a meaning",
        )
    if kind == "timedelta":
        raise ModelError(
            f"the covariate {name!r} is a length of time",
            fix="divide it by a length, for instance pd.Timedelta(days=1), so that it is a number",
        )
    return values.to_numpy()


def model_matrix(
    terms: SimpleFormula, frame: pd.DataFrame, formula: str
) -> tuple[np.ndarray, tuple[str, ...], ModelSpec]:
    """Columns of the model without an intercept, their names, and how to make them again.

    Raises
    ------
    ModelError
        When a term cannot be computed, is infinite somewhere or has one value only.
    """
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
