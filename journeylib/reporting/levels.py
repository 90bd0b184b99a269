"""Values of a matrix that come from the data: ``channel = "each:channel"``.

The data are read in a process of its own, so that reading a plan loads no pandas
here. Small groups are left out, as no page may show them.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from journeylib.errors import PlanError

EACH = "each:"
MOST, LEAST = 12, 20
SECONDS = 600
_CODE = "import sys; from journeylib.reporting.levels import answer; answer(*sys.argv[1:])"


def wanted(value: object, least: int = LEAST) -> dict[str, Any] | None:
    """What a matrix entry asks of the data; None where it is a plain list.

    Parameters
    ----------
    value
        The entry.
    least
        Fewest customers of a value, unless the entry says so itself.

    Examples
    --------
    >>> wanted("each:channel")
    {'each': 'channel', 'most': 12, 'least': 20}
    >>> wanted({"each": "channel", "most": 3})
    {'each': 'channel', 'most': 3, 'least': 20}
    """
    if isinstance(value, str) and value.startswith(EACH):
        value = {"each": value.removeprefix(EACH).strip()}
    if not isinstance(value, Mapping):
        return None
    return {"each": "", "most": MOST, "least": least, **value}


def values_of(entry: Mapping[str, Any], journey: object, near: Path, where: str) -> list[str]:
    """The values of a column, those with most customers first.

    Parameters
    ----------
    entry
        From :func:`wanted`: the column, how many values at most, customers at least.
    journey
        Name or path of the journey file, as given to the report.
    near
        Folder of the notebook, from which it is looked for.
    where
        The place in the plan, for messages.

    Raises
    ------
    PlanError
        When the entry is not valid, or the data cannot be read, or no group is large enough.
    """
    fine = isinstance(entry["each"], str) and entry["each"] and set(entry) == {
        "each", "most", "least",
    }  # fmt: skip
    if not fine or any(type(entry[k]) is not int or entry[k] < 1 for k in ("most", "least")):
        raise PlanError(
            "values from the data need a column, and whole numbers",
            where=where,
            fix='write "each:column", or {each = "column", most = 12, least = 20}',
        )
    if not isinstance(journey, str) or not journey:
        raise PlanError(
            f"'each:{entry['each']}' needs data, but the report names no journey",
            where=where,
            fix='add journey = "..." to its parameters',
        )
    done = subprocess.run(
        [sys.executable, "-c", _CODE, journey, entry["each"]],
        cwd=near,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    told = done.stdout.strip().splitlines()[-1:] or ["{}"]
    found = {} if done.returncode else json.loads(told[0])
    if "values" not in found:
        why = found.get("error") or done.stderr.strip()[-500:] or "the process ended"
        raise PlanError(f"the values of {entry['each']!r} cannot be read: {why}", where=where)
    large = [str(value) for value, n in found["values"] if n >= entry["least"]]
    if not large:
        raise PlanError(
            f"no value of {entry['each']!r} has {entry['least']} customers",
            where=where,
            fix="lower 'least', or take another column",
        )
    return large[: entry["most"]]


def answer(journey: str, column: str) -> None:
    """Print the values as JSON, or what is wrong: the program of the other process."""
    from journeylib.errors import JourneyError

    try:
        print(json.dumps({"values": counted(journey, column)}))
    except JourneyError as error:
        print(json.dumps({"error": str(error)}))


def counted(journey: str, column: str) -> list[tuple[str, int]]:
    """Values of a column with their customers, most first; run in a process of its own."""
    from journeylib.errors import DataError, nearest
    from journeylib.events import open_log
    from journeylib.journey import read_journey

    log = open_log(read_journey(journey))
    name = log.own_names.get(column, column)
    known = log.attributes
    table = known if known is not None and name in known.columns else log.table
    if name not in table.columns:
        columns = [*log.table.columns, *(known.columns if known is not None else ())]
        raise DataError(
            f"the log has no column {column!r}", where=journey, fix=nearest(column, columns)
        )
    table = table.filter(table[name].notnull())
    rows = table.group_by(table[name].cast("string").name("value")).aggregate(
        customers=table["id"].nunique()
    )
    frame = rows.to_pandas().sort_values(["customers", "value"], ascending=[False, True])
    return [(str(v), int(n)) for v, n in zip(frame["value"], frame["customers"])]
