"""Predicates on one event, written in SQL and translated to ibis.

A derived event says which rows it means: ``event = 'basket' and value >= 100``.
The text is parsed, never passed on to a database: what is not in the small
language below is refused, so a journey file cannot reach beyond its own row, and
the same predicate means the same on every engine.

The language: ``= <> < <= > >=``, ``and or not``, ``in (…)``, ``like``, ``ilike``,
``between … and …``, ``is [not] null``, texts, numbers, ``true false``,
``date '2017-01-31'``, ``timestamp '2017-01-31 12:00'``, parentheses, and column
names, ours or the source's own (``"in quotes"`` where they hold blanks). As in
SQL, a date beside a moment means its midnight; a comparison with a missing value
is not true, and neither is its negation.
"""

from __future__ import annotations

import datetime as dt
import functools
import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from journeylib.errors import JourneyError, JourneyFileError

if TYPE_CHECKING:
    import ibis.expr.types as ir

Node: TypeAlias = Any  # a node of sqlglot's tree, whose base class changes its name

_COMPARE: dict[type[Node], Callable[[Any, Any], Any]] = {
    exp.EQ: operator.eq,
    exp.NEQ: operator.ne,
    exp.LT: operator.lt,
    exp.LTE: operator.le,
    exp.GT: operator.gt,
    exp.GTE: operator.ge,
}
_CONDITIONS = (
    *_COMPARE,
    *(exp.And, exp.Or, exp.Not, exp.Paren, exp.In, exp.Like, exp.ILike, exp.Between, exp.Is),
    *(exp.Boolean, exp.Column),
)
_ALLOWED = (*_CONDITIONS, exp.Literal, exp.Null, exp.Neg, exp.Identifier)
_MOMENTS = {"DATE": dt.date, "TIMESTAMP": dt.datetime, "TIMESTAMPNTZ": dt.datetime}
_FIX = "use =, <>, <, <=, >, >=, and, or, not, in, like, between, is null, and plain values"


def parse(text: str) -> Node:
    """The syntax tree of a predicate, if it keeps to the language of this module.

    Raises
    ------
    JourneyFileError
        When it cannot be parsed, or uses anything else.

    Examples
    --------
    >>> parse("event = 'basket' and value >= 100").sql()
    "event = 'basket' AND value >= 100"
    """
    try:
        tree = sqlglot.parse_one(text, dialect="duckdb")
    except SqlglotError as error:
        detail = str(error).splitlines()[0].split(". Line")[0]
        raise JourneyFileError(f"{text!r} is not a predicate: {detail}", fix=_FIX) from None
    for node in tree.walk(prune=_is_moment):
        if _is_moment(node):
            _moment(node)
        elif not isinstance(node, _ALLOWED) or _reaches_out(node):
            raise JourneyFileError(
                f"{text!r} uses {node.sql('duckdb')!r}, which a predicate may not", fix=_FIX
            )
    if not isinstance(tree, _CONDITIONS):
        raise JourneyFileError(f"{text!r} is neither true nor false of an event", fix=_FIX)
    return tree


def translate(text: str, column: Callable[[str], Any]) -> ir.BooleanValue:
    """A predicate as an ibis expression.

    Parameters
    ----------
    text
        The predicate.
    column
        From a name in the text, ours or the source's own, to the ibis column;
        raises a ``JourneyError`` where there is none.

    Raises
    ------
    JourneyFileError
        For a predicate outside the language, an unknown column, or values that
        cannot be compared.

    Examples
    --------
    >>> import ibis
    >>> log = ibis.table({"event": "string", "value": "float64"}, name="log")
    >>> translate("value between 1 and 2", lambda name: log[name]).type()
    Boolean(nullable=True)
    """
    tree = parse(text)
    try:
        result = _visit(tree, column)
        if not result.type().is_boolean():
            raise TypeError("it is neither true nor false of an event")
        return result
    except JourneyError as error:
        raise JourneyFileError(f"{text!r}: {error.what}", fix=error.fix) from None
    except _misfits() as error:
        detail = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise JourneyFileError(
            f"{text!r} does not fit the columns: {detail}",
            fix="compare texts with texts, numbers with numbers and times with dates",
        ) from None


def _misfits() -> tuple[type[Exception], ...]:
    """What ibis raises for operands that do not fit."""
    from ibis.common.annotations import SignatureValidationError
    from ibis.common.exceptions import IbisError

    return TypeError, ValueError, IbisError, SignatureValidationError


# ---- what may be in a predicate ------------------------------------------------------


def _reaches_out(node: Node) -> bool:
    """A column of some other table, ``in`` over a query, or ``= null``."""
    if isinstance(node, exp.Column):
        return bool(node.table)
    if isinstance(node, exp.Null):
        return not isinstance(node.parent, exp.Is)
    return isinstance(node, exp.In) and not node.expressions


def _is_moment(node: Node) -> bool:
    """``date '…'`` or ``timestamp '…'``."""
    return (
        isinstance(node, exp.Cast)
        and isinstance(node.this, exp.Literal)
        and node.to.this.name in _MOMENTS
    )


def _moment(node: Node) -> dt.date:
    return _read(node.this.this, _MOMENTS[node.args["to"].this.name])


def _read(text: str, kind: type[dt.date]) -> dt.date:
    try:
        return kind.fromisoformat(text)
    except ValueError:
        raise JourneyFileError(f"{text!r} is not a date", fix="write it as 2017-12-31") from None


# ---- from syntax tree to ibis --------------------------------------------------------


def _visit(node: Node, column: Callable[[str], Any]) -> Any:
    """One node as an ibis value."""
    import ibis

    if _is_moment(node):
        return ibis.literal(_moment(node))
    if isinstance(node, exp.Column):
        return column(node.name)
    if isinstance(node, exp.Literal):
        number = (
            node.this if node.is_string else int(node.this) if node.is_int else float(node.this)
        )
        return ibis.literal(number)
    if isinstance(node, exp.Boolean):
        return ibis.literal(bool(node.this))
    if isinstance(node, exp.Neg):
        return -_visit(node.this, column)
    if isinstance(node, exp.Paren):
        return _visit(node.this, column)
    result = _condition(node, column)
    return ~result if node.args.get("negate") else result


def _condition(node: Node, column: Callable[[str], Any]) -> Any:
    """One node that is true or false."""
    if isinstance(node, exp.Not):
        return ~_visit(node.this, column)
    if isinstance(node, exp.Is) and isinstance(node.expression, exp.Null):
        return _visit(node.this, column).isnull()
    if isinstance(node, exp.In):
        this, *options = _alike(column, node.this, *node.expressions)
        return functools.reduce(operator.or_, [_compared(operator.eq, this, o) for o in options])
    if isinstance(node, exp.Between):
        this, low, high = _alike(column, node.this, node.args["low"], node.args["high"])
        return _compared(operator.ge, this, low) & _compared(operator.le, this, high)
    left, right = _alike(column, node.this, node.expression)
    if isinstance(node, exp.And):
        return left & right
    if isinstance(node, exp.Or):
        return left | right
    if isinstance(node, exp.Like):
        return left.like(right)
    if isinstance(node, exp.ILike):
        return left.ilike(right)
    return _compared(_COMPARE.get(type(node), operator.eq), left, right)


def _compared(compare: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    result = compare(left, right)
    if isinstance(result, bool):  # what Python makes of operands that ibis cannot compare
        raise TypeError(f"{left.type()} cannot be compared with {right.type()}")
    return result


def _alike(column: Callable[[str], Any], *nodes: Node) -> list[Any]:
    """The values of several nodes, where a text beside a time is read as a time."""
    import ibis

    values = [_visit(node, column) for node in nodes]
    if not any(value.type().is_temporal() for value in values):
        return values
    return [
        ibis.literal(_read(node.this, dt.datetime))
        if isinstance(node, exp.Literal) and node.is_string
        else value
        for node, value in zip(nodes, values, strict=True)
    ]
