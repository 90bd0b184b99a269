"""From the file beside the data back to the model that made them."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from journeylib.errors import DataError
from journeylib.simulation import Model, Truth

FILE = "truth.json"


def truth(log: Any) -> Truth | None:
    """The model that a simulated journey was drawn from, rebuilt exactly.

    Parameters
    ----------
    log
        An :class:`EventLog`. Its journey file says ``simulated = true``, and
        ``truth.json`` lies beside it, as :meth:`SimulatedJourney.write` makes it.

    Returns
    -------
    Truth or None
        None where the customers are real, or nothing is known of the model.

    Raises
    ------
    DataError
        When the file is there but holds no model.
    """
    journey = log.journey
    if not journey.simulated:
        return None
    file = journey.file.parent / FILE
    return _read(file, file.stat().st_mtime_ns) if file.is_file() else None


@lru_cache(maxsize=8)
def _read(file: Path, _: int) -> Truth:
    try:
        held = json.loads(file.read_text(encoding="utf-8"))
        model = dict(held["model"])
        model["score_shares"] = tuple(model["score_shares"])
        return Truth(Model(**model), dict(held.get("arrivals", {})))
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"{file.name} holds no model that can be rebuilt",
            where=str(file),
            fix="write the sample again, or delete the file to report without the truth",
        ) from error
