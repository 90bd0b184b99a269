"""A PostgreSQL of the tests' own: started once, on a free port, thrown away at the end."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

USER, PASSWORD, DATABASE = "researcher", "s3cr3t/p@ss", "postgres"
_QUOTED = "s3cr3t%2Fp%40ss"


def binaries() -> Path | None:
    """The folder of initdb and pg_ctl, the newest where there are several."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return versions[-1].parent if versions else None


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """Address of an empty database, password and all: ``postgres://user:password@host:port/db``."""
    folder = binaries()
    if folder is None:
        if os.environ.get("CI") == "true":
            pytest.fail("PostgreSQL's server programs are required in CI")
        pytest.skip("PostgreSQL's server programs (initdb, pg_ctl)")
    home = Path(tempfile.mkdtemp(prefix="journey-pg-"))
    account = _account(home)
    port = _free_port()
    try:
        _initialise(folder, home, account)
        options = f"-p {port} -h 127.0.0.1 -k {home} -F -c synchronous_commit=off"
        log = home / "log"
        start = [folder / "pg_ctl", "-D", home / "db", "-l", log, "-o", options, "-w", "start"]
        _run(start, home, account)
        yield f"postgres://{USER}:{_QUOTED}@127.0.0.1:{port}/{DATABASE}"
    finally:
        stop = [folder / "pg_ctl", "-D", home / "db", "-m", "immediate", "-w", "stop"]
        subprocess.run(stop, cwd=home, user=account, capture_output=True, check=False)
        shutil.rmtree(home, ignore_errors=True)


def _account(home: Path) -> str | None:
    """PostgreSQL refuses to run as root: then it runs as its own user, who owns the folder."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam("postgres")
    except KeyError:
        pytest.skip("a user to run PostgreSQL as, which refuses to run as root")
    os.chown(home, entry.pw_uid, entry.pw_gid)
    return entry.pw_name


def _initialise(folder: Path, home: Path, account: str | None) -> None:
    secret = home / "secret"
    secret.write_text(PASSWORD)
    secret.chmod(0o644)
    command = [folder / "initdb", "-D", home / "db", "-U", USER, "-A", "scram-sha-256"]
    command += ["--pwfile", secret, "-E", "UTF8", "--locale=C", "--no-sync"]
    _run(command, home, account)


def _run(command: list[str | Path], home: Path, account: str | None) -> None:
    # the server inherits its output: a pipe would never be closed
    with (home / "output").open("w+") as output:
        done = subprocess.run(command, cwd=home, user=account, stdout=output, stderr=output)
        output.seek(0)
        assert done.returncode == 0, output.read()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
