"""Names as real exports have them, and things that few customers did, through the notebooks."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from cells import run_cells

FILE = """\
name = "Länden & Co."
unit = "days"
[source]
path = "events.csv"
[columns]
id = "Customer No."
at = "at"
event = "what"
score = "score"
[stages]
awareness = ["page-view"]
purchase = ["Bestellung 購入"]
[window]
cutoff = 2024-12-31
[churn]
inactivity_days = 60
[attributes]
path = "customers.csv"
columns = ["Sales Channel", "Tier"]
"""
BUY, SEE, HELP, ASK = "Bestellung 購入", "page-view", "Hilfe?", "survey"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> str:
    """300 customers; help for half of them, a call for six, answers of seven."""
    folder = tmp_path_factory.mktemp("shop")
    rng = np.random.default_rng(12)
    seen = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.uniform(0, 150, 300), unit="D")
    who = np.array([f"k{i}" for i in range(300)])
    rows = [pd.DataFrame({"Customer No.": who, "at": seen, "what": SEE})]
    for again in range(3):
        wait = pd.to_timedelta(rng.exponential(30, 300) + 30 * again, unit="D")
        some = rng.uniform(size=300) < 0.7
        bought = pd.DataFrame({"Customer No.": who, "at": seen + wait, "what": BUY})[some]
        rows.append(bought)
    for name, n in ((HELP, 150), ("call", 6), (ASK, 7)):
        after = seen[:n] + pd.to_timedelta(rng.exponential(20, n), unit="D")
        rows.append(pd.DataFrame({"Customer No.": who[:n], "at": after, "what": name}))
    rows[-1]["score"] = 3
    events = pd.concat(rows).sort_values("at")
    events["at"] = events["at"].dt.strftime("%Y-%m-%d %H:%M:%S")
    events.to_csv(folder / "events.csv", index=False)
    customers = pd.DataFrame({"Customer No.": who})
    customers["Sales Channel"] = rng.choice(["web", "shop floor", "Händler"], 300)
    customers["Tier"] = np.where(np.arange(300) < 12, "gold", rng.choice(["a", "b"], 300))
    customers.to_csv(folder / "customers.csv", index=False)
    (folder / "journey.toml").write_text(FILE, encoding="utf-8")
    return str(folder / "journey.toml")


BOTH = "Sales Channel, Tier"


@pytest.mark.parametrize(
    ("notebook", "asked"),
    [
        ("02_time_to_purchase", {"origin": SEE, "event": BUY, "by": BOTH}),
        ("03_churn", {"by": BOTH, "value_event": ""}),
        ("05_friction", {"origin": SEE, "event": BUY, "lost": "", "by": BOTH, "known": "",
                         "exposure": f"{HELP}, call"}),
        ("07_personas", {"origin": SEE, "after": 10.0, "event": BUY, "activity": f"{SEE}, {HELP}",
                         "segments": BOTH, "horizon": 60.0}),
        ("08_after_purchase", {"origin": BUY, "event": BUY, "by": "Tier", "held": BOTH,
                               "exposures": f"{HELP}, call", "horizon": 60.0}),
        ("09_voice_of_customer", {"origin": BUY, "leaves": "", "until": "", "held": BOTH,
                                  "exposures": f"{HELP}, call", "recommends": "call",
                                  "advocates": BUY, "sentiment": "", "horizon": 60.0}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_names_that_are_no_plain_words_and_what_few_did(
    notebook: str, asked: dict[str, object], shop: str
) -> None:
    told = run_cells(notebook, journey=shop, **asked)
    names = " ".join(f"{f.name} {f.group}" for f in told["answer"])
    assert len(told["answer"]) and "`" not in names
    assert "gold" not in names and "call" not in names  # twelve and six customers
    counted = [f.n for f in told["answer"] if f.n is not None]
    assert min(counted) >= 20
    if "exposure" in " ".join(asked):
        assert any(f"{HELP}" in f.name for f in told["answer"])
        assert HELP in told["met"] and "call" not in told["met"]
    if notebook.startswith("09"):
        assert not told["scored"] and not told["refers"]
