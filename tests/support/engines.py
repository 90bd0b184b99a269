"""The same log on every engine: DuckDB, a real PostgreSQL and a real Spark."""

from __future__ import annotations

import importlib.util
import itertools
import os
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import duckdb
import ibis
import pyarrow.parquet as pq
import pytest
from logs import write_log

import journeylib as jl

OTHERS = ("postgres", "spark")
# few partitions, a small heap and no code generated: the tables are small
SPARK = "pyspark://local[2]?" + urlencode(
    {
        "spark.sql.shuffle.partitions": "1",
        "spark.default.parallelism": "2",
        "spark.driver.memory": "2g",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "OFF",
    }
)
_number = itertools.count()


def spark_is_there() -> bool:
    """Whether Spark's package and a Java are installed."""
    java = shutil.which("java") is not None or "JAVA_HOME" in os.environ
    return java and importlib.util.find_spec("pyspark") is not None


class Engine:
    """Opens literal tables and Parquet files where one engine keeps its tables.

    Parameters
    ----------
    name
        ``"duckdb"``, or one of ``OTHERS``.
    url
        Of the database; None for the embedded DuckDB.
    """

    def __init__(self, name: str, url: str | None) -> None:
        self.name, self.url = name, url

    def open(self, folder: Path, events: str, /, **changes: Any) -> jl.EventLog:
        """A literal table as an event log; types are those that a CSV file shows.

        Moments without an offset are timestamps, others stay text.
        """
        write_log(folder, events, **changes)
        connection = duckdb.connect()
        csv = connection.read_csv(
            str(folder / "events.csv"), dtype={"id": "VARCHAR", "at": "VARCHAR"}, sample_size=-1
        )
        if not csv.filter("""regexp_matches("at", '[+-]..:..$|Z$')""").limit(1).fetchall():
            csv = csv.select('* replace ("at"::timestamp as "at")')
        csv.write_parquet(str(folder / "events.parquet"))
        connection.close()
        source = self.source(folder / "events.parquet")
        return jl.open_log(jl.read_journey(write_log(folder, events, **changes, source=source)))

    def source(self, file: Path) -> dict[str, str]:
        """What a journey file says under ``[source]``, once the engine has the file's rows."""
        if self.name == "duckdb":
            return {"path": str(file)}
        assert self.url is not None
        if self.name == "spark":
            return {"url": self.url, "path": str(file)}
        os.environ["JOURNEY_TEST_DB"] = self.url
        table = f"events_{next(_number)}"
        connection = ibis.connect(self.url)
        connection.create_table(table, pq.read_table(file))
        connection.raw_sql(f"ANALYZE {table}").close()
        connection.disconnect()
        return {"url": "env:JOURNEY_TEST_DB", "table": table}


DUCKDB = Engine("duckdb", None)


@pytest.fixture(scope="session", params=OTHERS)
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each of the other engines in turn; what is not installed is skipped with a reason."""
    if request.param == "postgres":
        return Engine("postgres", request.getfixturevalue("postgres_url"))
    if not spark_is_there():
        if os.environ.get("CI") == "true":
            pytest.fail("Spark (pyspark and Java) is required in CI")
        pytest.skip("Spark: pyspark and Java")
    return Engine("spark", SPARK)
