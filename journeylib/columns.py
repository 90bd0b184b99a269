"""Which columns a question needs: those it groups by and those its formula names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from keyword import iskeyword
from typing import Any

from formulaic import Formula
from formulaic.errors import FormulaicError
from pandas.api.types import is_numeric_dtype

from journeylib.errors import ModelError


def names(text: str) -> tuple[str, ...]:
    """A list of column names typed as one text, since parameters are plain scalars.

    Examples
    --------
    >>> names("age, income")
    ('age', 'income')
    >>> names("")
    ()
    """
    return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def terms(*parts: str | Sequence[str]) -> str:
    """The right-hand side of a model from lists of names and from terms, each typed as one text.

    Names that are no plain words are put between backticks.

    Examples
    --------
    >>> terms("segment, age", "", "log(1 + amount)")
    'segment + age + log(1 + amount)'
    >>> terms("", "")
    ''
    >>> terms(["first order", "age"], "page-view")
    '`first order` + age + `page-view`'
    """
    lists = [(part,) if _is_term(part) else tuple(map(quoted, _listed(part))) for part in parts]
    return " + ".join(dict.fromkeys(term for several in lists for term in several))


def levels(columns: str | Sequence[str]) -> str:
    """The right-hand side of a model in which each of some columns stands for its groups.

    Examples
    --------
    >>> levels("segment, first channel")
    'C(segment) + C(`first channel`)'
    """
    return " + ".join(f"C({quoted(name)})" for name in _listed(columns))


def quoted(name: str) -> str:
    """A column's name as a formula reads it: between backticks unless it is a plain word.

    Examples
    --------
    >>> quoted("age"), quoted("first channel"), quoted("class")
    ('age', '`first channel`', '`class`')
    """
    return name if name.isidentifier() and not iskeyword(name) else f"`{name}`"


def _is_term(part: str | Sequence[str]) -> bool:
    return isinstance(part, str) and re.search(r"[(`]| \+ ", part) is not None


def _listed(part: str | Sequence[str]) -> tuple[str, ...]:
    return names(part) if isinstance(part, str) else tuple(part)


def factors(spells: Any, by: str = "", formula: str = "") -> tuple[str, ...]:
    """Columns that make groups: those of ``by``, and those of a formula that are no numbers.

    Parameters
    ----------
    spells
        That have the columns.
    by
        Column names, separated by commas.
    formula
        Right-hand side of a model.

    Examples
    --------
    >>> import pandas as pd, journeylib as jl
    >>> df = pd.DataFrame({"time": 1, "event": 1, "age": [20], "plan": ["a"], "size": [3]})
    >>> factors(jl.spells_from_frame(df), "plan", "age + C(size)")
    ('plan', 'size')
    """
    coded = {a or b for a, b in re.findall(r"C\((?:`([^`]+)`|(\w+))", formula)}
    frame = spells.frame
    numeric = {c for c in frame if is_numeric_dtype(frame[c])}
    asked = [n for n in needed("", formula) if n in coded or spells.column(n) not in numeric]
    return tuple(dict.fromkeys([*names(by), *asked]))


def needed(by: str = "", formula: str = "") -> tuple[str, ...]:
    """Columns that grouping by ``by`` and fitting ``formula`` need.

    Parameters
    ----------
    by
        Column names, separated by commas.
    formula
        Right-hand side of a model, as :func:`journeylib.cox` takes it.

    Returns
    -------
    tuple of str
        Each name once: those of ``by`` first, then those of the formula by name.

    Raises
    ------
    ModelError
        When the formula cannot be parsed.

    Examples
    --------
    >>> needed("tier", "log(age) + C(tier)")
    ('tier', 'age')
    """
    if not formula.strip():
        return names(by)
    try:
        variables = Formula(formula).required_variables
    except (FormulaicError, SyntaxError) as error:
        raise ModelError(
            f"the formula {formula!r} cannot be read: {error}",
            fix="write it as 'age + C(channel)'",
        ) from None
    return tuple(dict.fromkeys([*names(by), *sorted(str(v) for v in variables)]))
