"""When a run may be skipped: a hash over everything that could change its result.

The ingredients are kept apart in the record, so that ``--dry-run`` can say which
one changed.
"""

from __future__ import annotations

import functools
import hashlib
import json
import platform
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from journeylib.reporting.records import source, tags

PACKAGES = (
    *("journeylib", "duckdb", "formulaic", "ibis-framework", "lifelines", "matplotlib"),
    *("nbconvert", "numpy", "pandas", "papermill", "pyarrow", "scipy", "seaborn", "statsmodels"),
)


def key_parts(
    notebook: Mapping[str, Any],
    parameters: Mapping[str, Any],
    fingerprint: str | None,
    titles: Iterable[str] = (),
    lock: Path | None = None,
) -> dict[str, str]:
    """Hash of each ingredient of a run.

    Parameters
    ----------
    notebook
        As JSON; code cells with their tags count as ``code``, the rest as ``prose``, and
        outputs not at all.
    parameters
        Every parameter with its value.
    fingerprint
        Of the data; None where the notebook names none.
    titles
        Title, question and group, which are printed on the page.
    lock
        ``requirements.lock``; beside it the versions installed always count.

    Examples
    --------
    >>> a = key_parts({"cells": []}, {"days": 30}, None)
    >>> b = key_parts({"cells": []}, {"days": 31}, None)
    >>> [name for name in a if a[name] != b[name]]
    ['parameters']
    """
    cells = [(c.get("cell_type"), source(c), sorted(tags(c))) for c in notebook["cells"]]
    pinned = lock.read_bytes() if lock is not None and lock.is_file() else b""
    return {
        "code": _hash([c for c in cells if c[0] == "code"]),
        "prose": _hash([[c for c in cells if c[0] != "code"], list(titles)]),
        "parameters": _hash(dict(parameters)),
        "data": fingerprint or "",
        "journeylib": sources_hash(),
        "packages": _hash([versions(), hashlib.sha256(pinned).hexdigest()]),
    }


def run_key(parts: Mapping[str, str]) -> str:
    """One hash over all ingredients."""
    return _hash(dict(parts))


def changed(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """Names of the ingredients that differ."""
    return [name for name in new if old.get(name) != new[name]]


@functools.cache
def sources_hash() -> str:
    """Hash over every file of this package, its templates included."""
    package = Path(__file__).resolve().parents[1]
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(f"{path.relative_to(package).as_posix()}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


@functools.cache
def versions() -> dict[str, str]:
    """Python and the packages that results depend on."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def data_fingerprint(parameters: Mapping[str, Any], near: Path) -> str | None:
    """Fingerprint of the data that the parameter ``journey`` points at.

    Parameters
    ----------
    parameters
        Of the notebook.
    near
        Folder of the notebook, in which it runs and from which a relative path counts.

    Raises
    ------
    JourneyError
        When the journey file or its data cannot be read.
    """
    value = parameters.get("journey")
    if not isinstance(value, str) or not value:
        return None
    from journeylib.journey import read_journey
    from journeylib.sources.fingerprint import data_fingerprint as of

    return str(of(read_journey(as_seen_from(near, value))))


def as_seen_from(near: Path, value: str) -> Path:
    """The journey file that a notebook in this folder means; as given where it is elsewhere."""
    wanted = Path(value).expanduser()
    for root in () if wanted.is_absolute() else (near, *near.parents):
        named = (root / "data" / wanted,) if len(wanted.parts) == 1 else ()
        for place in (*named, root / wanted):
            for file in (place / "journey.toml", place):
                if file.is_file():
                    return file
    return wanted


def _hash(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
