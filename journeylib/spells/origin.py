"""What is known at the origin: the row that starts the clock, and the customer's attributes.

Shared by everything that turns a log into spells. Where several rows could start
the clock at the same moment, the one whose values sort first is taken, so that
the answer does not depend on the order of rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from journeylib.errors import DataError, nearest
from journeylib.events import EventLog, Meaning, attributes
from journeylib.events.attributes import KNOWN, LATER, SINCE
from journeylib.events.times import PERIODS, period_text
from journeylib.spells.core import CORE

# built-in columns: when the clock started
COHORTS = {f"origin_{period}": period for period in PERIODS}


@dataclass(frozen=True)
class Covariates:
    """Columns asked for in ``by``: from the origin's row, from the attributes, from its date.

    Parameters
    ----------
    rows
        Name asked for -> column of the log.
    attributes
        Names of columns of the attributes.
    names
        All, in the order asked for.
    cohorts
        Those of ``COHORTS`` asked for.
    """

    rows: dict[str, str]
    attributes: tuple[str, ...]
    names: tuple[str, ...]
    cohorts: tuple[str, ...] = ()


def covariates(log: EventLog, by: str | Sequence[str] | None) -> Covariates:
    """Find where each column of ``by`` comes from.

    The log wins over the attributes, and both over the built-in names of ``COHORTS``.

    Raises
    ------
    DataError
        For a column that none has, named twice, or named as spells name theirs.
    """
    names = () if by is None else (by,) if isinstance(by, str) else tuple(by)
    known = () if log.attributes is None else log.attributes.drop("id").columns
    known = tuple(name for name in known if name != SINCE)
    rows, joined, cohorts = {}, [], []
    for name in names:
        if name in log.table.columns or name in log.own_names:
            rows[name] = log.column(name)
        elif name in known:
            joined.append(name)
        elif name in COHORTS:
            cohorts.append(name)
        else:
            allowed = [*log.table.columns, *log.own_names, *known, *COHORTS]
            raise DataError(
                f"neither the log nor the attributes have a column {name!r}",
                where="by",
                fix=nearest(name, allowed),
            )
        need_free(name, names)
    return Covariates(rows, tuple(joined), names, tuple(cohorts))


def need_free(name: str, names: Sequence[str]) -> None:
    """Raise for a name that would clash with another column of the spells."""
    if names.count(name) > 1:
        raise DataError(f"by names {name!r} twice", where="by")
    if name.lower() in CORE or name.startswith("_"):
        raise DataError(
            f"spells cannot carry a column {name!r}: they use such names themselves",
            where="by",
            fix="map the column to a name of ours in [columns], and use that name here",
        )


def own_names(log: EventLog, kept: Sequence[str]) -> dict[str, str]:
    """Every other name of the columns that spells keep: ours or the source's own."""
    aliases = {own: ours for own, ours in log.own_names.items() if ours in ("id", *kept)}
    ours = {ours: own for own, ours in log.own_names.items() if own in kept and ours not in kept}
    return {**aliases, **{name: own for name, own in ours.items() if name not in CORE}}


def at_origin(
    rows: ir.Table, origin: Meaning, keys: Sequence[str], values: dict[str, ir.Value]
) -> ir.Table:
    """One row a key: ``values`` as the earliest row meant by ``origin`` has them.

    Parameters
    ----------
    rows
        Events with ``at`` and the keys.
    origin
        Which rows may start the clock.
    keys
        Columns that tell spells apart.
    values
        New name -> expression over ``rows``.
    """
    starts = rows.filter(origin.holds(rows))
    chosen = starts.select(*keys, _at=starts["at"], **values)
    ordered = [chosen["_at"].asc(), *(chosen[n].asc(nulls_first=False) for n in values)]
    window = ibis.window(group_by=list(keys), order_by=ordered)
    ranked = chosen.mutate(_rank=ibis.row_number().over(window))
    return ranked.filter(ranked["_rank"] == 0).drop("_rank", "_at")


def with_attributes(log: EventLog, base: ir.Table, names: Sequence[str]) -> ir.Table:
    """Join attributes as of the origin; ``_known`` says whether the customer is among them."""
    if not names or log.attributes is None:
        return base.mutate(**{KNOWN: ibis.literal(True), LATER: ibis.literal(False)})
    return attributes.at_origin(log.attributes, base, names)


def with_cohorts(log: EventLog, base: ir.Table, names: Sequence[str]) -> ir.Table:
    """Add columns of ``COHORTS``, from the tick ``_origin``, as text that sorts by time."""
    texts = {name: period_text(base["_origin"], COHORTS[name], log.window) for name in names}
    return base.mutate(**texts) if texts else base
