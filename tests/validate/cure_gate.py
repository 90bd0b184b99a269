"""Operating characteristics of the follow-up gate of ``cure``, n = 1,000.

python tests/validate/cure_gate.py [runs]
Exits 1 where, for any shape, a point is given in more than 5% of runs with nobody cured
and follow-up to S = 0.4, or in fewer than 80% with 30% cured and follow-up past the
99th percentile of the others.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

from validation.plateaus import PLANS, SHAPES, says


def main(runs: int) -> int:
    bad = 0
    for plan in PLANS:
        for shape in SHAPES:
            found = says(runs, 99, shape, plan)
            print(json.dumps({"plan": plan, "shape": shape, "runs": runs, **found}), flush=True)
            short = plan.startswith("nobody")
            bad += found["point"] > 0.05 if short else found["point"] < 0.8
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 500))
