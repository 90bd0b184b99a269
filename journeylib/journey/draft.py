"""The text of a journey file, from a preset or from guesses, each with its reason beside it."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from sqlglot import exp

from journeylib.errors import JourneyFileError
from journeylib.journey.guess import Guess
from journeylib.journey.presets import Preset
from journeylib.journey.where import parse

CUTOFF = '"data"'


def of_preset(known: Preset, columns: Sequence[str], name: str, place: list[str]) -> str:
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
        lines += ["[[sources]]", f"name = {toml(feed.name)}", *place, *_where(feed.where)]
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


def of_guess(found: Guess, name: str, place: list[str]) -> str:
    """A journey file from guesses, each with its reason."""
    lines = ["# Written by `journey init`, which guessed: read it before you believe it.", ""]
    lines += [*_head(name), "[source]", *place]
    if found.time_format is not None:
        lines.append(f"time_format = {toml(found.time_format)}")
    lines += ["", "[columns] # our name = the source's column; all others keep their own"]
    lines += [f"{our} = {toml(own)} # {found.why[our]}" for our, own in found.columns.items()]
    if found.constants:
        lines += ["", "[constants] # no column says what happened: every row is one of these"]
        lines += _entries(found.constants)
    lines += ["", *_window(), *_stages(found.stages, found.unmapped)]
    lines += ["", "[churn]", "inactivity_days = 90 # silence that counts as leaving: your decision"]
    if purchase := found.stages.get("purchase"):
        lines.append(f"activity = {toml(list(purchase))}")
    return "\n".join(lines) + "\n"


def _head(name: str) -> list[str]:
    title = name.replace("_", " ").capitalize()
    return [f"name = {toml(title)}", 'unit = "days" # of every duration', ""]


def _window() -> list[str]:
    return [
        "[window] # when we watched; without start from everybody's first event on",
        f"cutoff = {CUTOFF} # the last complete day in the data; that whole day is watched",
        'resolution = "day" # or "timestamp": exact durations',
        'timezone = "UTC" # in which a day begins',
    ]


def _stages(stages: Mapping[str, Sequence[str]], unmapped: Sequence[str]) -> list[str]:
    lines = ["", "[stages] # in the order of the journey: stage = its events"]
    lines += [f"{_key(stage)} = {toml(list(events))}" for stage, events in stages.items()]
    if unmapped:
        shown = ", ".join(toml(event) for event in unmapped[:20])
        lines.append(f"# in no stage yet, and counted as unmapped: {shown}")
    return lines


def _where(text: str | None) -> list[str]:
    return [f"where = {toml(text)}"] if text is not None else []


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


def _entries(values: Mapping[str, Any]) -> list[str]:
    return [f"{_key(name)} = {toml(value)}" for name, value in values.items()]


def _inline(values: Mapping[str, Any]) -> str:
    return "{ " + ", ".join(_entries(values)) + " }"


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else toml(name)


def toml(value: Any) -> str:
    """A value as TOML writes it."""
    if isinstance(value, list | tuple):
        return "[" + ", ".join(toml(v) for v in value) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float | dt.date):
        return str(value)
    # JSON's escapes are TOML's, but for the one character that JSON leaves alone
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
