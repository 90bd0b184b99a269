"""``journey init``: what is guessed, what is refused, and where it is written."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from logs import journey_text

import journeylib as jl
from journeylib.cli import main
from journeylib.errors import DataError, JourneyFileError
from journeylib.journey.guess import guess
from journeylib.journey.initialise import initialise

ROOT = Path(__file__).resolve().parents[2]
HEADER = "Klant nr,Customer ID,When,Action,Channel,Amount,Note"


def shop(customers: int = 60, form: str = "%d/%m/%Y %H:%M") -> str:
    """Customers of a shop: an ad each, a product looked at by two in three, an order by half."""
    draw = random.Random(1)
    start = pd.Timestamp("2024-01-01")
    lines = [HEADER]
    for i in range(customers):
        at = start + pd.Timedelta(minutes=draw.randint(0, 60 * 24 * 60))
        for action, share in (("ad click", 1), ("product view", 2 / 3), ("order placed", 3 / 4)):
            if draw.random() > share:
                break
            paid = f"{draw.random() * 99:.2f}" if action == "order placed" else ""
            lines.append(f"{i % 7},C{i:03},{at.strftime(form)},{action},web,{paid},x{i}")
            at += pd.Timedelta(hours=draw.randint(1, 900))
    return "\n".join(lines) + "\n"


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    file = tmp_path / "My shop.csv"
    file.write_text(shop())
    return file


def test_a_journey_file_that_explains_itself(csv: Path) -> None:
    done = initialise(csv)
    journey = jl.read_journey(done.file)
    assert done.file == csv.parent / "journey.toml" and done.recognised is None
    assert journey.columns == {
        **{"id": "Customer ID", "at": "When", "event": "Action"},
        **{"channel": "Channel", "value": "Amount"},
    }
    assert journey.source.time_format == "%d/%m/%Y %H:%M"
    assert dict(journey.stages) == {
        "awareness": ("ad click",),
        "consideration": ("product view",),
        "purchase": ("order placed",),
    }
    rows = pd.read_csv(csv)
    last = pd.to_datetime(rows["When"], dayfirst=True).max().date()
    assert str(journey.window.cutoff) == str(last - pd.Timedelta(days=1))  # the last complete day
    assert done.log.audit.came_in == len(rows) and done.log.customers == 60
    assert done.log.audit.dropped["unparsable time"] == 0
    text = done.file.read_text()
    assert "# 60 different ones" in text and "read it before you believe it" in text


def test_three_commands(csv: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """init, check and run, as a newcomer would type what was printed."""
    assert main(["init", str(csv)]) == 0
    printed = [line.strip() for line in capsys.readouterr().out.splitlines()]
    commands = [line.split() for line in printed if line.startswith("journey ")]
    assert [command[1] for command in commands] == ["check", "run", "run"]
    assert main([part.strip("'") for part in commands[0][1:]]) == 0
    out = csv.parent / "reports"
    assert main([*commands[2][1:], "-p", "minimum=1", "--out", str(out)]) == 0
    page = next(out.glob("run-*.html")).read_text()
    assert "purchase" in page and "Traceback" not in page


def test_the_readme_tells_what_happens(
    samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    """Its example on a real file, typed as it stands there, up to the report."""
    told = (ROOT / "README.md").read_text().split("```console\n")[1].split("```")[0].splitlines()
    folder = tmp_path / "data" / "music"
    folder.mkdir(parents=True)
    shutil.copy(samples / "cdnow" / "events.parquet", folder)
    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks")
    monkeypatch.chdir(tmp_path)
    assert told[1] == "$ .venv/bin/journey init data/music/events.parquet"
    assert main(["init", "data/music/events.parquet"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert [line.replace(f"{tmp_path}/", "") for line in printed] == told[2:]
    assert main([*printed[-1].split()[1:], "--out", str(tmp_path / "reports")]) == 0
    page = next((tmp_path / "reports").glob("run-*.html")).read_text()
    assert "23,570" in page and "11,516" in page


def test_nothing_is_written_over(csv: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = csv.parent / "journey.toml"
    file.write_text("mine")
    assert main(["init", str(csv)]) == JourneyFileError.exit_code
    assert "--force writes over it" in capsys.readouterr().err and file.read_text() == "mine"
    assert main(["init", str(csv), "--force"]) == 0
    assert jl.read_journey(file).unit == "days"


def test_where_it_is_written(csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = initialise(csv, out=tmp_path / "else where")
    assert jl.open_log(jl.read_journey(elsewhere.file)).customers == 60
    other = tmp_path / "data" / "other"
    other.mkdir(parents=True)
    (other / "journey.toml").write_text(journey_text(["id", "at", "event"]))
    assert initialise(csv).file == tmp_path / "data" / "my_shop" / "journey.toml"
    monkeypatch.chdir(tmp_path)
    assert jl.open_log(jl.read_journey("my_shop")).customers == 60
    (other / "more.csv").write_text(shop())
    with pytest.raises(JourneyFileError, match="there is a journey file already"):
        initialise(other / "more.csv")  # a folder of data holds one journey


def test_a_log_of_purchases_alone(tmp_path: Path) -> None:
    rows = [f"{c},2024-0{m}-05,{c + m}.5" for c in range(9) for m in (1, 2, 3)]
    (tmp_path / "sales.csv").write_text("\n".join(["kunde,datum,amount", *rows]))
    done = initialise(tmp_path / "sales.csv")
    assert done.log.journey.columns["id"] == "kunde"
    assert done.log.counts()["event"].tolist() == ["purchase"]
    assert any("-p occurrence=2" in command for command in done.commands)


def test_a_table_of_a_duckdb_file(tmp_path: Path) -> None:
    file = tmp_path / "shop.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute(
            "CREATE TABLE log AS SELECT i % 9 AS user_id, TIMESTAMP '2024-01-01 10:00:00' "
            "+ to_days(i::INT) AS ts, 'visit' AS event FROM range(50) t(i)"
        )
        connection.execute(  # an amount of money is nobody
            "CREATE TABLE sold AS SELECT 'k' || i % 9 AS kunde, DATE '2024-01-01' + i::INT AS day, "
            "(i % 40 + 0.5)::DECIMAL(9, 2) AS betrag FROM range(50) t(i)"
        )
    done = initialise(file, table="log")
    assert done.log.customers == 9 and done.log.audit.came_in == 50
    sold = initialise(file, table="sold", out=tmp_path / "sold")
    assert sold.log.journey.columns["id"] == "kunde" and sold.log.customers == 9
    with pytest.raises(JourneyFileError, match="which table"):
        initialise(file, out=tmp_path / "x")


ROW = "a,2024-01-05,b\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id,at,event\n", "the table has no rows"),
        ("id,event\na,b\na,c\n", "no column holds moments"),
        ("at,size\n2024-01-05,1.5\n2024-01-06,2.5\n", "no column can be the customer"),
        ("id,at\na,01/02/2024\na,02/03/2024\n", "could be a day of two months"),
        ("a,2024-01-05,visit\nb,2024-01-06,order\n", "first row holds values, such as '2024"),
        (f"id,at,event\n{ROW * 30}a,2024-01-05,b,c\n{ROW * 20}", "read as a single column"),
        ("at,event,amount\n" + "2024-01-05,visit,3\n2024-01-06,order,4\n" * 5, "no column can be"),
    ],
)
def test_what_cannot_be_found_out_is_said(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "events.csv").write_text(text)
    with pytest.raises(DataError, match=said):
        initialise(tmp_path / "events.csv")
    assert not (tmp_path / "journey.toml").exists()


def test_an_address_stays_out_of_the_shells_memory() -> None:
    with pytest.raises(JourneyFileError, match="does not belong on a command line") as caught:
        initialise("postgres://ann:s3cret@db/shop", table="events")
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        ("household_id timestamp event campaign_type sales_value", "household_id timestamp event"),
        ("case_id timestamp activity lifecycle amount_req", "case_id timestamp activity"),
        ("visitor_id event_time event_type utm_medium", "visitor_id event_time event_type"),
        ("email created_at type score", "email created_at type"),
    ],
)
def test_names_that_logs_have(columns: str, found: str) -> None:
    import ibis

    names = columns.split()
    values = {
        name: pd.to_datetime(["2024-01-05", "2024-01-06"] * 5)
        if name in found.split()[1]
        else [1.5, 2.5] * 5
        if name in ("sales_value", "amount_req", "score")
        else ["a", "b"] * 5
        for name in names
    }
    columns_found = guess(ibis.memtable(pd.DataFrame(values))).columns
    assert [columns_found[ours] for ours in ("id", "at", "event")] == found.split()
