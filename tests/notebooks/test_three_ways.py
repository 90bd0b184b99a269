"""One notebook, three ways: a kernel of a Jupyter server, plain papermill, the batch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_client import BlockingKernelClient

from journeylib.reporting.records import collect_findings, collect_provenance

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK = ROOT / "notebooks" / "02_time_to_purchase.ipynb"
GIVEN = {"journey": "cdnow", "origin": "purchase", "event": "purchase", "occurrence": 2,
         "horizon": 180.0}  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A real Jupyter server on a free port of this machine; its address and runtime folder."""
    home = tmp_path_factory.mktemp("jupyter")
    runtime = home / "runtime"
    env = {**os.environ, "JUPYTER_RUNTIME_DIR": str(runtime), "JUPYTER_CONFIG_DIR": str(home)}
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ServerApp.port=0",
               "--ServerApp.ip=127.0.0.1", "--IdentityProvider.token=only-here", "--allow-root",
               f"--ServerApp.root_dir={ROOT}"]  # fmt: skip
    with (home / "log").open("w") as log:
        process = subprocess.Popen(command, env=env, stdout=log, stderr=log, cwd=home)
    try:
        info = wait_for(lambda: next(runtime.glob("jpserver-*.json"), None), process)
        address = json.loads(info.read_text())["url"]
        wait_for(lambda: reachable(address), process)
        yield address, runtime
    finally:
        process.terminate()
        process.wait(30)


def reachable(address: str) -> bool:
    try:
        return bool(call(address, "api/status"))
    except OSError:
        return False


def wait_for(ready: Any, process: subprocess.Popen, limit: float = 90) -> Any:
    end = time.monotonic() + limit
    while time.monotonic() < end:
        if found := ready():
            return found
        assert process.poll() is None, "the server ended"
        time.sleep(0.2)
    raise AssertionError("the server did not start")


def call(address: str, path: str, body: dict | None = None) -> Any:
    request = urllib.request.Request(
        address + path,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": "token only-here"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read())


def in_jupyter(server: tuple[str, Path]) -> nbformat.NotebookNode:
    """Run cell by cell in the kernel that JupyterLab would start in the notebooks' folder."""
    address, runtime = server
    kernel = call(address, "api/kernels", {"name": "python3", "path": "notebooks"})
    client = BlockingKernelClient(connection_file=str(runtime / f"kernel-{kernel['id']}.json"))
    client.load_connection_file()
    client.start_channels(hb=False)  # a busy machine answers no heartbeat within a second
    client.wait_for_ready(60)
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    try:
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs = outputs(client, cell.source)
                if "parameters" in cell.metadata.get("tags", []):
                    lines = [f"{name} = {value!r}" for name, value in GIVEN.items()]
                    outputs(client, "\n".join(lines))
    finally:
        client.stop_channels()
    return notebook


def outputs(client: BlockingKernelClient, code: str) -> list[nbformat.NotebookNode]:
    found: list[nbformat.NotebookNode] = []

    def keep(message: dict[str, Any]) -> None:
        if message["header"]["msg_type"] in ("display_data", "execute_result", "error"):
            found.append(nbformat.v4.output_from_msg(message))

    reply = client.execute_interactive(code, output_hook=keep, timeout=120)
    assert reply["content"]["status"] == "ok", reply["content"]
    return found


def in_papermill(folder: Path) -> nbformat.NotebookNode:
    """As the README shows it, from a folder that is not the project's."""
    given = [part for name, value in GIVEN.items() for part in ("-p", name, str(value))]
    command = [sys.executable, "-m", "papermill", str(NOTEBOOK), "out.ipynb", *given]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return nbformat.read(folder / "out.ipynb", as_version=4)


def in_batch(folder: Path) -> nbformat.NotebookNode:
    from journeylib.reporting import run

    record = run(NOTEBOOK, GIVEN, output=folder, progress=False)
    assert record.verdict == "ok", record.error
    return nbformat.read(record.folder / "run.ipynb", as_version=4)


def test_the_same_findings_three_ways(
    samples: Path, server: tuple[str, Path], tmp_path: Path
) -> None:
    made = {
        "jupyter": in_jupyter(server),
        "papermill": in_papermill(tmp_path),
        "batch": in_batch(tmp_path / "reports"),
    }
    findings = {way: collect_findings(notebook) for way, notebook in made.items()}
    assert findings["jupyter"] == findings["papermill"] == findings["batch"]
    by_name = {f["name"]: f for f in findings["batch"]}
    assert by_name["reach the second purchase within 180 days"]["n"] == 23570
    assert by_name["median time to the second purchase"]["events"] == 11516
    stamps = [collect_provenance(notebook)["data"] for notebook in made.values()]
    assert stamps[0] == stamps[1] == stamps[2]


def test_pictures_speak(samples: Path, tmp_path: Path) -> None:
    notebook = in_batch(tmp_path)
    pictures = [
        output.metadata[kind]
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        for kind in ("image/png", "image/svg+xml")
        if kind in output.get("data", {})
    ]
    assert len(pictures) >= 2
    for picture in pictures:
        assert len(picture["alt"]) > 40 and picture["caption"] and 300 < picture["width"] < 1200
