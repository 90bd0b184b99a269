"""Where things are: a journey file is found from any working directory.

A notebook runs in its own folder, a batch in a staging folder, a test anywhere.
All of them say ``"cdnow"`` or ``"data/cdnow/journey.toml"`` and mean the same
file. Nothing here loads pandas.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from journeylib.errors import JourneyFileError, nearest

FILE = "journey.toml"


def find(path: str | Path) -> Path:
    """The absolute path of a journey file that is given by path or by bare name.

    Parameters
    ----------
    path
        A path to a ``journey.toml`` or to the folder that holds one, absolute or
        relative to one of the roots below; or a bare name: ``"cdnow"`` is
        ``data/cdnow/journey.toml`` under one of the roots.

    Returns
    -------
    Path
        Of an existing file. The roots are tried in this order: the working
        directory, its ancestors, ``$JOURNEY_HOME``, the checkout that holds
        this package.

    Raises
    ------
    JourneyFileError
        When there is no such file; says where it looked, and the nearest name.

    Examples
    --------
    >>> find("cdnow").name
    'journey.toml'
    """
    wanted = Path(path).expanduser()
    for candidate in _candidates(wanted):
        if candidate.is_file():
            return candidate.resolve()
    looked = ", ".join(str(root) for root in roots())
    raise JourneyFileError(
        f"there is no journey file {str(path)!r}",
        where=f"looked {'there' if wanted.is_absolute() else f'under {looked}'}",
        fix=nearest(_bare(wanted), names()) if names() else "give the path of a journey.toml",
    )


def roots() -> tuple[Path, ...]:
    """The folders under which a relative path or a name is looked for, in order."""
    here = Path.cwd()
    found = [here, *here.parents]
    if home := os.environ.get("JOURNEY_HOME"):
        found.append(Path(home).expanduser())
    found.append(checkout())
    return tuple(dict.fromkeys(found))


def checkout() -> Path:
    """The folder that holds this package; the repository, when installed from a clone."""
    return Path(__file__).resolve().parent.parent


def data_folder() -> Path:
    """The nearest ``data`` folder that holds a journey; else ``data`` in the working directory."""
    for root in roots():
        if any((root / "data").glob(f"*/{FILE}")):
            return root / "data"
    return Path.cwd() / "data"


def names() -> tuple[str, ...]:
    """Bare names that :func:`find` would resolve, sorted."""
    files = (file for root in roots() for file in (root / "data").glob(f"*/{FILE}"))
    return tuple(sorted({file.parent.name for file in files}))


def _bare(path: Path) -> str:
    return path.parent.name if path.name == FILE and path.parent.name else path.name


def _candidates(path: Path) -> Iterator[Path]:
    if path.is_absolute():
        yield from (path, path / FILE)
        return
    bare = len(path.parts) == 1 and path.suffix != ".toml"
    for root in roots():
        if bare:
            yield root / "data" / path / FILE
        yield from (root / path, root / path / FILE)
