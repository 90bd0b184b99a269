"""Exports in their vendors' own field names: recognised, and what they become."""

# ruff: noqa: E501

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from logs import as_table, expected_table

from journeylib.errors import JourneyFileError
from journeylib.journey.initialise import Written, initialise
from journeylib.journey.presets import presets, recognised

GA4 = [
    {
        "event_date": day, "event_timestamp": int(at) * 1_000_000, "event_name": name,
        "user_id": user, "user_pseudo_id": device,
        "traffic_source": {"name": "spring", "medium": "cpc", "source": "google"},
        "ecommerce": {"purchase_revenue": revenue}, "platform": "WEB",
    }
    for day, at, name, user, device, revenue in (
        ("20240105", 1704448800, "first_visit", None, "d1", None),
        ("20240105", 1704449000, "purchase", "u1", "d1", 12.5),
        ("20240105", 1704449100, "first_visit", None, "d2", None),
        ("20240105", 1704449200, "scroll", None, "d2", None),
        ("20240106", 1704535200, "scroll", None, "d2", None),
    )
]  # fmt: skip
SEGMENT = """
    anonymous_id,user_id,event,event_text,timestamp,received_at,context_campaign_medium,context_user_agent
    a1,,product_viewed,Product Viewed,2024-01-05T10:00:00Z,2024-01-05T10:00:01Z,email,Mozilla
    a1,u1,order_completed,Order Completed,2024-01-06T10:00:00Z,2024-01-06T10:00:01Z,,Mozilla
    a2,,product_viewed,Product Viewed,2024-01-06T10:00:00Z,2024-01-06T10:00:01Z,,Googlebot/2.1
    a3,,product_viewed,Product Viewed,2024-01-06T11:00:00Z,2024-03-01T10:00:01Z,,Mozilla
    a4,,product_viewed,Product Viewed,2024-01-07T11:00:00Z,2024-01-07T11:00:01Z,,Mozilla
    """
SHOPIFY = """
    Name,Email,Financial Status,Paid at,Created at,Cancelled at,Total,Discount Code,Lineitem name,Source,Id
    #1,ann@x.example,paid,2024-01-05 10:00:00 -0500,2024-01-05 10:00:00 -0500,,30.00,WELCOME,Mug,web,1
    #1,ann@x.example,,,2024-01-05 10:00:00 -0500,,,,Cup,,
    #2,bob@x.example,refunded,2024-01-06 10:00:00 -0500,2024-01-06 10:00:00 -0500,2024-01-08 09:00:00 -0500,9.50,,Mug,pos,2
    #3,ann@x.example,paid,2024-01-09 23:30:00 -0500,2024-01-09 23:30:00 -0500,,12.00,,Mug,web,3
    """
STRIPE = """
    id,customer,status,created,trial_end,canceled_at,ended_at,plan
    sub_1,cus_1,canceled,1704448800,,1706000000,1707000000,gold
    sub_2,cus_2,active,1704535200,1705000000,,,iron
    """
CONTACTS = """
    hs_object_id,email,createdate,hs_lifecyclestage_lead_date,hs_lifecyclestage_opportunity_date,hs_lifecyclestage_customer_date,hs_analytics_source
    1,a@x.example,2024-01-05T10:00:00.000Z,2024-01-06T10:00:00.000Z,,2024-01-09T10:00:00.000Z,PAID_SOCIAL
    2,b@x.example,2024-01-06T10:00:00.000Z,,,,OFFLINE
    3,c@x.example,2024-01-06T10:00:00.000Z,,2024-01-07T10:00:00.000Z,,OFFLINE
    """
DEALS = """
    hs_object_id,dealname,dealstage,amount,createdate,closedate
    1,One,closedwon,100,2024-01-05T10:00:00.000Z,2024-01-09T10:00:00.000Z
    2,Two,closedlost,50,2024-01-06T10:00:00.000Z,2024-01-10T10:00:00.000Z
    3,Three,contractsent,70,2024-01-07T10:00:00.000Z,2024-12-31T10:00:00.000Z
    """
SALESFORCE = """
    Id,AccountId,StageName,Amount,LeadSource,CreatedDate,CloseDate,IsWon,IsClosed
    006A,001X,Closed Won,100,Web,2024-01-05T10:00:00.000+0000,2024-01-09,true,true
    006B,001X,Closed Lost,50,Partner,2024-01-06T10:00:00.000+0000,2024-01-10,false,true
    006C,001Y,Prospecting,70,Web,2024-01-07T10:00:00.000+0000,2024-12-31,false,false
    """
NPS = """
    respondent_id,submitted_at,score,comment
    7,2024-01-05,9,good
    8,2024-01-06,3,bad
    9,2024-01-07,n/a,?
    """
CASES = {
    "ga4": (GA4, "id at event channel value\n"
        "u1 2024-01-05 first_visit cpc -\nu1 2024-01-05 purchase cpc 12.5\n"
        "d2 2024-01-05 first_visit cpc -\nd2 2024-01-05 scroll cpc -"),
    "segment_tracks": (SEGMENT, "id at event channel\n"
        "u1 2024-01-05 product_viewed email\nu1 2024-01-06 order_completed -"),
    "shopify_orders": (SHOPIFY, "id at event channel value\n"
        "ann@x.example 2024-01-05 order web 30\nbob@x.example 2024-01-06 order pos 9.5\n"
        "bob@x.example 2024-01-08 order_cancelled pos 9.5"),
    "stripe_subscriptions": (STRIPE, "id at event touchpoint\n"
        "cus_1 2024-01-05 subscribed sub_1\ncus_1 2024-01-23 cancellation_asked sub_1\n"
        "cus_2 2024-01-06 subscribed sub_2\ncus_2 2024-01-11 trial_ended sub_2"),
    "hubspot_contacts": (CONTACTS, "id at event channel\n"
        "1 2024-01-05 contact_created PAID_SOCIAL\n1 2024-01-06 lead PAID_SOCIAL\n"
        "2 2024-01-06 contact_created OFFLINE\n3 2024-01-06 contact_created OFFLINE\n"
        "3 2024-01-07 opportunity OFFLINE"),
    "hubspot_deals": (DEALS, "id at event value\n"
        "1 2024-01-05 deal_created 100\n1 2024-01-09 deal_won 100\n"
        "2 2024-01-06 deal_created 50\n3 2024-01-07 deal_created 70"),
    "salesforce_opportunities": (SALESFORCE, "id at event account value\n"
        "006A 2024-01-05 opportunity_created 001X 100\n006A 2024-01-09 opportunity_won 001X 100\n"
        "006B 2024-01-06 opportunity_created 001X 50\n"
        "006C 2024-01-07 opportunity_created 001Y 70"),
    "nps_survey": (NPS, "id at event score content\n"
        "7 2024-01-05 survey 9 good\n8 2024-01-06 survey 3 bad\n9 2024-01-07 survey - ?"),
}  # fmt: skip


def export(folder: Path, rows: str | list[dict[str, object]]) -> Path:
    """An export as a file: a CSV, or JSON lines where it is nested."""
    if isinstance(rows, list):
        file = folder / "export.jsonl"
        file.write_text("\n".join(json.dumps(row) for row in rows) + "\n")
    else:
        file = folder / "export.csv"
        file.write_text("\n".join(line.strip() for line in rows.strip().splitlines()) + "\n")
    return file


def written(folder: Path, name: str) -> Written:
    return initialise(export(folder, CASES[name][0]))


@pytest.mark.parametrize("name", CASES)
def test_an_export_becomes_a_log(tmp_path: Path, name: str) -> None:
    """The last day is never complete: rows of it are after the cutoff, and counted."""
    done = written(tmp_path, name)
    assert done.recognised == presets()[name].title
    columns, rows = expected_table(CASES[name][1])
    frame = done.log.table.to_pandas()
    frame["at"] = pd.to_datetime(frame["at"]).dt.strftime("%Y-%m-%d")
    assert as_table(frame, columns) == rows


def test_what_the_presets_do_beside_mapping(tmp_path: Path) -> None:
    audit = written(tmp_path, "segment_tracks").log.audit
    assert audit.dropped["excluded by rule: bots"] == 1
    assert audit.dropped["received after the cutoff"] == 1
    assert audit.notes["stitched from an anonymous id to a customer"] == 1


def test_answers_are_promoters_and_detractors(tmp_path: Path) -> None:
    log = written(tmp_path, "nps_survey").log
    assert list(log.select("promoter").to_pandas()["id"]) == ["7"]
    assert list(log.select("detractor").to_pandas()["id"]) == ["8"]
    assert log.audit.notes == {"a score that is not a number, taken as missing": 1}


def test_every_preset_has_a_case_and_reads() -> None:
    assert set(presets()) == set(CASES)
    for preset in presets().values():
        assert preset.notes and preset.title and preset.rest["stages"]


def test_an_event_log_is_no_survey() -> None:
    assert recognised(["customer_id", "date", "score", "event"]) is None
    assert recognised(["customer_id", "date", "score"]) is not None


def test_a_preset_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = tmp_path / "presets"
    mine.mkdir()
    (mine / "till.toml").write_text(
        'title = "Our till"\nnotes = "Receipts."\nrecognise = ["bon", "kaart", "tijd"]\n'
        '[[feeds]]\nname = "till"\ncolumns = { id = "kaart", at = "tijd" }\n'
        'constants = { event = "receipt", channel = "store" }\n'
        '[stages]\npurchase = ["receipt"]\n'
    )
    monkeypatch.setenv("JOURNEY_PRESETS", str(mine))
    done = initialise(export(tmp_path, "bon,kaart,tijd\n1,a,2024-01-05\n2,a,2024-01-06"))
    assert done.recognised == "Our till" and done.log.customers == 1
    assert set(done.log.table.to_pandas()["channel"]) == {"store"}


def test_a_preset_that_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "till.toml"
    file.write_text('title = "x"\nnotes = "y"\nrecognize = ["z"]\n')
    data = export(tmp_path, NPS)
    with pytest.raises(JourneyFileError, match="there is no key 'recognize'"):
        initialise(data, use=str(file))
    with pytest.raises(JourneyFileError, match="there is no preset 'shopfy'"):
        initialise(data, use="shopfy")
    with pytest.raises(JourneyFileError, match="do not look like Stripe"):
        initialise(data, use="stripe_subscriptions")
