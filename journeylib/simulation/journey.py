"""``simulate``: who comes, what happens to them, and what of it reaches the log."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from journeylib.errors import DataError
from journeylib.simulation.log import event_log
from journeylib.simulation.model import EFFECTS, KINDS, MARKS, RATES, Model
from journeylib.simulation.truth import Truth
from journeylib.simulation.walk import walk

DAY = pd.Timedelta(days=1)


@dataclass(frozen=True, eq=False)
class SimulatedJourney:
    """A simulated event log with the truth beside it.

    Parameters
    ----------
    events
        One row an event, by time: ``customer_id, at, event, channel, touchpoint,
        content, value, score, sentiment, session, account``.
    customers
        One row a customer in the log: ``customer_id, account, first_contact,
        first_channel, first_content, segment, arm, early``: known at the first contact.
    truth
        Hazards, effects and what follows from them.
    window
        First and last moment watched.
    unseen
        People with a first contact who never reach the log, because their
        journey was over before the window opened.
    seed
        That made it.
    """

    events: pd.DataFrame = field(repr=False)
    customers: pd.DataFrame = field(repr=False)
    truth: Truth = field(repr=False)
    window: tuple[pd.Timestamp, pd.Timestamp]
    unseen: int
    seed: int

    def files(self) -> dict[str, pd.DataFrame | str]:
        """What belongs into a folder, by file name: tables, and the truth as text.

        ``events.parquet``, ``customers.parquet``, ``truth.csv`` (hazards and effects) and
        ``truth.json`` (shares and days).
        """
        return {
            "events.parquet": self.events,
            "customers.parquet": self.customers,
            "truth.csv": self.truth.frame.to_csv(index=False),
            "truth.json": json.dumps(self._headlines(), indent=1) + "\n",
        }

    def write(self, folder: str | Path) -> Path:
        """Write :meth:`files` into a folder, which is made if need be.

        Parameters
        ----------
        folder
            Where to.

        Returns
        -------
        Path
            The folder.
        """
        to = Path(folder)
        to.mkdir(parents=True, exist_ok=True)
        for name, held in self.files().items():
            if isinstance(held, str):
                (to / name).write_text(held, encoding="utf-8")
            else:
                held.to_parquet(to / name, index=False)
        return to

    def _headlines(self) -> dict[str, object]:
        """The estimands a reader of the reports looks for."""
        times = [30.0, 90.0, 180.0]
        t = self.truth
        tables = {
            "share_purchased": t.reached("purchase", times),
            "share_purchased_by_channel": t.reached("purchase", times, "channel"),
            "share_lost": t.reached("lost", times),
            "share_cancelled_after_purchase": t.reached("cancelled", times),
            "stage_occupancy": t.occupancy(times),
            "mean_days_per_stage_within_180_days": t.days_per_stage(180.0),
        }
        about = {"simulated": True, "seed": self.seed, "unit": "days", "unseen": self.unseen}
        about["model"] = asdict(t.model)
        about["arrivals"] = dict(t.arrivals)
        return {**about, **{name: f.to_dict("records") for name, f in tables.items()}}


def simulate(
    n: int = 5_000,
    seed: int = 1,
    *,
    start: str | dt.date = "2024-01-01",
    cutoff: str | dt.date = "2024-12-31",
    rates: Mapping[str, float] | None = None,
    effects: Mapping[str, Mapping[str, float]] | None = None,
    marks: Mapping[str, Mapping[str, float]] | None = None,
    promotion: float = 0.4,
    cure: float = 0.0,
    early: float = 0.0,
    history: float = 120.0,
    opting_out: float = 0.0,
    confounding: float = 0.0,
    contacts_per_account: float = 1.0,
    account_spread: float = 0.0,
    arm_by: str = "customer",
) -> SimulatedJourney:
    """Simulate the event log of a six-stage journey whose hazards are known.

    The model is written down in :mod:`journeylib.simulation`.

    Parameters
    ----------
    n
        People with a first contact, at least 1. Those whose journey was over
        before the window opened are not in the log.
    seed
        The same seed and arguments give the same log.
    start, cutoff
        First and last day watched, both included.
    rates
        Event -> baseline intensity a day; replaces the defaults named.
    effects
        Event -> term -> log hazard ratio; replaces all effects on the events named.
    marks
        ``channel``, ``content``, ``segment`` or ``arm`` -> level -> share; replaces
        those named. The first level is the reference.
    promotion
        Probability that a basket meets a promotion.
    cure
        Share that never purchases.
    early
        Share of first contacts that precede the window, by at most ``history`` days.
    history
        In days.
    opting_out
        Log hazard ratio of opting out for the business segment.
    confounding
        Log odds ratio of treatment for the business segment; 0 is an experiment.
    contacts_per_account
        Mean number of customers that share an account.
    account_spread
        Purchase intensities of an account are multiplied by 1 + spread or 1 - spread.
    arm_by
        ``"customer"`` or ``"account"``: what is assigned to an arm.

    Returns
    -------
    SimulatedJourney
        ``.events``, ``.customers`` and ``.truth``.

    Raises
    ------
    DataError
        For an unknown event, term or level, or a number outside its range.

    Examples
    --------
    >>> made = simulate(200, seed=7)
    >>> made.events.columns.tolist()[:4]
    ['customer_id', 'at', 'event', 'channel']
    >>> made.truth.log_hazard_ratio("purchase", "channel=social")
    -0.4
    """
    merged = {**EFFECTS, **(effects or {})}
    if opting_out:
        merged["opted_out"] = {**merged.get("opted_out", {}), "segment=business": opting_out}
    model = Model(
        rates={**RATES, **(rates or {})},
        effects=merged,
        marks={**MARKS, **(marks or {})},
        promotion=promotion,
        cure=cure,
        confounding=confounding,
        account_spread=account_spread,
    )
    opening, closing = _day(start, "start"), _day(cutoff, "cutoff") + DAY
    days = (closing - opening) / DAY
    if n < 1 or days <= 0:
        raise DataError("there is nobody or nothing to watch", fix="n >= 1 and start <= cutoff")
    if not (0 <= early <= 1 and history > 0 and contacts_per_account >= 1):
        raise DataError("early is a share, history is positive, an account has a contact")
    if arm_by not in ("customer", "account") or (arm_by == "account" and confounding):
        raise DataError(
            "arm_by is 'customer' or, without confounding, 'account'", where=f"arm_by={arm_by!r}"
        )
    rng = np.random.default_rng(seed)
    people, environment = _people(model, n, contacts_per_account, arm_by, rng)
    before = rng.uniform(size=n) < early
    arrived = np.where(before, -history, days) * rng.uniform(size=n)
    factor = model.multiplier(people)
    buys = KINDS.index("purchase")
    factor[:, buys] *= environment * (rng.uniform(size=n) >= cure)
    steps = walk(model.intensity(), factor, -arrived, days - arrived, rng)
    people["first_contact"] = (opening + pd.to_timedelta(arrived, unit="D")).floor("s")
    people["early"] = before
    events = event_log(people, steps, rng)
    seen = people[steps.present].rename(
        columns={"channel": "first_channel", "content": "first_content"}
    )
    order = ["customer_id", "account", "first_contact", "first_channel", "first_content"]
    customers = seen[[*order, "segment", "arm", "early"]].reset_index(drop=True)
    last = closing - pd.Timedelta(seconds=1)
    unseen = n - int(steps.present.sum())
    arrivals = {"days": float(days), "early": float(early), "history": float(history)}
    truth = Truth(model, arrivals)
    return SimulatedJourney(events, customers, truth, (opening, last), unseen, seed)


def _day(value: str | dt.date, name: str) -> pd.Timestamp:
    day = pd.to_datetime(value, errors="coerce")
    if pd.isna(day):
        raise DataError(
            f"{name} cannot be {value!r}", where=name, fix="write a day like 2024-01-31"
        )
    return day


def _people(
    model: Model, n: int, per_account: float, arm_by: str, rng: np.random.Generator
) -> tuple[pd.DataFrame, np.ndarray]:
    """Marks of each person, and the environment of each one's account."""
    drawn = {
        mark: rng.choice(list(model.marks[mark]), size=n, p=list(model.marks[mark].values()))
        for mark in ("channel", "content", "segment")
    }
    accounts = max(1, round(n / per_account))
    account = np.arange(n) if per_account == 1 else rng.integers(accounts, size=n)
    size = n if per_account == 1 else accounts
    environment = 1 + model.account_spread * rng.choice([-1, 1], size=size)
    chance = model.treated((drawn["segment"] == "business").astype(float))
    luck = rng.uniform(size=n)
    treated = (luck[account] if arm_by == "account" else luck) < chance
    width = len(str(n))
    number = pd.Series(np.arange(1, n + 1).astype(str)).str.zfill(width)
    people = pd.DataFrame(
        {
            "customer_id": "c" + number,
            "account": "a" + pd.Series((account + 1).astype(str)).str.zfill(width),
            **drawn,
            "arm": np.where(treated, "treatment", "control"),
        }
    )
    return people, environment[account]
