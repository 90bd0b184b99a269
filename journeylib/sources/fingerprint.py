"""What data a report saw: one hash over the journey file and the data it names.

The hash of each file is remembered under the user's cache folder by size and
time of change, so that a batch of a hundred reports reads a large file once.
A database is asked for the number of rows and the last moment of its table.
A cache that cannot be read or written is no error: the file is read again.
Nothing here loads pandas, unless a database is to be asked.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from pathlib import Path

from journeylib.journey import Journey
from journeylib.journey.source import Source
from journeylib.sources.files import files_of


def data_fingerprint(journey: Journey) -> str:
    """SHA-256 over a journey's file and the data that it names.

    Parameters
    ----------
    journey
        As read by ``read_journey``. A ``start`` or ``cutoff`` given there is a
        parameter of the report and not part of the data.

    Returns
    -------
    str
        64 hexadecimal digits. The same bytes give the same digits wherever the
        files lie. A table of a database is known by its columns, its number of rows
        and its last moment: cheap, but blind to a row that was corrected in place.

    Raises
    ------
    SourceError
        When a file is missing, or a database cannot be asked.
    """
    parts: list[tuple[str, str]] = [("journey", _file_hash(journey.file))]
    for feed in journey.feeds:
        parts += [("source", word) for word in _words(feed.source, feed.columns.get("at"))]
    if journey.attributes is not None:
        known = journey.attributes
        parts += [("attributes", word) for word in _words(known.source, known.valid_from)]
    if journey.identities is not None and journey.identities.source is not None:
        pairs = journey.identities
        parts += [("identities", word) for word in _words(journey.identities.source, pairs.since)]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _words(source: Source, at: str | None) -> list[str]:
    """What stands for a source: the hashes of its files, or what its table says of itself."""
    if source.digest is not None:
        return [source.digest]
    if source.path is None:
        from journeylib.sources.opening import snapshot

        return [str(source.url), str(source.schema), str(source.table), *snapshot(source, at)]
    files = files_of(source.path)
    if len(files) == 1:
        return [str(source.table), _file_hash(files[0])]
    top = Path(os.path.commonpath([file.parent for file in files]))
    return [f"{file.relative_to(top).as_posix()} {_file_hash(file)}" for file in files]


def _file_hash(path: Path) -> str:
    """SHA-256 of a file, remembered while its size and time of change stay the same."""
    stat = path.stat()
    key, stamp = str(path.resolve()), [stat.st_size, stat.st_mtime_ns]
    known = _read_cache().get(key)
    if isinstance(known, dict) and known.get("stamp") == stamp:
        return str(known["sha256"])
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    _write_cache({**_read_cache(), key: {"stamp": stamp, "sha256": digest}})
    return digest


def _cache_file() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "journeylib" / "fingerprints.json"


def _read_cache() -> dict[str, object]:
    try:
        found = json.loads(_cache_file().read_text())
    except (OSError, ValueError, RuntimeError):
        return {}
    return found if isinstance(found, dict) else {}


def _write_cache(entries: dict[str, object]) -> None:
    with contextlib.suppress(OSError, RuntimeError):
        target = _cache_file()
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "w", dir=target.parent, prefix=".fingerprints-", delete=False
        ) as file:
            json.dump(entries, file)
        Path(file.name).replace(target)
