"""Files that a report writes besides its page: the folder ``files`` of its run.

A kernel finds the folder in its environment. It lies in the staging folder, so that what is
written there comes to its place with the run, in the same rename, or not at all. Nothing of it
is shown in a page or told in a record.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from journeylib.reporting import leaks

VARIABLE, FOLDER = "JOURNEY_RUN_FILES", "files"


def offered(staged: Path) -> dict[str, str]:
    """What a kernel is told: where files of its own may be put; the folder is not made yet."""
    return {VARIABLE: str(staged / FOLDER)}


def keep_or_clear(staged: Path, ok: bool, secrets: Mapping[str, str]) -> list[str]:
    """Keep the files of a run that is ok; none of them may hold a secret.

    Parameters
    ----------
    staged
        The staging folder.
    ok
        Whether the run is.
    secrets
        Name -> value, of what must not stand in any file.

    Returns
    -------
    list of str
        Names of the secrets that were found; then, and after a failure, all files are gone.
    """
    folder = staged / FOLDER
    if not folder.is_dir():
        return []
    found: set[str] = set()
    for file in folder.rglob("*") if secrets else ():
        if file.is_file():
            text = file.read_text(encoding="utf-8", errors="replace")
            found.update(leaks.leaked(text, secrets))
    if found or not ok:
        shutil.rmtree(folder, ignore_errors=True)
    return sorted(found)
