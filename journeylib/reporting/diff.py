"""Two runs held against each other: what moved, and what was different about them.

``journey diff`` prints it; :func:`page` in :mod:`journeylib.reporting.diffpage` shows it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from journeylib.errors import RunError, nearest
from journeylib.numbers import chance
from journeylib.reporting.cards import interval_text, note_text, value_text
from journeylib.reporting.changes import Change, adjust, compare
from journeylib.reporting.records import RunRecord, read_record
from journeylib.reporting.relations import Relation, different, relation
from journeylib.reporting.store import Store
from journeylib.reporting.verdicts import as_text

_INGREDIENTS = {
    "code": "code of the notebook",
    "prose": "text of the notebook",
    "journeylib": "sources of journeylib",
    "packages": "packages or their lock",
}
_RANK = {"moved": 0, "recomputed": 1}


@dataclass(frozen=True)
class Difference:
    """Something that was different about two runs.

    Parameters
    ----------
    part
        ``data``, ``parameters`` or ``code``.
    name
        Of what differs.
    old, new
        As text; empty where a run does not have it.
    """

    part: str
    name: str
    old: str
    new: str


@dataclass(frozen=True)
class Comparison:
    """Two runs held against each other; made by :func:`compare_runs`.

    Parameters
    ----------
    old, new
        The records.
    related
        How the customers of the two runs relate.
    changes
        Of the findings, adjusted together; those beyond noise first.
    differences
        In data, parameters and code.
    """

    old: RunRecord
    new: RunRecord
    related: Relation
    changes: tuple[Change, ...]
    differences: tuple[Difference, ...]

    @property
    def moved(self) -> tuple[Change, ...]:
        """The changes beyond noise."""
        return tuple(c for c in self.changes if c.verdict == "moved")

    @property
    def summary(self) -> str:
        """How many findings moved, in a sentence."""
        judged = sum(c.p is not None for c in self.changes)
        if not judged:
            return "No finding can be judged."
        what = f"{judged} finding{'' if judged == 1 else 's'} compared"
        if not self.moved:
            return f"Nothing moved beyond noise: {what}."
        return f"{len(self.moved)} moved beyond noise, of {what}."


def compare_runs(old: RunRecord, new: RunRecord) -> Comparison:
    """Hold a run against an earlier one.

    Parameters
    ----------
    old, new
        Records of two good runs, of one report or of two.

    Raises
    ------
    RunError
        When one of them is not ok, so that it has no findings.
    """
    for record in (old, new):
        if not record.ok:
            raise RunError(
                f"the run did not succeed ({record.verdict.replace('_', ' ')}): "
                "it has no findings to compare",
                where=f"{record.report_id}, run {record.run_id}",
                fix="name another run of the report",
            )
    changes = adjust(compare(old, new))
    ordered = tuple(sorted(changes, key=lambda c: _RANK.get(c.verdict, 2)))
    return Comparison(old, new, relation(old, new), ordered, tuple(_differences(old, new)))


def find_runs(names: Sequence[str], output: Path) -> tuple[RunRecord, RunRecord]:
    """The two runs that are meant.

    Parameters
    ----------
    names
        Two runs, the earlier first, or one report for its last two good runs. A run is
        named by its folder, by its id or the beginning of it, or by its report's id for
        the last good run.
    output
        Folder of the reports, where ids are looked for.

    Raises
    ------
    RunError
        When a name means nothing, several runs, or a report without enough good runs.
    """
    store = Store(output)
    if not store.report_ids() and not any((Path(n) / "run.json").is_file() for n in names):
        raise RunError(
            "there are no reports here",
            where=str(output),
            fix="run journey batch, or name the folder of reports with --out",
        )
    if len(names) == 2:
        return _find(names[0], store), _find(names[1], store)
    if names[0] not in store.report_ids():
        raise _unknown(names[0], store, store.report_ids(), "report")
    good = list(islice((r for r in store.history(names[0]) if r.ok), 2))
    if len(good) < 2:
        raise RunError(
            f"the report has {len(good) or 'no'} good run, and two are needed",
            where=f"{store.runs / names[0]}",
            fix="run it once more when there are new data, or name two runs",
        )
    return good[1], good[0]


def _find(name: str, store: Store) -> RunRecord:
    path = Path(name)
    if path.name == "run.json" and path.is_file():
        return read_record(path)
    if (path / "run.json").is_file():
        return read_record(path / "run.json")
    if name in store.report_ids():
        last = store.latest_good(name)
        if last is None:
            raise RunError("the report has no good run", where=str(store.runs / name))
        return last
    found = sorted(store.runs.glob(f"*/{_literal(name)}*/run.json")) if name else []
    exact = [f for f in found if f.parent.name == name]
    if len(found) > 1 and len(exact) != 1:
        raise RunError(
            f"{name!r} is the beginning of {len(found)} runs",
            where=str(store.runs),
            fix=f"write more of it: {', '.join(f.parent.name for f in found[:5])}",
        )
    if not found:
        runs = [f.parent.name for f in store.runs.glob("*/*/run.json")]
        raise _unknown(name, store, [*store.report_ids(), *runs], "run or report")
    return read_record((exact or found)[0])


def _unknown(name: str, store: Store, allowed: Sequence[str], what: str) -> RunError:
    return RunError(
        f"there is no {what} {name!r}", where=str(store.runs), fix=nearest(name, allowed)
    )


def _literal(name: str) -> str:
    """A name in which nothing is a wildcard, and nothing leads out of the folder."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in name.replace("/", "").replace("\\", ""))


def _differences(old: RunRecord, new: RunRecord) -> Iterator[Difference]:
    for part, name in (("data", ""), ("window", "window ")):
        before, after = (_part(r, part) for r in (old, new))
        yield from _differing("data", name, before, after)
    yield from _differing("parameters", "", old.parameters, new.parameters)
    if old.notebook != new.notebook:
        yield Difference("code", "notebook", old.notebook, new.notebook)
    for key in sorted(different(old.parts, new.parts) & set(_INGREDIENTS)):
        was, now = (str(r.parts.get(key, ""))[:12] for r in (old, new))
        yield Difference("code", _INGREDIENTS[key], was, now)
    yield from _differing("code", "", old.versions, new.versions)
    yield from _differing("code", "git ", old.git, new.git)


def _differing(
    part: str, prefix: str, old: Mapping[str, Any], new: Mapping[str, Any]
) -> Iterator[Difference]:
    names = different(old, new)
    for name in dict.fromkeys([*old, *new]):
        if name in names:
            before, after = (_text(given[name]) if name in given else "" for given in (old, new))
            yield Difference(part, f"{prefix}{name}", before, after)


def _text(value: Any) -> str:
    """A value in a line; a hash by its beginning."""
    counted = isinstance(value, int) and not isinstance(value, bool)
    text = "(empty)" if value == "" else f"{value:,}" if counted else as_text(value)
    is_hash = len(text) >= 40 and all(c in "0123456789abcdef" for c in text)
    return f"{text[:12]}…" if is_hash else text


def _part(record: RunRecord, part: str) -> Mapping[str, Any]:
    found = record.provenance.get(part)
    known = {"fingerprint": record.fingerprint} if part == "data" and record.fingerprint else {}
    return {**known, **found} if isinstance(found, Mapping) else known


def as_table(c: Comparison) -> str:
    """A comparison as text for the terminal."""
    head = [f"{r.report_id}, run {r.run_id}, {r.started[:10]}" for r in (c.old, c.new)]
    rows: list[tuple[str, ...]] = [("", "finding", "was", "is", "change", "p", "verdict")]
    rows += [_row(change) for change in c.changes]
    lines = [f"was  {head[0]}", f"is   {head[1]}", "", c.summary]
    lines += [f"Customers: {c.related.why}.", "", *_aligned(rows)]
    between = [("", d.part, d.name, d.old, "→", d.new) for d in c.differences]
    said = "changed in between" if between else "nothing was different: data, parameters, code"
    return "\n".join([*lines, "", said, *_aligned(between)])


def _row(c: Change) -> tuple[str, ...]:
    mark = {"up": "▲", "down": "▼"}.get(c.direction, "") if c.verdict == "moved" else ""
    p = chance(c.p if c.adjusted is None else c.adjusted) if c.p is not None else ""
    verdict = f"{c.words}: {c.why}" if c.why and c.verdict != "counted" else c.words
    name = f"{c.name}, {c.group}" if c.group else c.name
    return mark, name, finding_text(c.old), finding_text(c.new), c.shown, p, verdict


def finding_text(finding: Mapping[str, Any] | None) -> str:
    """Value and interval in a line; empty where there is no such finding."""
    if finding is None:
        return ""
    more = interval_text(finding) or note_text(finding)
    return f"{value_text(finding)} ({more})" if more else value_text(finding)


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return ["  ".join(f"{c:<{w}}" for c, w in zip(r, widths, strict=True)).rstrip() for r in rows]


def as_json(c: Comparison) -> dict[str, Any]:
    """A comparison for machines."""
    return {
        "old": _told(c.old),
        "new": _told(c.new),
        "customers": {"relation": c.related.kind, "why": c.related.why},
        "moved": len(c.moved),
        "findings": [_change(change) for change in c.changes],
        "changed": [
            {"part": d.part, "name": d.name, "old": d.old, "new": d.new} for d in c.differences
        ],
    }


def _told(record: RunRecord) -> dict[str, Any]:
    keys = ("report_id", "run_id", "title", "started", "fingerprint")
    return {key: getattr(record, key) for key in keys}


def _change(c: Change) -> dict[str, Any]:
    low, high = c.interval or (None, None)
    return {
        "name": c.name,
        "group": c.group or None,
        "unit": c.finding.get("unit") or "",
        "scale": c.finding.get("scale") or "identity",
        "old": None if c.old is None else {k: c.old.get(k) for k in ("value", "low", "high")},
        "new": None if c.new is None else {k: c.new.get(k) for k in ("value", "low", "high")},
        "difference": c.difference,
        "std_err": c.std_err,
        "low": low,
        "high": high,
        "z": c.z,
        "p": c.p,
        "adjusted": c.adjusted,
        "verdict": c.words,
        "why": c.why,
    }
