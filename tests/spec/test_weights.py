"""Weights for alike groups: worked by hand where the chances are shares, and what is refused."""

from __future__ import annotations

import matplotlib
import numpy as np
import pandas as pd
import pytest

import journeylib as jl
from journeylib.errors import DataError, ModelError

matplotlib.use("Agg")


def table() -> pd.DataFrame:
    """10 young customers, 2 of them in the arm b; 10 old ones, 5 in b."""
    old = np.repeat([0, 1], 10)
    arm = np.array(["b"] * 2 + ["a"] * 8 + ["b"] * 5 + ["a"] * 5)
    return pd.DataFrame(
        {"time": np.arange(20) % 9 + 1, "event": 1, "old": old, "arm": arm, "customer": range(20)}
    )


def spells(d: pd.DataFrame | None = None) -> jl.Spells:
    return jl.spells_from_frame(table() if d is None else d, id="customer", unit="days")


def test_weights_are_one_over_the_share_of_the_group() -> None:
    d = table()
    found = jl.weights(spells(d), "old", "arm", stabilised=False)
    ours = found.spells.frame.set_index([d["old"], d["arm"]])["weight"]
    shares = {(0, "b"): 2 / 10, (0, "a"): 8 / 10, (1, "b"): 5 / 10, (1, "a"): 5 / 10}
    for kind, share in shares.items():
        assert ours[kind].tolist() == pytest.approx([1 / share] * len(ours[kind]))


def test_stabilised_weights_keep_the_size_of_the_groups() -> None:
    found = jl.weights(spells(), "old", "arm")
    frame = found.spells.frame
    assert frame.groupby("arm")["weight"].sum().to_dict() == pytest.approx({"a": 13, "b": 7})
    young_b = frame.query("old == 0 and arm == 'b'")["weight"]
    assert young_b.tolist() == pytest.approx([7 / 20 / (2 / 10)] * 2)


def test_balance_by_hand() -> None:
    row = jl.weights(spells(), "old", "arm").frame.iloc[0]
    assert (row["term"], row["group"], row["against"]) == ("old", "b", "a")
    assert (row["mean"], row["mean_against"]) == pytest.approx((5 / 7, 5 / 13))
    spread = np.sqrt((5 / 7 * 2 / 7 * 7 / 6 + 5 / 13 * 8 / 13 * 13 / 12) / 2)
    assert row["smd_before"] == pytest.approx((5 / 7 - 5 / 13) / spread)
    assert row["smd_after"] == pytest.approx(0, abs=1e-9)


def test_effective_size_by_hand() -> None:
    sizes = jl.weights(spells(), "old", "arm").sizes.set_index("group")
    w = np.array([7 / 4] * 2 + [7 / 10] * 5)
    assert sizes.loc["b", "effective_n"] == pytest.approx(w.sum() ** 2 / (w**2).sum())
    assert sizes.loc["b", "largest_weight"] == pytest.approx(7 / 4)
    assert sizes["smallest_chance"].tolist() == pytest.approx([0.5, 0.2])
    assert sizes["n"].tolist() == [13, 7]


def test_three_groups_get_the_shares_too() -> None:
    d = table()
    d["arm"] = np.tile(["a", "b", "c", "a", "b"], 4)
    d.loc[:2, "arm"] = "c"
    found = jl.weights(spells(d), "old", "arm")
    assert found.frame[["group", "against"]].values.tolist() == [["b", "a"], ["c", "a"], ["c", "b"]]
    shares = pd.crosstab(d["old"], d["arm"], normalize="index")
    alone = d["arm"].value_counts(normalize=True)
    expected = [alone[a] / shares.loc[o, a] for o, a in zip(d["old"], d["arm"])]
    assert found.spells.frame["weight"].tolist() == pytest.approx(expected, rel=1e-5)
    assert found.frame["smd_after"].abs().max() < 1e-5


def test_truncated_weights_are_counted() -> None:
    found = jl.weights(spells(), "old", "arm", truncate=(0.0, 0.9))
    cut = np.quantile(jl.weights(spells(), "old", "arm").spells.frame["weight"], 0.9)
    assert found.spells.frame["weight"].max() == pytest.approx(cut)
    assert found.about["truncated"] == 2
    assert "2 weights were truncated" in str(jl.say(found))


def test_rows_of_one_spell_share_the_weight_of_their_first() -> None:
    d = table().assign(begin=0.0)
    later = d.assign(begin=d["time"], time=d["time"] + 2, old=1 - d["old"])
    d["event"] = 0
    d.loc[3, "old"] = np.nan  # unknown at the origin: the spell leaves
    later.loc[5, "old"] = np.nan  # unknown later: does not matter
    rows = pd.concat([d, later]).sample(frac=1, random_state=3)
    s = jl.spells_from_frame(rows, start="begin", id="customer")
    found = jl.weights(s, "old", "arm")
    frame = found.spells.frame
    assert frame["id"].nunique() == 19 and len(frame) == 38
    assert (frame.groupby("id")["weight"].nunique() == 1).all()
    whole = table().drop(index=3)
    expected = jl.weights(spells(whole), "old", "arm").spells.frame
    ours = frame.groupby("id")["weight"].first()
    assert ours.tolist() == pytest.approx(expected.set_index("id")["weight"].tolist())


def test_missing_values_are_counted() -> None:
    d = table()
    d["old"] = d["old"].astype(float)
    d.loc[0, "old"], d.loc[4, "arm"] = np.nan, None
    found = jl.weights(spells(d), "old", "arm")
    assert found.about["audit"].dropped == {"arm is missing": 1, "old is missing": 1}
    assert found.about["n"] == 18


def test_weighted_curve_and_cox_are_robust() -> None:
    found = jl.weights(spells(), "old", "arm")
    curve = jl.survival_curve(found.spells, by="arm", weights=found.column)
    assert curve.about["robust"]
    effects = jl.cox(found.spells, "arm", weights=found.column)
    assert effects.frame["robust_std_err"].notna().all()


def test_words_and_warnings_describe_and_do_not_explain() -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=2000)
    arm = np.where(rng.random(2000) < 1 / (1 + np.exp(-4 * x)), "b", "a")
    d = pd.DataFrame({"time": rng.exponential(size=2000), "event": 1, "x": x, "arm": arm})
    found = jl.weights(jl.spells_from_frame(d), "x", "arm")
    text = str(jl.say(found))
    assert any("little overlap" in w for w in found.warnings)
    assert any("the largest weight" in w for w in found.warnings)
    assert any("worth" in w for w in found.warnings)
    assert "may still differ" in text and "n = 2,000" in text
    for word in ("cause", "effect of", "due to", "because", "impact"):
        assert word not in text.replace("effective", "")
    assert "little overlap" in repr(found) and "little overlap" in found._repr_html_()


def test_pictures_say_what_they_show() -> None:
    from journeylib.plots.style import picture

    d = table()
    found = jl.weights(spells(d), "old", "arm")
    ax = jl.plot_balance(found)
    assert "standardised" in ax.get_xlabel() and "n = 20" in ax.get_legend().get_title().get_text()
    assert "alike in old" in picture(ax).alt
    rng = np.random.default_rng(4)
    x = rng.normal(size=600)
    t = pd.DataFrame({"time": rng.exponential(np.exp(-x)), "event": 1, "x": x})
    fit = jl.cox(jl.spells_from_frame(t[:300]), "x")
    judged = jl.assess(fit, jl.spells_from_frame(t[300:]), [0.2, 0.5, 1.0])
    ax = jl.plot_calibration(judged)
    assert "by 1 time units" in ax.get_xlabel() and "slope" in picture(ax).alt
    assert "n = 300" in ax.get_legend().get_texts()[1].get_text()
    upper = jl.plot_quality(judged)
    assert "n = 300" in upper.get_legend().get_title().get_text()
    assert len(upper.figure.axes) == 2


@pytest.mark.parametrize(
    ("ask", "error", "message"),
    [
        (lambda: jl.weights(spells(), "old", "arms"), DataError, "did you mean 'arm'"),
        (lambda: jl.weights(spells(), "age", "arm"), DataError, "'age', which is no column"),
        (lambda: jl.weights(spells(), "old + arm", "arm"), DataError, "holds 'arm' itself"),
        (lambda: jl.weights(spells(), "old", "arm", column="old"), DataError, "already have"),
        (lambda: jl.weights(spells(), "old", "arm", truncate=(1, 99)), DataError, "quantiles"),
        (
            lambda: jl.weights(spells(table().assign(arm="a")), "old", "arm"),
            DataError,
            "everybody is in the same group",
        ),
        (
            lambda: jl.weights(spells(table().assign(arm=lambda d: d["old"])), "old", "arm"),
            ModelError,
            "exactly who is in which group",
        ),
        (
            lambda: jl.weights(
                spells(table().assign(young=lambda d: 1 - d["old"])), "old + young", "arm"
            ),
            ModelError,
            "old and young determine one another",
        ),
    ],
)
def test_refused_in_words(ask, error, message: str) -> None:
    with pytest.raises(error, match=message):
        ask()


def test_a_group_that_changes_over_time_is_refused() -> None:
    d = table().assign(begin=0.0, event=0)
    later = d.assign(begin=d["time"], time=d["time"] + 2, event=1, arm="b")
    s = jl.spells_from_frame(pd.concat([d, later]), start="begin", id="customer")
    with pytest.raises(DataError, match="changes within 13 spell"):
        jl.weights(s, "old", "arm")
