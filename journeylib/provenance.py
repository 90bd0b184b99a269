"""Where a report's numbers come from: data, window, versions."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import pandas as pd

from journeylib.results import html_table
from journeylib.sources.fingerprint import data_fingerprint

MIME = "application/vnd.journey.provenance+json"
_PACKAGES = (
    "journeylib", "pandas", "numpy", "scipy", "ibis-framework", "duckdb",
    "lifelines", "statsmodels", "seaborn", "papermill",
)  # fmt: skip


@dataclass(frozen=True)
class Provenance:
    """What a report was made from; made by :func:`provenance`."""

    data: dict[str, Any]
    window: dict[str, Any]
    versions: dict[str, str]

    @property
    def frame(self) -> pd.DataFrame:
        """Columns ``what, value``."""
        rows = {**self.data, **{f"window {k}": v for k, v in self.window.items()}, **self.versions}
        return pd.DataFrame({"what": list(rows), "value": [str(v) for v in rows.values()]})

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        parts = {"data": self.data, "window": self.window, "versions": self.versions}
        return {
            MIME: parts,
            "text/html": html_table(self.frame, "Provenance"),
            "text/plain": self.frame.to_string(index=False),
        }


def provenance(log: Any) -> Provenance:
    """State what the numbers of a report come from.

    Parameters
    ----------
    log
        The :class:`EventLog` that the report opened.

    Returns
    -------
    Provenance
        Data (journey, fingerprint, events that came in and were kept), window
        with the cutoff as resolved, versions. Paths are told by their last two
        parts, so that no name of a user or machine gets into a page.
    """
    journey = log.journey
    return Provenance(
        data={
            "journey": journey.name,
            "journey file": "/".join(journey.file.parts[-2:]),
            "fingerprint": data_fingerprint(journey),
            "events that came in": log.audit.came_in,
            "events kept": log.audit.n_kept,
            **({"simulated": True} if journey.simulated else {}),
        },
        window={
            "start": _start(log),
            "cutoff": str(log.window.cutoff),
            "resolution": log.window.resolution,
            "timezone": log.window.timezone,
        },
        versions={"python": platform.python_version(), **_versions()},
    )


def _start(log: Any) -> str:
    """Where the window opens; without an opening, the first event."""
    if log.window.start is not None:
        return str(log.window.start)
    first = pd.Timestamp(log.rows["at"].min().to_pandas())
    return str(first.date() if log.window.resolution == "day" else first)


def _versions() -> dict[str, str]:
    found = {}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found
