"""Survival analysis on the customer journey: time to purchase and churn, from events to reports.

The public names live here and are fetched from their modules when first used,
so that ``journey --help`` and everything under ``journeylib.reporting`` answers
at once without loading pandas.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOME = {
    "journeylib.spells": ("Spells", "Clock", "spells_from_frame"),
}
_MODULE = {name: module for module, names in _HOME.items() for name in names}
__all__ = [*_MODULE, "__version__"]


def __getattr__(name: str) -> Any:
    if name not in _MODULE:
        raise AttributeError(f"module 'journeylib' has no attribute {name!r}")
    return getattr(import_module(_MODULE[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
