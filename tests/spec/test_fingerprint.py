"""The data fingerprint: the same for the same bytes, another for any other."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from logs import write_log

import journeylib as jl
from journeylib.errors import SourceError
from journeylib.sources.fingerprint import data_fingerprint

LOG = "id at event\na 2020-01-05 ad"


def digest(file: Path, **more: str) -> str:
    return data_fingerprint(jl.read_journey(file, **more))


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "journeylib" / "fingerprints.json"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_log(tmp_path / "shop", LOG, customers="id age\na 3")


def test_stable_wherever_it_lies(file: Path, tmp_path: Path) -> None:
    first = digest(file)
    assert len(first) == 64 and int(first, 16) >= 0
    copy = shutil.copytree(file.parent, tmp_path / "elsewhere")
    assert digest(copy / "journey.toml") == first == digest(file)


@pytest.mark.parametrize("name", ["events.csv", "customers.csv", "journey.toml"])
def test_any_changed_byte_shows(file: Path, name: str) -> None:
    first = digest(file)
    changed = file.parent / name
    changed.write_text(changed.read_text() + "\n")
    assert digest(file) != first


def test_the_cutoff_asked_for_is_not_data(file: Path) -> None:
    assert digest(file, cutoff="2020-01-20") == digest(file)


def test_hashes_are_remembered_while_the_file_stays(file: Path, cache: Path) -> None:
    first = digest(file)
    assert "events.csv" in cache.read_text()
    cache.write_text(cache.read_text().replace('"sha256": "', '"sha256": "0'))
    assert digest(file) != first  # what is remembered is used
    cache.write_text("{ broken")
    assert digest(file) == first


def test_a_cache_that_cannot_be_written_is_no_error(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = digest(file)
    (tmp_path / "blocked").write_text("a file where the folder should be")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "blocked"))
    assert digest(file) == first


def test_missing_data(file: Path) -> None:
    (file.parent / "events.csv").unlink()
    with pytest.raises(SourceError, match=r"no data file 'events.csv'"):
        digest(file)
