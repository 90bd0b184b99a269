"""Which state of a git repository something was made from. Loads nothing heavy."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Revision:
    """A commit, and whether the files differ from it.

    Examples
    --------
    >>> print(Revision("33d2f3d6e4f9e5d9a02d3167ba5976e6c8f86a3f", dirty=True))
    33d2f3d6e4f9, with changes that are not committed
    """

    commit: str
    dirty: bool

    @property
    def record(self) -> dict[str, str | bool]:
        """As a run record has it."""
        return {"revision": self.commit, "dirty": self.dirty}

    def __str__(self) -> str:
        tail = ", with changes that are not committed" if self.dirty else ""
        return f"{self.commit[:12]}{tail}"


def revision(folder: Path) -> Revision | None:
    """The commit that is checked out around a folder; None where there is no git to ask.

    Files that git does not know, and is not told to ignore, count as changes.
    """
    # no lock: whoever is committing at this moment is not kept from it
    env = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    command = ["git", "-C", str(folder), "status", "--porcelain=v2", "--branch"]
    try:
        asked = subprocess.run(
            command, env=env, capture_output=True, text=True, errors="replace", timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return read_status(asked.stdout) if asked.returncode == 0 else None


def read_status(text: str) -> Revision | None:
    """The commit and whether anything changed, from ``git status --porcelain=v2 --branch``.

    Examples
    --------
    >>> read_status("# branch.oid 33d2f3d\\n# branch.head main\\n? new.py\\n")
    Revision(commit='33d2f3d', dirty=True)
    >>> read_status("# branch.oid (initial)\\n") is None
    True
    """
    lines = text.splitlines()
    oid = next((x.removeprefix("# branch.oid ") for x in lines if x.startswith("# branch.oid")), "")
    if not oid or oid.startswith("("):
        return None
    return Revision(oid, dirty=any(not line.startswith("#") for line in lines))
