"""From an executed notebook to the story that a page tells: pure functions on its cells.

Findings, estimand and provenance are lifted out, machinery is left out, and what
remains is prose, pictures and tables with their code folded away.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from journeylib.errors import PlanError
from journeylib.reporting.declared import declared
from journeylib.reporting.params import Parameter
from journeylib.reporting.records import FINDING_MIME, LEDGER_MIME, RunRecord, source, tags
from journeylib.reporting.sections import HEADING, arrange

ESTIMAND_MIME = "application/vnd.journey.estimand+json"
VERDICTS = ("failed", "warned", "passed")

_OUT = frozenset(
    {
        "parameters",
        "injected-parameters",
        "provenance",
        "remove",
        "remove-cell",
        "papermill-error-cell-tag",
    }
)
_NO_INPUT = frozenset({"hide-input", "remove-input"})
_NO_OUTPUT = frozenset({"hide-output", "remove-output"})


@dataclass(frozen=True)
class Story:
    """What a page shows of a notebook.

    Parameters
    ----------
    question
        First paragraph of the first text cell, as Markdown.
    intro
        The rest of that cell, as Markdown.
    notebook
        The cells to show, in the notebook format.
    parameters
        As the notebook declares them.
    estimand
        What exactly is estimated: label and text.
    checks
        Assumptions and how they fared, the failed ones first.
    """

    question: str
    intro: str
    notebook: Any
    parameters: tuple[Parameter, ...]
    estimand: tuple[tuple[str, str], ...] = ()
    checks: tuple[Mapping[str, str], ...] = ()

    @property
    def tally(self) -> list[tuple[str, int]]:
        """How many assumptions fared how; only verdicts that occur."""
        seen = [check["verdict"] for check in self.checks]
        return [(verdict, seen.count(verdict)) for verdict in VERDICTS if verdict in seen]


def tell(notebook: Any, record: RunRecord) -> Story:
    """Pick and arrange the cells that a page shows.

    Parameters
    ----------
    notebook
        Executed, in the notebook format 4; not changed.
    record
        Of its run.
    """
    shown = copy.deepcopy(notebook)
    try:
        parameters = declared(notebook, record.notebook)
    except PlanError:
        parameters = ()
    cells = [c for c in shown.cells if not _OUT & tags(c) and not _is_estimand(c)]
    question = intro = ""
    if cells and cells[0].cell_type == "markdown":
        _, question, intro = split_heading(source(cells[0]))
        cells = cells[1:]
    cells = [_trimmed(c) for c in cells]
    cells = [c for c in cells if source(c).strip() or c.get("outputs")]
    shown.cells = arrange(_joined(cells))
    return Story(question, intro, shown, parameters, _estimand(notebook), _checks(notebook))


def split_heading(text: str) -> tuple[str, str, str]:
    """Title, question and rest of a notebook's first text cell.

    The question is the first paragraph, up to its last question mark where it has one.

    Examples
    --------
    >>> gap = chr(10) * 2
    >>> split_heading(f"# Churn{gap}**How long** do they stay?{gap}More.")
    ('Churn', '**How long** do they stay?', 'More.')
    """
    lines, title = text.strip().splitlines(), ""
    for number, line in enumerate(lines):
        match = HEADING.match(line)
        if match and match[1] == "#":
            title, lines = match[2], lines[:number] + lines[number + 1 :]
            break
    blocks = [b.strip() for b in re.split(r"\n\s*\n", "\n".join(lines)) if b.strip()]
    if not blocks or HEADING.match(blocks[0]):
        return plain(title), "", "\n\n".join(blocks)
    question, more = _asked(" ".join(blocks[0].split()))
    return plain(title), question, "\n\n".join([*more, *blocks[1:]])


def _asked(paragraph: str) -> tuple[str, list[str]]:
    """A paragraph up to its last question mark, and what follows that, if anything does."""
    match = re.fullmatch(r"(.*\?[*_`]*)\s+(\S.*)", paragraph)
    return (match[1], [match[2]]) if match else (paragraph, [])


def plain(markdown: str) -> str:
    """A line of Markdown without its emphasis marks, for titles and the index.

    Examples
    --------
    >>> plain("**How long** until `purchase`, with first_contact?")
    'How long until purchase, with first_contact?'
    """
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", markdown)
    return re.sub(r"\*{1,3}|`|(?<!\w)_+(?=\w)|(?<=\w)_+(?!\w)", "", text).strip()


def payloads(notebook: Any, mime: str) -> list[Mapping[str, Any]]:
    """What the outputs of a notebook hold under a MIME type, in their order."""
    found = [
        output.get("data", {}).get(mime)
        for cell in notebook.cells
        for output in cell.get("outputs", [])
    ]
    return [payload for payload in found if isinstance(payload, Mapping)]


def read_checks(payload: Mapping[str, Any]) -> list[Mapping[str, str]]:
    """The checks of a ledger as it was emitted, whatever else it may hold."""
    names = ("assumption", "verdict", "seen", "follows", "kind")
    given = payload.get("checks")
    checks = [c for c in given if isinstance(c, Mapping)] if isinstance(given, list) else []
    told = [{name: str(c.get(name) or "") for name in names} for c in checks]
    return [c for c in told if c["verdict"] in VERDICTS]


def _checks(notebook: Any) -> tuple[Mapping[str, str], ...]:
    """Every check once, although a ledger may repeat those of an earlier one."""
    found = [c for payload in payloads(notebook, LEDGER_MIME) for c in read_checks(payload)]
    once = {(c["assumption"], c["seen"]): c for c in found}
    return tuple(sorted(once.values(), key=lambda c: VERDICTS.index(c["verdict"])))


def _estimand(notebook: Any) -> tuple[tuple[str, str], ...]:
    rows = [row for payload in payloads(notebook, ESTIMAND_MIME) for row in payload.get("rows", [])]
    pairs = [row for row in rows if isinstance(row, list | tuple) and len(row) == 2]
    return tuple({str(label): str(text) for label, text in pairs}.items())


def _is_estimand(cell: Any) -> bool:
    """Whether a cell shows nothing but the estimand, which stands at the top of the page."""
    outputs = cell.get("outputs", [])
    return bool(outputs) and all(ESTIMAND_MIME in o.get("data", {}) for o in outputs)


def _trimmed(cell: Any) -> Any:
    """A cell without the parts that its tags hide."""
    if cell.cell_type != "code":
        return cell
    marks = tags(cell)
    if marks & _NO_INPUT:
        cell.source = ""
    outputs = [] if marks & _NO_OUTPUT else [_shown(o) for o in cell.outputs]
    if "answer" in marks:
        outputs = [o for o in outputs if FINDING_MIME in o.get("data", {})] or outputs
    cell.outputs = outputs
    return cell


def _shown(output: Any) -> Any:
    """Results of expressions are shown as what they are: something displayed."""
    if output.output_type == "execute_result":
        output.output_type = "display_data"
        output.pop("execution_count", None)
    return output


def _joined(cells: list[Any]) -> list[Any]:
    """Code without output goes into the code cell that follows it, so that one fold holds both."""
    joined: list[Any] = []
    for cell in cells:
        quiet = joined and joined[-1].cell_type == "code" and not joined[-1].outputs
        if quiet and cell.cell_type == "code":
            parts = [source(joined.pop()), source(cell)]
            cell.source = "\n\n".join(p for p in parts if p.strip())
            joined.append(cell)
        else:
            joined.append(cell)
    return joined


def values_shown(story: Story | None, record: RunRecord) -> list[Mapping[str, str]]:
    """Parameters as rows ``name, value, comment`` for the provenance of a page."""
    comments = {p.name: p.comment for p in story.parameters} if story else {}
    return [
        {"name": name, "value": _value(value), "comment": comments.get(name, "")}
        for name, value in record.parameters.items()
    ]


def _value(value: object) -> str:
    if value is None or value == "":
        return "none" if value is None else "(empty)"
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)
