"""Results that the database keeps, so that events are read once however often they are used."""

from __future__ import annotations

import ibis.expr.types as ir
import sqlglot as sg


def keep(table: ir.Table) -> ir.Table:
    """A lazy table computed once, where the data live; dropped when nobody uses it any more.

    Parameters
    ----------
    table
        Any expression over the tables of one connection.

    Examples
    --------
    >>> import ibis
    >>> keep(ibis.memtable({"at": [1, 2]})).count().to_pandas()
    2
    """
    backend = table._find_backend(use_default=True)
    if backend.name == "pyspark":
        # ibis 12 tells Spark of tables in memory before a query, but not before a cache
        backend._run_pre_execute_hooks(table)
    kept = table.cache()
    if backend.name == "postgres":
        # what is temporary it never looks at by itself, and then joins it row by row
        name = sg.to_identifier(kept.op().name, quoted=True).sql("postgres")
        backend.raw_sql(f"ANALYZE {name}").close()
    return kept
