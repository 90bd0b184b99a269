"""What data a report saw: one hash over the journey file and the files it names.

The hash of each file is remembered under the user's cache folder by size and
time of change, so that a batch of a hundred reports reads a large file once.
A cache that cannot be read or written is no error: the file is read again.
Nothing here loads pandas.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from pathlib import Path

from journeylib.errors import SourceError
from journeylib.journey import Journey


def data_fingerprint(journey: Journey) -> str:
    """SHA-256 over a journey's file and the data files that it names.

    Parameters
    ----------
    journey
        As read by ``read_journey``. A ``start`` or ``cutoff`` given there is a
        parameter of the report and not part of the data.

    Returns
    -------
    str
        64 hexadecimal digits. The same bytes give the same digits wherever the
        files lie.

    Raises
    ------
    SourceError
        When a data file is missing.
    """
    parts = [("journey", _file_hash(journey.file))]
    parts += [("source", word) for word in _source_words(journey.source.path, journey.source.url)]
    if journey.source.table:
        parts.append(("table", journey.source.table))
    if journey.attributes is not None:
        origin = journey.attributes.source
        parts += [("attributes", word) for word in _source_words(origin.path, origin.url)]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _source_words(path: Path | None, url: str | None) -> list[str]:
    """What stands for a source: the hash of its file, or the unopened name of its database."""
    if path is None:
        return [str(url)]
    if not path.is_file():
        raise SourceError(f"there is no data file {path.name!r}", where=str(path))
    return [_file_hash(path)]


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
