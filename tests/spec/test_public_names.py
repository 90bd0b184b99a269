"""The public names mean the same however often they are used and whatever was imported before."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import importlib, types
import journeylib as jl
for module in {first}:
    importlib.import_module(module)
wrong = [n for n in jl.__all__ for _ in range(2) if isinstance(getattr(jl, n), types.ModuleType)]
assert not wrong, wrong
import journeylib.findings
assert callable(jl.findings)
"""


def test_a_name_is_never_taken_by_the_module_of_the_same_name() -> None:
    for first in ("()", "sorted(set(jl._MODULE.values()))"):
        done = subprocess.run(
            [sys.executable, "-c", CODE.format(first=first)], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
