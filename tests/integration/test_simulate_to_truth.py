"""From a simulated log through the journey file to the estimates, held against the truth.

One log of many customers; each estimate must lie within three of its own standard errors
of what is true, and the naive reading beside it must not.
"""

from __future__ import annotations

import shutil

import numpy as np
import pytest

import journeylib as jl
from journeylib.home import checkout
from journeylib.simulation import simulate
from journeylib.simulation.model import STAGES

MARKS = (
    "C(first_channel, contr.treatment(base='search')) + "
    "C(first_content, contr.treatment(base='text')) + "
    "C(segment, contr.treatment(base='consumer')) + arm"
)


def opened(folder, **arguments):
    """The log of a simulated journey, through files and the committed journey file."""
    made = simulate(**arguments)
    made.write(folder)
    shutil.copyfile(checkout() / "data" / "simulated" / "journey.toml", folder / "journey.toml")
    return made, jl.open_log(jl.read_journey(folder / "journey.toml"))


@pytest.fixture(scope="module")
def late(tmp_path_factory):
    """Delayed entry, opting out, and both ways out."""
    return opened(tmp_path_factory.mktemp("late"), n=4000, seed=41, early=0.25)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Everybody from the first contact on, and nobody opts out."""
    return opened(tmp_path_factory.mktemp("whole"), n=2500, seed=42, rates={"opted_out": 0.0})


EXITS = {"purchase": "purchase", "lost": "lost"}
KNOWN = ["first_channel", "first_content", "segment", "arm"]


def test_every_row_is_kept(late):
    made, log = late
    assert log.audit.came_in == len(made.events)
    assert log.audit.n_dropped == 0
    assert log.customers == len(made.customers)


def effects_on_purchase(spells, log, made):
    """Deviation of each effect from the truth in its standard errors."""
    for event in ("email", "promotion"):
        spells = jl.with_exposure(spells, log, event)
    cause = "purchase" if len(spells.causes) > 1 else None
    table = jl.cox(spells, f"{MARKS} + email + promotion", cause=cause).frame
    true = [made.truth.log_hazard_ratio("purchase", meaning(term)) for term in table["term"]]
    return ((table["coef"] - true) / table["std_err"]).set_axis([meaning(t) for t in table["term"]])


def test_effects_on_purchase(late):
    made, log = late
    z = effects_on_purchase(
        jl.exits(log, "first_contact", EXITS, by=KNOWN, until="opted_out"), log, made
    )
    assert len(z) == 10
    assert z.abs().max() < 3


def test_whoever_has_left_is_no_longer_at_risk(late):
    """Those who left get no e-mail any more: kept at risk, they make e-mail look better."""
    made, log = late
    kept = jl.time_to(log, "purchase", "first_contact", by=KNOWN, until="opted_out")
    right = jl.exits(log, "first_contact", EXITS, by=KNOWN, until="opted_out")
    z, best = (effects_on_purchase(spells, log, made) for spells in (kept, right))
    assert z["email"] > 5
    assert abs(best["email"]) < 3


def meaning(term: str) -> str:
    """The truth's name of a term of the model."""
    for mark in ("channel", "content", "segment", "arm"):
        if mark in term and "[" in term:
            return f"{mark}={term.rsplit('[', 1)[1].removeprefix('T.').rstrip(']')}"
    return term


def test_shares_with_two_ways_out(whole):
    made, log = whole
    causes = {"purchase": "purchase", "lost": "lost"}
    spells = jl.exits(log, "first_contact", causes, by=["first_channel"])
    found = jl.cumulative_incidence(spells, by="first_channel").at([30, 90])
    for outcome in causes:
        true = made.truth.reached(outcome, [30, 90], "channel")["probability"].to_numpy()
        mine = found[found["outcome"] == outcome]
        z = (mine["incidence"].to_numpy() - true) / mine["std_err"].to_numpy()
        assert np.abs(z).max() < 3.3


def test_time_in_each_stage(whole):
    made, log = whole
    got = jl.occupancy(jl.stages(log, terminal="lost"))
    places = [*STAGES, "lost"]
    assert list(got.stages) == places
    mine = got.expected_time(90).set_index("stage").loc[places]
    true = made.truth.days_per_stage(90).set_index("stage").loc[places, "days"]
    assert mine["mean_time"].sum() == pytest.approx(90)
    assert np.abs((mine["mean_time"] - true) / mine["std_err"]).max() < 3


def test_churn_after_the_purchase(whole):
    _, log = whole
    spells = jl.time_to(log, "cancelled", "purchase", by=["segment"])
    for event in ("detractor", "promoter", "support_contact"):
        spells = jl.with_exposure(spells, log, event)
    frame = spells.frame
    assert {"detractor", "promoter", "support_contact"} <= set(frame.columns)
    support = jl.cox(spells, "segment + support_contact").frame.set_index("term")
    row = support.loc["support_contact"]
    assert row["coef"] > 0 and row["low"] > 1
    assert abs(row["coef"] - 0.5) < 3 * row["std_err"]
