"""What a researcher hands to a public function, held to the kinds that the function declares.

Inside the package mypy holds every call to the type hints. Nothing does so in a notebook,
where a path instead of a journey, or a log instead of spells, would end deep in a library
or in a number. So the public face reads the same hints when a function is called, and says
what is wrong with an argument before anything is computed. Only kinds are judged here;
whether a value makes sense is for the function to say.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from functools import cache, wraps
from numbers import Real
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from journeylib.errors import DataError

_F = TypeVar("_F", bound=Callable[..., Any])

_WORDS = {
    str: "a text",
    float: "a number",
    int: "a whole number",
    bool: "True or False",
    NoneType: "None",
    Path: "a path",
}
_COLLECTIONS = (Sequence, Iterable, list, tuple)  # where one is asked for, any of them does
_SEVERAL = {str: "several texts", float: "several numbers"}
_MADE_BY = {  # how to come by what is not made where it is defined
    "Spells": "time_to(log, …), exits(log, …) or churn(log) make them of an event log, "
    "spells_from_frame(df, …) of a frame",
    "EventLog": "open_log(read_journey(path)) opens one",
    "Journey": "read_journey(path) reads one, as in open_log(read_journey(path))",
    "Audit": "log.audit and spells.audit are such",
}


@cache
def held(function: _F) -> _F:
    """The same function, but it refuses arguments of a kind that it is not made for.

    Parameters
    ----------
    function
        With type hints. What may be ``Any``, such as a result that only has to carry the
        right numbers, is refused when it lacks something the function asks it for.

    Returns
    -------
    callable
        Raises a DataError that names the argument. One that is missing, or unknown, stays a
        TypeError.

    Examples
    --------
    >>> def twice(days: float) -> float:
    ...     return 2 * days
    >>> held(twice)(3)
    6
    >>> try:
    ...     held(twice)("3")
    ... except DataError as error:
    ...     print(error)
    days cannot be '3'
      where: argument days of twice
      fix:   give a number
    """
    signature = inspect.signature(function)

    @wraps(function)
    def asked(*args: Any, **kwargs: Any) -> Any:
        try:
            given = signature.bind(*args, **kwargs).arguments
        except TypeError:
            return function(*args, **kwargs)  # which says itself what is missing
        hints = _hints(function)
        for name, value in given.items():
            if not fits(value, hints[name]):
                raise _refusal(function, name, value, f"give {_wanted(hints[name])}")
        try:
            return function(*args, **kwargs)
        except AttributeError as error:
            for name, value in given.items():
                if hints[name] is Any and value is error.obj:
                    fix = f"it needs {error.name!r}: help(journeylib.{function.__name__}) says more"
                    raise _refusal(function, name, value, fix) from error
            raise

    asked.__module__ = "journeylib"  # where another process finds it
    return asked  # type: ignore[return-value]


@cache
def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    """The type hint of each argument; of ``*several`` that of the tuple which they make."""
    hints = get_type_hints(function)
    for name, parameter in inspect.signature(function).parameters.items():
        hint = hints.get(name, Any)
        hints[name] = Iterable[hint] if parameter.kind is parameter.VAR_POSITIONAL else hint  # type: ignore[valid-type]
    return hints


def fits(value: Any, hint: Any) -> bool:
    """Whether a value is of the kind that a type hint says; True where that is not known.

    Numbers of any library count; True and False are none. Several are any one-dimensional
    collection, but no text, and no set where their order counts.

    Examples
    --------
    >>> fits(2.0, int), fits(True, float), fits("plan", str | None), fits([1, "2"], list[float])
    (True, False, True, False)
    """
    kind = get_origin(hint) or hint
    if kind in (Union, UnionType):
        return any(fits(value, option) for option in get_args(hint))
    if kind in (bool, int, float):
        truth = type(value).__name__ in ("bool", "bool_")  # the second is numpy's
        if kind is bool or truth:
            return kind is bool and truth
        return isinstance(value, Real) and (kind is float or value % 1 == 0)
    if kind is Any or not isinstance(kind, type):
        return True
    if kind in _COLLECTIONS:
        several = isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping)
        unordered = kind is Sequence and isinstance(value, Set)
        if not several or unordered or getattr(value, "ndim", 1) != 1:
            return False
        of = get_args(hint)[0]
        array = of is float and hasattr(value, "dtype")  # may be long: who uses it looks into it
        return array or isinstance(value, Iterator) or all(fits(one, of) for one in value)
    return isinstance(value, kind)


def _wanted(hint: Any) -> str:
    """What a type hint asks for, in words."""
    options = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    words = list(dict.fromkeys(_word(option) for option in options))
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _word(hint: Any) -> str:
    kind = get_origin(hint) or hint
    if kind in _WORDS:
        return _WORDS[kind]
    if issubclass(kind, Mapping):
        return "names with what they mean, as in {'name': …}"
    if kind in _COLLECTIONS:
        of = get_args(hint)[0]
        return _SEVERAL.get(of) or f"several of {_wanted(of)}"
    made = _MADE_BY.get(kind.__name__) or ", ".join(
        f"{name}(…) makes one"
        for name, function in vars(sys.modules[kind.__module__]).items()
        if str(getattr(function, "__annotations__", {}).get("return")) == kind.__name__
        and not name.startswith("_")
    )
    return f"{kind.__name__}: {made}" if made else kind.__name__


def _refusal(function: Callable[..., Any], name: str, value: Any, fix: str) -> DataError:
    plain = value is None or isinstance(value, str | Real | Path | list | tuple)
    shown = repr(value)[:80] if plain else f"of kind {type(value).__name__}"
    return DataError(
        f"{name} cannot be {shown}", where=f"argument {name} of {function.__name__}", fix=fix
    )
