"""A journey file for data that nobody has described yet: looked at, written, opened once.

``journey init FILE`` recognises an export by its columns, or guesses who, when and
what. It asks nothing that the data can tell, says in the file why it thinks so, and
opens what it wrote, so that the window it writes down is that of the data.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

import ibis.expr.types as ir

from journeylib.errors import JourneyFileError
from journeylib.events import EventLog, open_log
from journeylib.home import FILE, checkout
from journeylib.journey import Journey, read_journey
from journeylib.journey.draft import CUTOFF, of_guess, of_preset, toml
from journeylib.journey.guess import guess
from journeylib.journey.presets import preset, recognised
from journeylib.journey.source import Source
from journeylib.sources.opening import peek


@dataclass(frozen=True)
class Written:
    """What ``journey init`` did.

    Parameters
    ----------
    file
        The journey file.
    recognised
        Title of the preset, or None where the columns were guessed.
    log
        The log as it opened.
    commands
        What to do next.
    """

    file: Path
    recognised: str | None
    log: EventLog
    commands: tuple[str, ...]


def initialise(
    data: str | Path,
    table: str | None = None,
    out: str | Path | None = None,
    use: str | None = None,
    force: bool = False,
) -> Written:
    """Write a journey file for a file, a folder, a pattern, or a table of a database.

    Parameters
    ----------
    data
        A path, or the address of a database as ``env:NAME``.
    table
        In that database, or in a DuckDB file.
    out
        Folder to write into. Without it ``data/<name>`` where the file lies in a project
        with a ``data`` folder of journeys, and beside the file otherwise.
    use
        Name of a preset, or the path of its file; recognised by the columns otherwise.
    force
        Write over a journey file that is there.

    Raises
    ------
    JourneyFileError
        When a journey file is there already.
    SourceError, DataError
        When the data cannot be opened, or hold no customers, moments or events.
    """
    source, name = _source(data, table)
    folder = _folder(source, name) if out is None else Path(out).expanduser().absolute()
    file = folder / FILE
    if file.exists() and not force:
        raise JourneyFileError(
            "there is a journey file already", where=str(file), fix="--force writes over it"
        )
    seen = peek(source)
    columns = _names(seen)
    known = preset(use) if use is not None else recognised(columns)
    place = _place(source, folder)
    if known is not None:
        text, title = of_preset(known, columns, name, place), known.title
    else:
        text, title = of_guess(guess(seen), name, place), None
    log = _opened(text, folder)
    folder.mkdir(parents=True, exist_ok=True)
    file.write_text(text.replace(CUTOFF, str(log.window.cutoff), 1), encoding="utf-8")
    log = open_log(read_journey(file))
    return Written(file, title, log, _commands(log.journey))


def words(done: Written) -> str:
    """What was done, for the terminal."""
    counted = log_lines(done.log)
    how = f"recognised: {done.recognised}" if done.recognised else "guessed from the columns"
    lines = [f"{done.file}  ({how})", *counted, "look into the file, then:"]
    return "\n".join([*lines, *(f"  {command}" for command in done.commands)])


def log_lines(log: EventLog) -> list[str]:
    """Who was counted, in two lines."""
    audit = log.audit
    return [
        f"{audit.came_in:,} events came in, {audit.n_kept:,} were kept, of {log.customers:,} "
        f"customers, until {log.window.cutoff}",
        *(f"  {n:,} dropped: {reason}" for reason, n in audit.dropped.items() if n),
    ]


def _source(data: str | Path, table: str | None) -> tuple[Source, str]:
    """The source, and a name for the journey."""
    text = str(data)
    if text.startswith("env:") or "://" in text:
        if table is None:
            raise JourneyFileError("which table of the database?", fix="add --table NAME")
        if not text.startswith("env:"):
            raise JourneyFileError(
                "an address does not belong on a command line, which is remembered",
                fix="export JOURNEY_DB=…, and give env:JOURNEY_DB",
            )
        return Source(url=text, table=table), _slug(table)
    path = Path(text).expanduser()
    path = Path(os.path.abspath(path))  # noqa: PTH100  (resolve would follow a link)
    if path.suffix == ".duckdb":
        if table is None:
            raise JourneyFileError("which table of the DuckDB file?", fix="add --table NAME")
        return Source(path=path, table=table), _slug(table)
    name = path.parent.name if "*" in path.name else path.name.split(".")[0]
    return Source(path=path), _slug(name)


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or "journey"


def _folder(source: Source, name: str) -> Path:
    """``data/<name>`` of the project that the file lies in, or that we are in; else beside it."""
    beside = source.path.parent if source.path is not None else Path.cwd()
    if source.path is not None and beside.parent.name == "data":
        return beside
    for root in (beside, *beside.parents):
        if any((root / "data").glob(f"*/{FILE}")):
            return root / "data" / name
    return beside if source.path is not None else beside / "data" / name


def _place(source: Source, folder: Path) -> list[str]:
    """The lines that say where the data are, as seen from the journey file."""
    lines = []
    if source.url is not None:
        lines.append(
            f"url = {toml(source.url)} # read from the environment, so no password is here"
        )
    if source.path is not None:
        lines.append(f"path = {toml(os.path.relpath(source.path, folder))}")
    return [*lines, *([f"table = {toml(source.table)}"] if source.table else [])]


def _names(table: ir.Table) -> list[str]:
    """Columns, and the fields of nested ones as ``outer.inner``."""
    names = []
    for name, kind in table.schema().items():
        names.append(name)
        if kind.is_struct():
            names += [f"{name}.{inner}" for inner in kind.names]
    return names


def _opened(text: str, folder: Path) -> EventLog:
    """The log that a text describes, as if it lay in the folder."""
    with tempfile.TemporaryDirectory(prefix="journey-init-") as staging:
        trial = Path(staging) / FILE
        moved = re.sub(
            r'^path = "(.*)"$',
            lambda m: (
                f"path = {toml(os.path.normpath(folder / json.loads(chr(34) + m[1] + chr(34))))}"
            ),
            text,
            flags=re.MULTILINE,
        )
        trial.write_text(moved, encoding="utf-8")
        return open_log(read_journey(trial))


def _commands(journey: Journey) -> tuple[str, ...]:
    """What to do next with this journey."""
    folder = journey.file.parent
    name = folder.name if folder.parent.name == "data" else str(journey.file)
    quoted = name if re.fullmatch(r"[\w./-]+", name) else f"'{name}'"
    books = Path("notebooks") if Path("notebooks").is_dir() else checkout() / "notebooks"
    commands = [
        f"journey check {quoted}",
        f"journey run {books / '01_event_log.ipynb'} -p journey={quoted}",
    ]
    timed = f"journey run {books / '02_time_to_purchase.ipynb'} -p journey={quoted}"
    stages = list(journey.stages)
    if "purchase" in stages and stages[0] != "purchase":
        commands.append(f"{timed} -p event=purchase")
    elif "purchase" in stages:
        commands.append(f"{timed} -p origin=purchase -p event=purchase -p occurrence=2")
    return tuple(commands)
