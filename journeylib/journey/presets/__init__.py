"""Exports that people really have, each a mapping in data: columns, stages, notes.

A preset is a TOML file in this folder, or in the folder that ``JOURNEY_PRESETS`` names.
Its keys are those of a journey file, but for ``title``, ``notes``, ``recognise`` (columns
that tell the export apart; our names stand for any column that may be them), ``unless``
(columns that it does not have) and ``feeds``: one export may hold several kinds of
events, each with a moment of its own. Where a column
goes by several names they are listed, and the first that is there is taken.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from journeylib.errors import JourneyFileError, nearest
from journeylib.journey.feeds import CANONICAL
from journeylib.journey.tomltable import Table, parse

_KEYS = (
    "title",
    "notes",
    "recognise",
    "unless",
    "feeds",
    "stages",
    "events",
    "churn",
    "identities",
)
_FEED_KEYS = ("name", "columns", "constants", "where")


@dataclass(frozen=True)
class PresetFeed:
    """One kind of events of an export; columns by our name, each with its possible names."""

    name: str
    columns: Mapping[str, tuple[str, ...]]
    constants: Mapping[str, Any] = field(default_factory=dict)
    where: str | None = None

    def found(self, columns: Collection[str]) -> dict[str, str]:
        """Our name -> the export's column, of those that are there."""
        named = {
            ours: next((own for own in names if own in columns), None)
            for ours, names in self.columns.items()
        }
        return {ours: own for ours, own in named.items() if own is not None}


@dataclass(frozen=True)
class Preset:
    """What is known of an export."""

    name: str
    title: str
    notes: str
    recognise: tuple[str, ...]
    feeds: tuple[PresetFeed, ...]
    rest: Mapping[str, Any]
    unless: tuple[str, ...] = ()

    def fits(self, columns: Collection[str]) -> bool:
        """Whether a table with these columns is such an export."""
        first = self.feeds[0]
        if any(name in columns for name in self.unless):
            return False
        # a name of ours that the export maps may go by any of its names
        ours = {name for name in self.recognise if name in CANONICAL and name in first.columns}
        there = first.found(columns)
        return all(name in (there if name in ours else columns) for name in self.recognise)


def presets() -> dict[str, Preset]:
    """All presets by name; one of ``JOURNEY_PRESETS`` wins over ours of the same name.

    Examples
    --------
    >>> presets()["nps_survey"].fits(["respondent_id", "submitted_at", "score"])
    True
    """
    folders = [Path(__file__).parent]
    if more := os.environ.get("JOURNEY_PRESETS"):
        folders.append(Path(more).expanduser())
    return {file.stem: read_preset(file) for d in folders for file in sorted(d.glob("*.toml"))}


def recognised(columns: Collection[str]) -> Preset | None:
    """The preset that fits these columns; of several the one that asks for most."""
    fitting = [preset for preset in presets().values() if preset.fits(columns)]
    return max(fitting, key=lambda preset: len(preset.recognise), default=None)


def preset(name: str) -> Preset:
    """A preset by name, or by the path of its file.

    Raises
    ------
    JourneyFileError
        When there is none of that name.
    """
    if name.endswith(".toml"):
        return read_preset(Path(name).expanduser())
    known = presets()
    if name not in known:
        raise JourneyFileError(f"there is no preset {name!r}", fix=nearest(name, known))
    return known[name]


def read_preset(file: Path) -> Preset:
    """Read and validate the file of a preset.

    Raises
    ------
    JourneyFileError
        For an unknown or missing key.
    """
    top = Table(file, "", parse(file))
    top.only(*_KEYS, "hygiene")
    return Preset(
        name=file.stem,
        title=top.text("title"),
        notes=top.text("notes").strip(),
        recognise=top.texts("recognise"),
        unless=top.texts("unless") if "unless" in top.values else (),
        feeds=tuple(_feed(table) for table in top.tables("feeds")),
        rest={
            key: top.values[key]
            for key in ("identities", "stages", "events", "churn", "hygiene")
            if key in top.values
        },
    )


def _feed(table: Table) -> PresetFeed:
    table.only(*_FEED_KEYS)
    named = table.table("columns")
    columns = {
        ours: named.texts(ours) if isinstance(own, list) else (named.text(ours),)
        for ours, own in named.values.items()
    }
    where = table.text("where") if "where" in table.values else None
    constants = table.table("constants", {}).values
    return PresetFeed(table.text("name"), columns, constants, where)
