"""Credit of touchpoints: hand-worked numbers, rules as literal tables, what must add up."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from logs import open_rows

import journeylib as jl
from journeylib.errors import DataError
from journeylib.estimate.attribution.excess import credit_influence, credits_at
from journeylib.estimate.attribution.markov import chance, removal, transitions
from journeylib.estimate.attribution.rules import credit_by_rules


def exposed(n: int = 400, seed: int = 1, beta: tuple[float, ...] = (0.7, -0.4)) -> pd.DataFrame:
    """Rows of customers whom two touches may meet, at random times; hazards are proportional."""
    rng = np.random.default_rng(seed)
    rows = []
    for who in range(n):
        x = rng.normal()
        when = rng.exponential(8.0, size=2)
        cuts = np.unique(np.concatenate([[0.0], when[when < 12], [12.0]]))
        for a, b in pairwise(cuts):
            on = when <= a
            rate = 0.12 * np.exp(0.3 * x + on @ np.array(beta))
            wait = rng.exponential(1 / rate)
            end = min(a + wait, b)
            rows.append((who, a, end, int(a + wait < b), x, *on.astype(int)))
            if a + wait < b:
                break
    return pd.DataFrame(rows, columns=["who", "start", "stop", "event", "x", "mail", "call"])


def model(frame: pd.DataFrame, formula: str = "x + mail + call", **more: object) -> jl.Effects:
    spells = jl.spells_from_frame(frame, stop="stop", start="start", id="who", unit="days")
    return jl.cox(spells, formula, **more)  # type: ignore[arg-type]


# ---- by the hazard ---------------------------------------------------------------------


def test_the_first_hand_worked_case() -> None:
    """Breslow's ratio is r = (3 + sqrt 33) / 2; the share is worked out from the risk sets."""
    frame = pd.DataFrame(
        {"time": [1, 1, 6, 6, 8, 9], "event": [1, 0, 1, 1, 0, 1], "x": [1, 1, 1, 0, 0, 0]}
    )
    effects = jl.cox(jl.spells_from_frame(frame), "x", ties="breslow")
    r = (3 + 33**0.5) / 2
    # at 1 three of six are exposed, at 6 one of four (two events), at 9 none of one
    without = 6 / (3 * r + 3) + 2 * 4 / (r + 3) + 1
    found = jl.attribution(effects, {"ad": "x"}, draws=0)
    assert found.frame["credit"][0] == pytest.approx(1 - without / 4, abs=1e-12)
    assert found.together["credit"] == pytest.approx(1 - without / 4, abs=1e-12)
    assert found.frame[["customers", "events"]].values.tolist() == [[3, 2], [3, 2]]


def test_the_definition_row_by_row() -> None:
    frame = exposed()
    effects = model(frame)
    b = dict(zip(effects.terms, effects.frame["coef"]))
    eta = sum(b[c] * frame[c] for c in ("x", "mail", "call"))
    off = {c: eta - b[c] * frame[c] for c in ("mail", "call")}
    off["both"] = eta - b["mail"] * frame["mail"] - b["call"] * frame["call"]
    total, left = 0.0, dict.fromkeys(off, 0.0)
    for t in frame.loc[frame["event"] == 1, "stop"]:
        risk = (frame["start"] < t) & (frame["stop"] >= t)
        whole = np.exp(eta[risk]).sum()
        total += 1
        for name, values in off.items():
            left[name] += np.exp(values[risk]).sum() / whole
    found = jl.attribution(effects, {"mail": "mail", "call": "call"}, draws=0).frame
    expected = [1 - left[name] / total for name in ("mail", "call", "both")]
    assert found["credit"].to_numpy() == pytest.approx(expected, abs=1e-10)


def test_parts_add_up_and_credits_alone_do_not() -> None:
    found = jl.attribution(model(exposed()), {"mail": "mail", "call": "call"}, draws=0)
    table = found.frame
    together = found.together["credit"]
    assert table["part"][:2].sum() == pytest.approx(together, abs=1e-12)
    assert abs(table["credit"][:2].sum() - together) > 1e-4
    assert table["credit"][0] > 0 > table["credit"][1]


def test_one_touchpoint_made_of_two_terms_has_the_sum_of_their_parts() -> None:
    effects = model(exposed())
    apart = jl.attribution(effects, {"mail": "mail", "call": "call"}, draws=0)
    as_one = jl.attribution(effects, {"both": ["mail", "call"]}, draws=0)
    assert as_one.frame["part"][0] == pytest.approx(apart.frame["part"][:2].sum(), abs=1e-12)
    assert as_one.frame["std_err"][0] == pytest.approx(apart.together["std_err"], abs=1e-12)


def test_neither_the_order_of_rows_nor_the_names_of_customers_matter() -> None:
    frame = exposed(150)
    names = {"mail": "mail", "call": "call"}
    first = jl.attribution(model(frame), names, draws=0).frame
    mixed = frame.sample(frac=1, random_state=5).reset_index(drop=True)
    mixed["who"] = 10_000 - mixed["who"]
    second = jl.attribution(model(mixed), dict(reversed(names.items())), draws=0).frame
    second = second.iloc[[1, 0, 2]].reset_index(drop=True)
    pd.testing.assert_frame_equal(first, second, rtol=1e-9)


def test_influence_is_the_derivative_in_a_customer_s_weight() -> None:
    frame = exposed(120, seed=4)
    effects = model(frame)
    groups = [np.array([1]), np.array([2])]
    cluster = pd.factorize(effects.fit.design.id)[0][effects.fit.data.sets.rows]
    _, influence, of_beta = credit_influence(effects.fit, groups, cluster)
    assert np.abs(influence.sum(axis=1)).max() < 1e-10
    for who in (0, 7, 55):
        step, moved, coefs = 1e-4, [], []
        for sign in (1, -1):
            weight = np.where(frame["who"] == who, 1 + sign * step, 1.0)
            fit = model(frame, weights=weight).fit
            moved.append(credits_at(fit, fit.data, fit.beta, groups))
            coefs.append(fit.coef)
        slope = (moved[0] - moved[1]) / (2 * step)
        assert influence[:, who] == pytest.approx(slope, abs=1e-6)
        found = of_beta[:, who] / effects.fit.scale
        assert found == pytest.approx((coefs[0] - coefs[1]) / (2 * step), abs=1e-5)


def test_the_bootstrap_agrees_with_the_influence_functions_and_is_seeded() -> None:
    effects = model(exposed(400, seed=9))
    names = {"mail": "mail", "call": "call"}
    exact = jl.attribution(effects, names, draws=0).frame
    drawn = jl.attribution(effects, names, draws=400).frame
    again = jl.attribution(effects, names, draws=400).frame
    pd.testing.assert_frame_equal(drawn, again)
    assert drawn["std_err"].to_numpy() == pytest.approx(exact["std_err"].to_numpy(), rel=0.15)
    assert (drawn["low"] < drawn["credit"]).all() and (drawn["credit"] < drawn["high"]).all()
    other = jl.attribution(effects, names, draws=400, seed=2).frame
    assert not np.allclose(other["low"], drawn["low"], rtol=1e-6)


def test_a_touch_without_any_event_after_it_has_no_credit_to_tell() -> None:
    frame = exposed(200)
    frame.loc[frame["call"] == 1, "event"] = 0
    found = jl.attribution(model(frame), {"mail": "mail", "call": "call"}, draws=40)
    assert np.isfinite(found.frame["credit"][0])
    assert found.frame.loc[1, ["credit", "low", "part"]].isna().all()
    assert np.isnan(found.together["credit"])
    assert "call: no finite estimate" in jl.say(found)
    assert jl.check_touched(found).verdict == "warned"
    assert len(jl.credit_shares(found)) == 1


def test_what_attribution_refuses() -> None:
    effects = model(exposed(150))
    with pytest.raises(DataError, match="did you mean 'mail'"):
        jl.attribution(effects, {"post": "mial"})
    with pytest.raises(DataError, match="belongs to two touchpoints"):
        jl.attribution(effects, {"a": "mail", "b": ["call", "mail"]})
    with pytest.raises(DataError, match="too few for an interval"):
        jl.attribution(effects, {"a": "mail"}, draws=5)
    with pytest.raises(DataError, match="no touchpoint is named"):
        jl.attribution(effects, {})


# ---- by rule ---------------------------------------------------------------------------

# C1 C2 C3 -> event; C1 -> nothing; C2 C3 -> nothing; C3 -> event
JOURNEY = np.array([0, 0, 0, 1, 2, 2, 3])
LEVEL = np.array([0, 1, 2, 0, 1, 2, 2])
REACHED = np.array([True, False, False, True, True])  # the last had the event without a touch


def test_rules_as_a_literal_table() -> None:
    found = credit_by_rules(JOURNEY, LEVEL, REACHED, 3)
    third = 1 / 3
    assert found["first_touch"].tolist() == pytest.approx([third, 0, third, third])
    assert found["last_touch"].tolist() == pytest.approx([0, 0, 2 * third, third])
    linear = [third / 3, third / 3, third / 3 + third, third]
    assert found["linear"].tolist() == pytest.approx(linear)
    for rule in ("first_touch", "last_touch", "linear", "markov"):
        assert found[rule].sum() == pytest.approx(1)


def test_markov_removal_by_hand() -> None:
    """Start: C1 2/4, C2 1/4, C3 1/4; C1: C2 or nothing; C2: C3; C3: event in two of three."""
    counts = transitions(JOURNEY, LEVEL, REACHED[:4], 3)
    assert counts.tolist() == [[2, 1, 1, 0, 0], [0, 1, 0, 0, 1], [0, 0, 2, 0, 0], [0, 0, 0, 2, 1]]
    whole = (2 / 4 * 1 / 2 + 1 / 4 + 1 / 4) * 2 / 3
    assert chance(counts) == pytest.approx(whole)
    assert chance(counts, 0) == pytest.approx((1 / 4 + 1 / 4) * 2 / 3)
    assert chance(counts, 1) == pytest.approx(1 / 4 * 2 / 3)
    assert chance(counts, 2) == 0
    lost = [1 - 0.5 / 0.75, 1 - 0.25 / 0.75, 1.0]
    assert removal(counts).tolist() == pytest.approx(lost)
    markov = credit_by_rules(JOURNEY, LEVEL, REACHED, 3)["markov"]
    scaled = [x / sum(lost) * 2 / 3 for x in lost]
    assert markov.tolist() == pytest.approx([*scaled, 1 / 3])


def test_a_touchpoint_that_comes_back_is_a_loop_of_the_chain() -> None:
    counts = transitions(np.zeros(3, dtype=int), np.zeros(3, dtype=int), np.array([True]), 1)
    assert counts.tolist() == [[1, 0, 0], [2, 1, 0]]
    assert chance(counts) == pytest.approx(1)


TOUCHED = """
    id at          event     channel
    a  2020-01-05  ad        search
    a  2020-01-08  mail      post
    a  2020-01-15  purchase  own
    b  2020-01-05  ad        search
    b  2020-01-20  mail      post
    c  2020-01-05  ad        social
    c  2020-01-09  purchase  own
    c  2020-01-09  mail      post
    """


def test_a_journey_begins_with_the_origin_and_ends_strictly_before_the_event(
    tmp_path: Path,
) -> None:
    log = open_rows(tmp_path, TOUCHED)
    spells = jl.time_to(log, "purchase", origin="ad")
    found = jl.touch_rules(jl.touches(spells, log, "channel", ["ad", "mail"], minimum=1))
    table = found.frame.set_index("touchpoint")
    assert table["last_touch"].to_dict() == {
        "post": 0.5, "search": 0.0, "social": 0.5, "(no touch)": 0.0
    }  # fmt: skip
    assert table["first_touch"].to_dict() == {
        "post": 0.0, "search": 0.5, "social": 0.5, "(no touch)": 0.0
    }  # fmt: skip
    assert table["journeys"].tolist() == [2, 2, 1, 0]
    assert "not effects" in jl.say(found)


def test_rules_know_one_end_only(tmp_path: Path) -> None:
    more = "    b  2020-01-22  mail  post\n    b  2020-01-25  mail  post\n"
    log = open_rows(tmp_path, TOUCHED.rstrip() + "\n" + more)
    again = jl.repeats(log, "mail")
    with pytest.raises(DataError, match="a customer has several events"):
        jl.touch_rules(jl.touches(again, log, "channel", "ad", start="count", minimum=1))


# ---- shown -----------------------------------------------------------------------------


def test_pictures_and_sentences_of_credit() -> None:
    effects = model(exposed())
    credit = jl.attribution(effects, {"mail": "mail", "call": "call"}, draws=0)
    from journeylib.plots.style import picture

    shown = picture(jl.plot_credit(credit))
    assert shown is not None and shown.table is not None
    assert shown.table["touchpoint"].tolist() == ["mail", "call"]
    said = jl.say(credit)
    assert "mail:" in said and "All of them together" in said and "cause" not in said.lower()
    told = jl.credit_shares(credit)
    assert [f.group for f in told] == ["mail", "call", "all together"]
    assert told[0].of is not None and told[0].of["kind"] == "touch credit"
