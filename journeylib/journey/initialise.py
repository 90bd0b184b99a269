"""A journey file for data that nobody has described yet: looked at, written, opened once.

``journey init FILE`` recognises an export by its columns, or guesses who, when and
what. It asks nothing that the data can tell, says in the file why it thinks so, and
opens what it wrote, so that the window it writes down is that of the data.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ibis.expr.types as ir
from sqlglot import exp

from journeylib.errors import JourneyFileError
from journeylib.events import EventLog, open_log
from journeylib.home import FILE, checkout
from journeylib.journey import Journey, read_journey
from journeylib.journey.feeds import Source
from journeylib.journey.guess import Guess, guess
from journeylib.journey.presets import Preset, preset, recognised
from journeylib.journey.where import parse
from journeylib.sources.opening import peek

_CUTOFF = '"data"'


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
        text, title = _of_preset(known, columns, name, place), known.title
    else:
        text, title = _of_guess(guess(seen), name, place), None
    log = _opened(text, folder)
    folder.mkdir(parents=True, exist_ok=True)
    file.write_text(text.replace(_CUTOFF, str(log.window.cutoff), 1), encoding="utf-8")
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


# ---- where -----------------------------------------------------------------------------


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
            f"url = {_toml(source.url)} # read from the environment, so no password is here"
        )
    if source.path is not None:
        lines.append(f"path = {_toml(os.path.relpath(source.path, folder))}")
    return [*lines, *([f"table = {_toml(source.table)}"] if source.table else [])]


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
                f"path = {_toml(os.path.normpath(folder / json.loads(chr(34) + m[1] + chr(34))))}"
            ),
            text,
            flags=re.MULTILINE,
        )
        trial.write_text(moved, encoding="utf-8")
        return open_log(read_journey(trial))


# ---- what ------------------------------------------------------------------------------


def _of_preset(known: Preset, columns: Sequence[str], name: str, place: list[str]) -> str:
    """A journey file from a preset, without what this export does not have."""
    feeds = [(feed, feed.found(columns)) for feed in known.feeds]
    usable = [
        (feed, found)
        for feed, found in feeds
        if "at" in found and ({"id", "anonymous"} & set(found)) and _there(feed.where, columns)
    ]
    if not usable:
        raise JourneyFileError(
            f"the data do not look like {known.title}: the columns of who and when are missing",
            where="columns: " + ", ".join(columns),
            fix="leave the preset out, and the columns are guessed",
        )
    rest = dict(known.rest)
    login = rest.get("identities", {}).get("login", {})
    if any(column not in columns for column in (login.get("anonymous"), login.get("customer"))):
        rest.pop("identities", None)
        usable = [(feed, _alone(found)) for feed, found in usable]
    told = {feed.constants["event"] for feed, _ in usable if "event" in feed.constants}
    if told:  # stages of events that this export cannot have would count nothing
        rest["stages"] = _kept_stages(rest.get("stages", {}), told)
        if rest.get("churn", {}).get("end_event", next(iter(told))) not in told:
            rest.pop("churn")
    rules = rest.get("hygiene", {}).get("exclude", {})
    rules = {rule: text for rule, text in rules.items() if _there(text, columns)}
    lines = [f"# {line}" for line in [f"{known.title}.", *known.notes.splitlines()]]
    lines += ["", *_head(name)]
    if len(usable) == 1:
        feed, found = usable[0]
        lines += [
            "[source]",
            *place,
            *_where(feed.where),
            "",
            "[columns] # our name = the export's",
        ]
        lines += _entries(found)
        if feed.constants:
            lines += ["", "[constants]", *_entries(feed.constants)]
    for feed, found in usable if len(usable) > 1 else ():
        lines += ["[[sources]]", f"name = {_toml(feed.name)}", *place, *_where(feed.where)]
        lines += [f"columns = {_inline(found)}", f"constants = {_inline(feed.constants)}", ""]
    lines += ["", *_window()]
    if "identities" in rest:
        lines += ["", "[identities] # rows with both ids say who an anonymous visitor is"]
        lines += [f"login = {_inline(login)}"]
    lines += _stages(rest.get("stages", {}), ())
    for event, entry in rest.get("events", {}).items():
        lines += ["", f"[events.{_key(event)}]", *_entries(entry)]
    if "churn" in rest:
        lines += ["", "[churn]", *_entries(rest["churn"])]
    if rules:
        lines += ["", "[hygiene.exclude] # rows that are no customer's doing; each rule is counted"]
        lines += _entries(rules)
    return "\n".join(lines) + "\n"


def _of_guess(found: Guess, name: str, place: list[str]) -> str:
    """A journey file from guesses, each with its reason."""
    lines = ["# Written by `journey init`, which guessed: read it before you believe it.", ""]
    lines += [*_head(name), "[source]", *place]
    if found.time_format is not None:
        lines.append(f"time_format = {_toml(found.time_format)}")
    lines += ["", "[columns] # our name = the source's column; all others keep their own"]
    lines += [f"{our} = {_toml(own)} # {found.why[our]}" for our, own in found.columns.items()]
    if found.constants:
        lines += ["", "[constants] # no column says what happened: every row is one of these"]
        lines += _entries(found.constants)
    lines += ["", *_window(), *_stages(found.stages, found.unmapped)]
    lines += ["", "[churn]", "inactivity_days = 90 # silence that counts as leaving: your decision"]
    if purchase := found.stages.get("purchase"):
        lines.append(f"activity = {_toml(list(purchase))}")
    return "\n".join(lines) + "\n"


def _head(name: str) -> list[str]:
    title = name.replace("_", " ").capitalize()
    return [f"name = {_toml(title)}", 'unit = "days" # of every duration', ""]


def _window() -> list[str]:
    return [
        "[window] # when we watched; without start from everybody's first event on",
        f"cutoff = {_CUTOFF} # the last complete day in the data; that whole day is watched",
        'resolution = "day" # or "timestamp": exact durations',
        'timezone = "UTC" # in which a day begins',
    ]


def _stages(stages: Mapping[str, Sequence[str]], unmapped: Sequence[str]) -> list[str]:
    lines = ["", "[stages] # in the order of the journey: stage = its events"]
    lines += [f"{_key(stage)} = {_toml(list(events))}" for stage, events in stages.items()]
    if unmapped:
        shown = ", ".join(_toml(event) for event in unmapped[:20])
        lines.append(f"# in no stage yet, and counted as unmapped: {shown}")
    return lines


def _where(text: str | None) -> list[str]:
    return [f"where = {_toml(text)}"] if text is not None else []


def _kept_stages(stages: Mapping[str, Sequence[str]], told: set[Any]) -> dict[str, list[str]]:
    kept = {stage: [e for e in events if e in told] for stage, events in stages.items()}
    return {stage: events for stage, events in kept.items() if events}


def _alone(found: Mapping[str, str]) -> dict[str, str]:
    """A mapping without identities: the anonymous id is the id where there is no other."""
    ids = {"id": found.get("id") or found["anonymous"]}
    return {**ids, **{k: v for k, v in found.items() if k not in ("id", "anonymous")}}


def _there(text: str | None, columns: Sequence[str]) -> bool:
    """Whether a predicate speaks of columns that are there."""
    if text is None:
        return True
    return all(node.name in columns for node in parse(text).find_all(exp.Column))


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


# ---- TOML ------------------------------------------------------------------------------


def _entries(values: Mapping[str, Any]) -> list[str]:
    return [f"{_key(name)} = {_toml(value)}" for name, value in values.items()]


def _inline(values: Mapping[str, Any]) -> str:
    return "{ " + ", ".join(_entries(values)) + " }"


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _toml(name)


def _toml(value: Any) -> str:
    """A value as TOML writes it."""
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(v) for v in value) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float | dt.date):
        return str(value)
    # JSON's escapes are TOML's, but for the one character that JSON leaves alone
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
