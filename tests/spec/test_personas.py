"""Kinds of customers: a clock that starts later, a history that ends there, groups of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from logs import as_table, expected_table, open_rows

import journeylib as jl
from journeylib import words
from journeylib.errors import DataError
from journeylib.personas.clusters import k_means, one_cloud
from journeylib.personas.rfm import quantile_part

LOG = """
    id at          event     value
    a  2020-01-01  purchase  10
    a  2020-01-04  purchase  30
    a  2020-01-06  ad        -
    a  2020-01-09  purchase  50
    b  2020-01-02  purchase  10
    b  2020-01-20  purchase  90
    c  2020-01-03  purchase  10
    c  2020-01-08  purchase  70
    d  2020-01-28  purchase  10
    e  2020-01-05  purchase  10
    e  2020-01-07  refer     -
    f  2020-01-05  ad        -
    """


@pytest.fixture
def log(tmp_path: Path) -> jl.EventLog:
    return open_rows(tmp_path, LOG)


def test_the_clock_starts_later_and_what_happens_then_is_history(log: jl.EventLog) -> None:
    spells = jl.landmark(log, "purchase", 5, origin="purchase")
    names, rows = expected_table(
        """
        id start stop cause
        a  0     3    1
        b  0     13   1
        c  0     23   0
        e  0     21   0
        """
    )
    assert as_table(spells.frame, names) == rows  # c buys at the very start: that is history
    assert {k: n for k, n in spells.audit.dropped.items() if n} == {
        "left, or the log ended, before the clock could start": 1,
        "no origin event": 1,
    }
    assert spells.clock.starts == "5 days after the customer's first purchase"


def test_whoever_left_before_is_not_at_risk(log: jl.EventLog) -> None:
    spells = jl.landmark(log, "purchase", 5, origin="purchase", until="refer")
    assert spells.frame["id"].tolist() == ["a", "b", "c"]
    later = jl.landmark(log, "purchase", 1, origin="purchase", until="refer")
    names, rows = expected_table("id stop cause\na 2 1\nb 17 1\nc 4 1\nd 2 0\ne 1 0")
    assert as_table(later.frame, names) == rows


def test_an_event_that_happens_once_takes_out_who_had_it(log: jl.EventLog) -> None:
    spells = jl.landmark(log, "refer", 2, origin="purchase", prior="exclude")
    assert spells.audit.dropped["event before the clock starts"] == 1  # at the very instant
    assert "e" not in set(spells.frame["id"])
    after = jl.landmark(log, "refer", 1, origin="purchase", prior="exclude")
    assert after.frame.set_index("id").loc["e", ["stop", "cause"]].tolist() == [1, 1]


def test_a_clock_may_not_start_with_the_first_contact(log: jl.EventLog) -> None:
    for length in (0, -3):
        with pytest.raises(DataError, match="nothing is known of anybody yet"):
            jl.landmark(log, "purchase", length, origin="purchase")
    with pytest.raises(DataError, match="prior cannot be 'before'"):
        jl.landmark(log, "purchase", 5, origin="purchase", prior="before")


def known(log: jl.EventLog) -> jl.History:
    spells = jl.landmark(log, "purchase", 5, origin="purchase")
    return jl.history(spells, log, "purchase", events=["ad"])


def test_history_as_a_literal_table(log: jl.EventLog) -> None:
    names, rows = expected_table(
        """
        id recency frequency monetary tenure n_ad
        a  2       2         20       5      1
        b  5       1         10       5      0
        c  0       2         40       5      0
        e  5       1         10       5      0
        """
    )
    found = known(log)
    assert as_table(found.spells.frame, names) == rows
    assert found.features == tuple(names[1:])
    told = [words.term(f"np.log1p({name})") for name in ("recency", "n_ad")]
    assert told == ["days since the latest (log)", "ad, how often (log)"]
    # of four customers two are alike: no third feature can be told from these two
    assert jl.history_formula(found) == "np.log1p(recency) + np.log1p(frequency)"


def test_findings_of_several_kinds_of_groups_say_how_they_were_made() -> None:
    frame = pd.DataFrame({"time": [1.0, 2, 3, 4] * 20, "event": 1, "age_group": list("aabb") * 20})
    scan = jl.segment_scan(jl.spells_from_frame(frame, unit="days"), "age_group", 4)
    names = [jl.excess_times(scan, how)[0].name for how in ("", "by", "by cluster")]
    plain = "extra days without event against all others, of the first 4"
    assert names == [plain, f"{plain}, by age group", f"{plain}, by cluster"]


def test_what_comes_after_the_start_changes_no_history(tmp_path: Path) -> None:
    more = LOG + "    a  2020-01-12  ad  -\n    b  2020-01-08  purchase  500\n"
    first, second = (open_rows(tmp_path / n, t) for n, t in (("one", LOG), ("two", more)))
    features = list(known(first).features)
    pd.testing.assert_frame_equal(
        known(first).spells.frame[features], known(second).spells.frame[features]
    )


def test_no_history_at_the_first_contact(log: jl.EventLog) -> None:
    spells = jl.time_to(log, "purchase", origin="purchase", occurrence=2)
    with pytest.raises(DataError, match="the clock starts with the first contact"):
        jl.history(spells, log, "purchase")


def test_nothing_but_the_history_makes_a_persona(log: jl.EventLog) -> None:
    found = known(log)
    for name in ("stop", "cause"):
        with pytest.raises(DataError, match="may hold the future"):
            jl.clusters(found, 2, [name])
    with pytest.raises(DataError, match="did you mean 'recency'"):
        jl.clusters(found, 2, ["recencey"])
    split = jl.with_exposure(jl.landmark(log, "purchase", 5, origin="purchase"), log, "ad")
    with pytest.raises(DataError, match="one spell a customer"):
        jl.history(split, log, "purchase")


def test_recency_frequency_value_in_words(log: jl.EventLog) -> None:
    found = jl.rfm(known(log), minimum=1)
    assert found.spells.frame[["id", "rfm"]].values.tolist() == [
        ["a", "recent, often, large"],
        ["b", "long ago, rarely, small"],
        ["c", "recent, often, large"],
        ["e", "long ago, rarely, small"],
    ]
    assert found.frame["n"].sum() == 4 and found.frame["share"].sum() == pytest.approx(1)
    coded = jl.rfm(known(log), 3, minimum=1).spells.frame["rfm"].tolist()
    assert coded[2] == "R3 F3 M3" and coded[1] == "R1 F1 M1"
    with pytest.raises(DataError, match="cannot make 7 parts"):
        jl.rfm(known(log), 7)


def test_equal_values_are_never_parted() -> None:
    rng = np.random.default_rng(1)
    values = pd.Series(rng.integers(0, 6, size=300))
    for parts in (2, 3, 5):
        code = quantile_part(values, parts)
        assert (pd.Series(code).groupby(values).nunique() == 1).all()
        assert (np.diff(pd.Series(code).groupby(values).first()) >= 0).all()


def test_small_kinds_are_pooled(log: jl.EventLog) -> None:
    found = jl.rfm(known(log), minimum=3)
    assert found.frame["group"].tolist() == ["other"]


def made(values: pd.DataFrame) -> jl.History:
    """A history of customers with given features."""
    frame = values.assign(time=1.0, event=1)
    spells = jl.spells_from_frame(frame, unit="days")
    return jl.History(spells, tuple(values.columns), ("purchase",))


def cloud(n: int, seed: int, groups: bool) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    centre = rng.integers(3, size=n) * 3.0 if groups else np.zeros(n)
    noise = rng.normal(size=(n, 2)) * [1.0, 0.6] + rng.normal(size=(n, 1)) * 0.5
    return pd.DataFrame({"often": centre - noise[:, 0], "much": -centre / 2 - noise[:, 1]})


def test_planted_groups_are_found_and_a_cloud_is_called_a_cloud() -> None:
    values = cloud(600, 1, groups=True)
    found = jl.clusters(made(values), 3, minimum=1)
    assert found.evidence["p"] <= 0.05
    assert jl.check_clusters(found).verdict == "passed"
    assert "more than a cut" in jl.say(found)
    none = [jl.clusters(made(cloud(400, s, False)), 3, minimum=1).evidence["p"] for s in range(20)]
    assert np.mean(np.array(none) <= 0.05) <= 0.2  # 5%, and what chance allows in twenty


def test_neither_the_order_of_rows_nor_the_seed_moves_clear_groups() -> None:
    values = cloud(300, 2, groups=True) * [1.0, 1.0]
    values += np.repeat([0, 40, 80], 100)[:, None]
    first = jl.clusters(made(values), 3, minimum=1).spells.frame["persona"]
    order = np.random.default_rng(5).permutation(300)
    mixed = made(values.iloc[order].reset_index(drop=True))
    second = jl.clusters(mixed, 3, seed=9, minimum=1).spells.frame["persona"]
    assert (first.iloc[order].to_numpy() == second.to_numpy()).all()
    assert first.nunique() == 3


def test_clusters_furthest_in_the_same_features_have_names_of_their_own() -> None:
    from journeylib.personas.clusters import _labels

    x = np.array([[-1.0, -1.0], [0.5, 0.6], [2.0, 1.9]])
    told = _labels(x, np.arange(3), ["frequency", "n_e_mail"])
    assert told == [
        "1 (rarely, e mail rarely)",
        "2 (e mail often, often; less so)",
        "3 (often, e mail often; most so)",
    ]


def test_a_cloud_keeps_values_and_rank_correlations() -> None:
    x = np.exp(cloud(2000, 3, groups=False).to_numpy())
    drawn = one_cloud(x, np.random.default_rng(1))
    assert np.allclose(np.sort(drawn, axis=0), np.sort(x, axis=0))
    seen, made_up = (pd.DataFrame(a).corr("spearman").iloc[0, 1] for a in (x, drawn))
    assert abs(seen - made_up) < 0.05


def test_k_means_has_no_better_neighbour() -> None:
    x = cloud(200, 4, groups=True).to_numpy()
    centres = k_means(x, 3, np.random.default_rng(1))
    code = ((x[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
    assert np.allclose(centres, [x[code == g].mean(axis=0) for g in range(3)])
    assert (np.diff(np.bincount(code)) <= 0).all()


def test_too_few_different_customers_make_no_groups() -> None:
    with pytest.raises(DataError, match="1 different customers cannot make 2 groups"):
        jl.clusters(made(pd.DataFrame({"often": [1.0, 1.0], "much": [2.0, 2.0]})), 2)


def test_pictures_of_personas() -> None:
    from journeylib.plots.style import picture

    shown = picture(jl.plot_personas(jl.clusters(made(cloud(200, 1, True)), 3, minimum=1)))
    assert shown is not None and shown.table is not None and len(shown.table) == 3
