"""Which files a path in a journey file means: one file, many by a pattern, or a folder.

Used by whoever opens them and by whoever hashes them, so that both mean the same
files. Nothing here loads pandas.
"""

from __future__ import annotations

import glob
from pathlib import Path

from journeylib.errors import SourceError, nearest

# what a name ends with -> what is in the file; the longest ending that fits counts
KINDS = {
    ".parquet": "parquet",
    ".csv": "csv",
    ".csv.gz": "csv",
    ".tsv": "csv",
    ".tsv.gz": "csv",
    ".json": "json",
    ".json.gz": "json",
    ".jsonl": "json",
    ".jsonl.gz": "json",
    ".ndjson": "json",
    ".ndjson.gz": "json",
    ".duckdb": "duckdb",
}


def kind_of(path: Path) -> str | None:
    """What a file is by its name: ``parquet``, ``csv``, ``json`` (one a line), ``duckdb``.

    Examples
    --------
    >>> kind_of(Path("events.CSV.gz")), kind_of(Path("events.xlsx"))
    ('csv', None)
    """
    name = path.name.lower()
    return next((kind for end, kind in KINDS.items() if name.endswith(end)), None)


def files_of(path: Path) -> tuple[Path, ...]:
    """The files that a path means, sorted.

    Parameters
    ----------
    path
        Absolute: of a file; of a folder, whose files of a known kind are meant
        however deep (names that begin with ``.`` or ``_`` are not data); or a
        pattern with ``*``, ``?`` or ``**``. A file whose own name holds such
        characters is that file.

    Raises
    ------
    SourceError
        When there is none; for files of an unknown kind, of several kinds, or
        of 0 bytes.
    """
    found = _found(path)
    if not found:
        raise SourceError(
            f"there is no data file {path.name!r}", where=str(path), fix=_advice(path)
        )
    for file in found:
        if kind_of(file) is None:
            raise SourceError(
                f"{file.name!r} is of an unknown kind",
                where=str(file),
                fix=nearest(file.suffix, KINDS),
            )
        if file.stat().st_size == 0:
            raise SourceError(
                f"{file.name!r} is empty: 0 bytes", where=str(file), fix="write the file again"
            )
    kinds = sorted({str(kind_of(file)) for file in found})
    if len(kinds) > 1:
        raise SourceError(
            f"{path.name!r} means files of several kinds: {', '.join(kinds)}",
            where=str(path),
            fix="name one kind, for instance with *.parquet, or use [[sources]]",
        )
    return found


def is_partitioned(path: Path) -> bool:
    """Whether a path is a folder whose subfolders name a column: ``country=NL/part-0.parquet``."""
    return path.is_dir() and any("=" in f.relative_to(path).as_posix() for f in _inside(path))


def _found(path: Path) -> tuple[Path, ...]:
    if path.is_file():
        return (path,)
    if path.is_dir():
        return _inside(path)
    if not glob.has_magic(str(path)):
        return ()
    pattern = path.relative_to(path.anchor).as_posix()
    return tuple(sorted(file for file in Path(path.anchor).glob(pattern) if file.is_file()))


def _inside(folder: Path) -> tuple[Path, ...]:
    def is_data(file: Path) -> bool:
        hidden = any(part[0] in "._" for part in file.relative_to(folder).parts)
        return file.is_file() and not hidden and kind_of(file) not in (None, "duckdb")

    return tuple(sorted(file for file in folder.rglob("*") if is_data(file)))


def _advice(path: Path) -> str:
    """What to do about an absent file: fetch a sample, or mind the spelling."""
    from journeylib.samples import SAMPLES

    if path.parent.name in SAMPLES:
        return f"journey sample {path.parent.name}"
    beside = sorted(p.name for p in path.parent.iterdir()) if path.parent.is_dir() else []
    return nearest(path.name, beside) if beside else "check the path in the journey file"
