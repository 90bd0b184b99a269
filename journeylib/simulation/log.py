"""From steps of the chain to rows of an event log, with the columns of a journey file."""

from __future__ import annotations

import numpy as np
import pandas as pd

from journeylib.simulation.model import EVENT, KINDS, SCORES
from journeylib.simulation.walk import Steps

COLUMNS = (
    *("customer_id", "at", "event", "channel", "touchpoint"),
    *("content", "value", "score", "sentiment", "session", "account"),
)
_OFFLINE = ("shop", "post", "call_centre")
_TOUCHPOINTS = {"store": _OFFLINE}
_ONLINE = ("web", "app")
_LIST_PRICE, _DISCOUNT = 80.0, 0.8
_PAYMENTS = ("card", "invoice", "wallet")
_SENT_BACK = 0.12
_RANGE = {"detractor": (0, 7), "passive": (7, 9), "promoter": (9, 11)}


def event_log(people: pd.DataFrame, steps: Steps, rng: np.random.Generator) -> pd.DataFrame:
    """Rows of all that was seen, ordered by time.

    Parameters
    ----------
    people
        One row a person: ``customer_id, account, channel, content, first_contact``.
    steps
        What the chain did.
    rng
        Source of chance for what has no effect: touchpoints, values, delays.
    """
    present = np.flatnonzero(steps.present)
    first = pd.DataFrame({"who": present, "day": 0.0, "kind": "ad_view"})
    rows = pd.DataFrame(
        {"who": steps.customer, "day": steps.time, "kind": np.array(KINDS)[steps.kind]}
    )
    rows = rows.sort_values(["who", "day"], ignore_index=True)
    rows = pd.concat([first, rows], ignore_index=True)
    rows["event"] = rows["kind"].map(EVENT)
    rows["value"], rows["score"], rows["content"] = np.nan, np.nan, None
    _touches(rows, people, len(first), rng)
    rows = pd.concat([_surveys(rows, rng), *_decisions(rows, steps, rng)], ignore_index=True)
    rows = pd.concat([rows, *_returns(rows, steps, rng)], ignore_index=True)
    rows["sentiment"] = _sentiment(rows["score"], rng)
    rows["at"] = (
        people["first_contact"].to_numpy()[rows["who"]]
        + pd.to_timedelta(rows["day"], unit="D").to_numpy()
    )
    rows["at"] = rows["at"].astype("datetime64[us]").dt.floor("s")
    rows["customer_id"] = people["customer_id"].to_numpy()[rows["who"]]
    rows["account"] = people["account"].to_numpy()[rows["who"]]
    online = rows["touchpoint"].isin(_ONLINE)
    visit = rows["customer_id"] + "-" + rows["at"].dt.strftime("%Y%m%d")
    rows["session"] = visit.where(online, None)
    rows = rows.sort_values(["at", "customer_id", "day"], kind="stable", ignore_index=True)
    return rows[list(COLUMNS)]


def _touches(rows: pd.DataFrame, people: pd.DataFrame, n: int, rng: np.random.Generator) -> None:
    """Channel, content and touchpoint; those of the first contact are the customer's marks."""
    who = rows["who"].to_numpy()
    channel, content = (people[c].to_numpy() for c in ("channel", "content"))
    ads = (rows["event"] == "ad_view").to_numpy()
    later = ads & (np.arange(len(rows)) >= n)
    shown, said = channel[who].copy(), content[who].copy()
    shown[later] = rng.permutation(shown[later])
    said[later] = rng.permutation(said[later])
    online = rng.choice(_ONLINE, size=len(rows), p=[0.65, 0.35])
    offline = rng.choice(_OFFLINE, size=len(rows), p=[0.6, 0.25, 0.15])
    in_store = ads & (shown == "store")
    place = np.where(in_store, offline, online).astype(object)
    mail = (rows["event"].isin(["email", "survey"])).to_numpy()
    rows["channel"] = np.where(ads, shown, np.where(mail, "e-mail", "own"))
    rows["touchpoint"] = np.where(mail, "e-mail", place)
    rows.loc[ads, "content"] = said[ads]
    rows.loc[in_store, "event"] = np.select(
        [place[in_store] == "shop", place[in_store] == "post"], ["store_visit", "mailing"], "call"
    )
    calls = (rows["event"] == "support_contact").to_numpy()
    rows.loc[calls, "touchpoint"] = "call_centre"


def _surveys(rows: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Scores, and the values of repeated purchases."""
    for name in SCORES:
        mine = (rows["kind"] == f"survey:{name}").to_numpy()
        rows.loc[mine, "score"] = rng.integers(*_RANGE[name], size=mine.sum()).astype(float)
    again = (rows["event"] == "repeat_purchase").to_numpy()
    rows.loc[again, "value"] = np.round(rng.lognormal(3.8, 0.5, size=again.sum()), 2)
    return rows


def _decisions(rows: pd.DataFrame, steps: Steps, rng: np.random.Generator) -> list[pd.DataFrame]:
    """What happens around a basket and a purchase: price, promotion, payment, delivery."""
    basket = rows[rows["event"] == "basket"]
    offered = basket["kind"] == "basket:promotion"
    price = np.round(_LIST_PRICE * rng.lognormal(0, 0.2, size=len(basket)), 2)
    shown = basket.assign(event="price_shown", value=price)
    promoted = basket[offered].assign(
        event="promotion", value=np.round(price[offered] * _DISCOUNT, 2), content="20% off"
    )
    bought = rows[rows["event"] == "purchase"]
    agreed = pd.Series(price, index=basket["who"])
    agreed[basket["who"][offered].to_numpy()] *= _DISCOUNT
    paid = bought["who"].map(agreed).fillna(_LIST_PRICE).round(2).to_numpy()
    rows.loc[bought.index, "value"] = paid
    method = rng.choice(_PAYMENTS, size=len(bought), p=[0.6, 0.25, 0.15])
    payment = bought.assign(event="payment", value=paid, content=method)
    late = 1 + rng.exponential(3, size=len(bought))
    parcel = bought.assign(
        event="delivery", value=np.round(late, 1), day=bought["day"] + late, touchpoint="post"
    )
    parcel = parcel[parcel["day"].to_numpy() <= steps.end[parcel["who"]]]
    return [f for f in (shown, promoted, payment, parcel) if len(f)]


def _returns(rows: pd.DataFrame, steps: Steps, rng: np.random.Generator) -> list[pd.DataFrame]:
    """Some of what was bought is sent back some days later, whoever bought it."""
    bought = rows[rows["event"].isin(["purchase", "repeat_purchase"])]
    chosen = bought[rng.uniform(size=len(bought)) < _SENT_BACK]
    back = chosen.assign(
        event="returned",
        day=chosen["day"] + 2 + rng.exponential(8, size=len(chosen)),
        touchpoint="post",
    )
    back = back[back["day"].to_numpy() <= steps.end[back["who"]]]
    return [back] if len(back) else []


def _sentiment(score: pd.Series, rng: np.random.Generator) -> pd.Series:
    """From -1 to 1: what a customer writes is about as friendly as the score."""
    said = (score - 5) / 5 + rng.normal(0, 0.3, size=len(score))
    return said.clip(-1, 1).round(2)
