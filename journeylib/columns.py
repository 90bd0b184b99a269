"""Which columns a question needs: those it groups by and those its formula names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from keyword import iskeyword

from formulaic import Formula
from formulaic.errors import FormulaicError
from pandas.api.types import is_numeric_dtype

from journeylib.errors import ModelError
from journeylib.spells.core import Spells


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
    told: dict[str, None] = {}
    for part in parts:
        if isinstance(part, str) and re.search(r"[(`]| \+ ", part):  # a term already
            told[part] = None
        else:
            told.update(dict.fromkeys(map(quoted, _listed(part))))
    return " + ".join(told)


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

    Raises
    ------
    ModelError
        For a word of Python, which no formula can read.

    Examples
    --------
    >>> quoted("age"), quoted("first channel")
    ('age', '`first channel`')
    """
    if iskeyword(name):
        raise ModelError(
            f"a formula cannot read {name!r}, a word of the language it is written in",
            where=f"column {name!r}",
            fix="give the column another name in the source",
        )
    return name if name.isidentifier() else f"`{name}`"


def _listed(part: str | Sequence[str]) -> tuple[str, ...]:
    return names(part) if isinstance(part, str) else tuple(part)


def comparable(spells: Spells, columns: str | Sequence[str]) -> str:
    """Those of some columns in which customers differ; none where nothing has happened to them.

    What has one value only, or nothing to tell its values apart, can enter no comparison and
    no model.

    Parameters
    ----------
    spells
        That have the columns.
    columns
        Names, or one text with commas between them.

    Returns
    -------
    str
        With commas between the names.

    Examples
    --------
    >>> import pandas as pd, journeylib as jl
    >>> df = pd.DataFrame({"time": [1, 2], "event": [1, 0], "plan": ["a", "b"], "size": 3})
    >>> comparable(jl.spells_from_frame(df), "plan, size")
    'plan'
    >>> comparable(jl.spells_from_frame(df.assign(event=0)), "plan, size")
    ''
    """
    frame = spells.frame
    if not (frame["cause"] > 0).any():
        return ""
    differs = (n for n in _listed(columns) if frame[spells.column(n)].nunique(dropna=False) > 1)
    return ", ".join(differs)


def factors(spells: Spells, by: str = "", formula: str = "") -> tuple[str, ...]:
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
