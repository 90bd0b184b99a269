"""The first finding of a report in one line: its value, who was counted, and its groups."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from journeylib.labels import label
from journeylib.numbers import between, bounds_only, estimate

MISSING = "(missing)"
WHOLE = (None, "", "all together")
HIDDEN = (*WHOLE, MISSING, "other")  # groups that nobody asked about


def named(f: Mapping[str, Any]) -> str:
    """A finding's name with its group."""
    return f"{f['name']}, {f['group']}" if f.get("group") else str(f["name"])


def valued(f: Mapping[str, Any] | None) -> str:
    """A finding's value with its interval, as short as a table wants it.

    Examples
    --------
    >>> valued({"value": 2.0, "low": 1.5, "high": 2.7, "scale": "log"})
    '2.0 (1.5 to 2.7)'
    """
    if f is not None and has_bounds_only(f):
        why = f"no point: {f['why']}" if f.get("why") else "no point is given"
        return f"{between(f['low'], f['high'], f.get('unit') or '')}; {why}"
    if f is None or f.get("value") is None:
        return "not reached"
    value, low, high = estimate(f["value"], f.get("low"), f.get("high"), ratio=_is_ratio(f))
    unit = f.get("unit") or ""
    shown = f"{value}{unit if unit == '%' else f' {unit}' if unit else ''}"
    if f.get("low") is None and f.get("high") is None:
        return shown
    return f"{shown} ({low} to {high})"


def headline(findings: Sequence[Mapping[str, Any]]) -> tuple[str, str, str, str]:
    """Name and value of the first estimate, who was counted, and the ends of its groups.

    Parameters
    ----------
    findings
        Of one report, as its record holds them.

    Examples
    --------
    >>> ages = [{"name": "bought", "value": x, "n": n, "unit": "%", "group": g}
    ...         for x, n, g in ((20.0, 90, "young"), (40.0, 60, "old"), (9.0, 800, "(missing)"))]
    >>> headline(ages)[2:]
    ('60 to 800 a group', 'lowest young: 20%; highest old: 40%; not known: 9%')
    """
    first = next((f for f in findings if interval_length(f) is not None), None)
    first = first or (findings[0] if findings else None)
    if first is None:
        return "", "", "", ""
    same = [f for f in findings if f["name"] == first["name"]]
    if len(same) == 1:
        return named(first), valued(first), _counted(same), ""
    whole = next((f for f in same if f.get("group") in WHOLE), None)
    counted = _counted([whole] if whole else same)
    return str(first["name"]), valued(whole) if whole else "", counted, _ends(same)


def _ends(same: Sequence[Mapping[str, Any]]) -> str:
    """The lowest and the highest group; and those of whom it is not known, where they lie beyond.

    Otherwise everybody together could lie outside of the two, and nobody would see why.
    """
    shown = [f for f in same if f.get("group") not in HIDDEN and f.get("value") is not None]
    parts = sorted(shown, key=lambda f: float(f["value"]))
    if len(parts) < 2:
        return "".join(f"{_whose(f)}: {valued(f)}" for f in parts)
    low, high = parts[0], parts[-1]
    told = [f"lowest {_whose(low)}: {valued(low)}", f"highest {_whose(high)}: {valued(high)}"]
    for f in same:
        known = f.get("group") != MISSING or f.get("value") is None
        if not known and not low["value"] <= f["value"] <= high["value"]:
            told.append(f"not known: {valued(f)}")
    return "; ".join(told)


def _whose(f: Mapping[str, Any]) -> str:
    """The group, and what it is a group of where it is only a number."""
    group, by = str(f["group"]), (f.get("of") or {}).get("by") or []
    bare = len(by) == 1 and not re.search(r"[^\W\d]", group)
    return f"{label(by[0])} {group}" if bare else group


def _counted(same: Sequence[Mapping[str, Any]]) -> str:
    """How many were counted, from the smallest group to the largest where there are several."""
    sizes = sorted({int(f["n"]) for f in same if f.get("n") is not None})
    if not sizes:
        return ""
    return f"{sizes[0]:,}" if len(sizes) == 1 else f"{sizes[0]:,} to {sizes[-1]:,} a group"


def interval_length(f: Mapping[str, Any]) -> float | None:
    """Length of the interval on the finding's scale; None where it has none."""
    low, high = f.get("low"), f.get("high")
    if low is None or high is None:
        return None
    if _is_ratio(f):
        return math.log(high / low) if low > 0 else None
    return float(high - low)


def has_bounds_only(f: Mapping[str, Any]) -> bool:
    """Whether there are two ends, and no point between them."""
    return bounds_only(f.get("value"), f.get("low"), f.get("high"))


def _is_ratio(f: Mapping[str, Any]) -> bool:
    return f.get("scale") == "log"
