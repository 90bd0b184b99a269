"""What is known of a customer at the origin, and never anything that came to light later.

Attributes are one row a customer; or, where the journey names ``valid_from``, one row
each time that something changed. Then the latest row not after the origin counts: by
day the origin's whole day is not after it.
"""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from journeylib.errors import DataError
from journeylib.events.intake import as_number, need_columns
from journeylib.events.moments import read as read_moments
from journeylib.events.stitch import id_text
from journeylib.events.times import ticks
from journeylib.journey import Journey

SINCE = "_since"
KNOWN = "_known"
LATER = "_later"
MEASURED = "_measured"


def known_attributes(raw: ir.Table | None, journey: Journey) -> ir.Table | None:
    """The attributes under the name ``id`` and the columns that the journey names.

    With ``valid_from`` there is also ``_since``, in ticks; rows without a readable
    one are left out, since nobody knows from when on they held. With ``measured_at``
    there is also ``_measured``, in ticks, which the bias audit reads.

    Raises
    ------
    DataError
        For a missing column; when a customer has two rows that hold at once.
    """
    named = journey.attributes
    if raw is None or named is None:
        return None
    where = f"{journey.file}, key attributes"
    since = [c for c in (named.valid_from, named.measured_at) if c]
    need_columns(raw, [named.id, *since, *(named.columns or ())], "the attributes", where)
    columns = named.columns or tuple(c for c in raw.columns if c not in (named.id, *since))
    ids = raw[named.id]
    if journey.identities is not None:
        ids = id_text(ids)
    known = raw.select(
        id=ids,
        **{c: as_number(raw[c]) for c in columns if c != named.id},
        **({SINCE: _since(raw, journey, named.valid_from)} if named.valid_from else {}),
        **({MEASURED: _since(raw, journey, named.measured_at)} if named.measured_at else {}),
    )
    if named.valid_from:
        known = known.filter(known[SINCE].notnull())
    keys = ["id", *([SINCE] if named.valid_from else [])]
    named_ones = known.filter(known["id"].notnull())
    counted = named_ones.group_by(keys).aggregate(rows=named_ones.count())
    twice = counted.aggregate(n=(counted["rows"] - 1).sum().fill_null(0)).to_pandas()["n"][0]
    if twice:
        raise DataError(
            f"the attributes have {int(twice):,} row(s) more than ids in {named.id!r}"
            + (f" at one {named.valid_from!r}" if named.valid_from else ""),
            where=named.source.label,
            fix="keep one row a customer: what was known at the origin; or name the column "
            "that says from when on a row holds: [attributes] valid_from",
        )
    return known


def at_origin(known: ir.Table, base: ir.Table, names: Sequence[str]) -> ir.Table:
    """Join attributes to spells as they were at the origin.

    Parameters
    ----------
    known
        Of :func:`known_attributes`.
    base
        With ``id`` and ``_origin`` in ticks.
    names
        Of the attributes.

    Returns
    -------
    ibis table
        ``base`` with the attributes, ``_known`` (whether there are any) and
        ``_later`` (there are, but only of after the origin).
    """
    known = known.select(
        **{n: known[n] for n in names},
        _attribute_id="id",
        **({SINCE: known[SINCE]} if SINCE in known.columns else {}),
    )
    left, right = base["id"], known["_attribute_id"]
    if left.type().is_string() != right.type().is_string():
        known = known.mutate(_attribute_id=id_text(right))
        left, right = id_text(left), known["_attribute_id"]
    if SINCE not in known.columns:
        joined = base.left_join(known, left == right)
        found = {KNOWN: joined["_attribute_id"].notnull(), LATER: ibis.literal(False)}
        return joined.mutate(**found).drop("_attribute_id")
    return _latest(known, base.mutate(_attribute_key=left), names)


def _latest(known: ir.Table, base: ir.Table, names: Sequence[str]) -> ir.Table:
    """Of each customer's rows the latest not after the origin."""
    asked = base.select("_attribute_key", _asked="_origin").distinct()
    rows = asked.inner_join(known, asked["_attribute_key"] == known["_attribute_id"])
    usable = rows.filter(rows[SINCE] <= rows["_asked"])
    latest = ibis.window(group_by=["_attribute_key", "_asked"], order_by=usable[SINCE].desc())
    ranked = usable.mutate(_rank=ibis.row_number().over(latest))
    chosen = ranked.filter(ranked["_rank"] == 0).select(
        _chosen="_attribute_key", _at="_asked", **{n: ranked[n] for n in names}
    )
    ever = known.select(_ever="_attribute_id").distinct()
    joined = base.left_join(
        chosen, [base["_attribute_key"] == chosen["_chosen"], base["_origin"] == chosen["_at"]]
    )
    joined = joined.left_join(ever, joined["_attribute_key"] == ever["_ever"])
    found = joined["_chosen"].notnull()
    later = ~found & joined["_ever"].notnull()
    return joined.mutate(**{KNOWN: found, LATER: later}).select(
        *(c for c in base.columns if c != "_attribute_key"), *names, KNOWN, LATER
    )


def _since(raw: ir.Table, journey: Journey, name: str | None) -> ir.IntegerValue:
    named = journey.attributes
    assert named is not None and name is not None
    form = named.source.time_format
    return ticks(read_moments(raw[name], journey.window, name, form).at, journey.window.resolution)
