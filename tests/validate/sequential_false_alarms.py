"""2,000 experiments without effect, 5 looks each: false alarms of the test and of peeking.

python tests/validate/sequential_false_alarms.py
Exits 1 where the sequential test finds something in more than 6%.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

from validation.looks import false_alarms

RUNS = 2_000


def main() -> int:
    found = {s: false_alarms(RUNS, 20_240, spending=s) for s in ("obrien-fleming", "pocock")}
    print(json.dumps({"runs": RUNS, "looks": 5, **found}, indent=1))
    return int(any(rates["sequential"] > 0.06 for rates in found.values()))


if __name__ == "__main__":
    sys.exit(main())
