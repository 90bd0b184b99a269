"""What a check is, and how several of them are shown as one table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import Any

import pandas as pd

from journeylib.errors import DataError

MIME = "application/vnd.journey.ledger+json"
PASSED, WARNED, FAILED = VERDICTS = ("passed", "warned", "failed")
PLAIN, STRUCTURAL, OVERRULED = KINDS = ("", "structural", "overruled")
_COLUMNS = ["assumption", "verdict", "seen", "follows", "kind"]


@dataclass(frozen=True)
class Check:
    """One assumption: what it is, how it fared, what was seen, what follows.

    Parameters
    ----------
    assumption
        What has to hold.
    verdict
        ``"passed"``, ``"warned"`` or ``"failed"``.
    seen, follows
        What was found in the data, and what the reader should make of it.
    kind
        ``"structural"`` for what the bias audit looks at, ``"overruled"`` for a fault of
        that kind which the researcher let pass; empty for all other checks.

    Raises
    ------
    DataError
        For another verdict or kind.
    """

    assumption: str
    verdict: str
    seen: str
    follows: str
    kind: str = PLAIN

    def __post_init__(self) -> None:
        if self.verdict not in VERDICTS:
            raise DataError(f"verdict {self.verdict!r} is none of {', '.join(VERDICTS)}")
        if self.kind not in KINDS:
            raise DataError(f"kind {self.kind!r} is none of {', '.join(KINDS)}")


class Ledger(tuple[Check, ...]):
    """Several checks as one table."""

    @property
    def frame(self) -> pd.DataFrame:
        """Columns ``assumption, verdict, seen, follows, kind``."""
        return pd.DataFrame([vars(check) for check in self], columns=_COLUMNS)

    def __repr__(self) -> str:
        return "\n".join(f"{c.verdict}: {c.assumption}. {c.seen} {c.follows}" for c in self)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return {
            MIME: {"checks": [dict(vars(check)) for check in self]},
            "text/html": self._repr_html_(),
            "text/plain": repr(self),
        }

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td class='verdict {c.verdict}'>{c.verdict}</td>"
            f"<th scope='row'>{escape(c.assumption)}</th>"
            f"<td>{escape(c.seen)}</td><td>{escape(c.follows)}</td></tr>"
            for c in self
        )
        tally = ", ".join(
            f"{n} {verdict}"
            for verdict in VERDICTS
            if (n := [c.verdict for c in self].count(verdict))
        )
        heads = "".join(
            f"<th scope='col'>{h}</th>"
            for h in ("verdict", "assumption", "what was seen", "what follows")
        )
        return (
            f"<table class='journey ledger'><caption>Assumptions: {tally}</caption>"
            f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
        )


def ledger(*checks: Check | Iterable[Check] | None) -> Ledger:
    """Collect checks, and ledgers of checks, into one table.

    Parameters
    ----------
    checks
        None stands for a check that does not apply and is left out.

    Returns
    -------
    Ledger
        Failed checks first, then those that warn, each kind in the order given. Shown as
        a table, and as ``application/vnd.journey.ledger+json`` for the page.

    Examples
    --------
    >>> print(ledger(Check("ties are few", "passed", "2 ties.", "Nothing."), None))
    passed: ties are few. 2 ties. Nothing.
    """
    flat: list[Check] = []
    for item in checks:
        if item is not None:
            flat.extend([item] if isinstance(item, Check) else item)
    return Ledger(sorted(flat, key=lambda c: -VERDICTS.index(c.verdict)))
