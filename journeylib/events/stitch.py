"""One customer, several ids: who an anonymous visitor turned out to be.

Pairs of an anonymous id and a customer come from a table, or from the rows where
somebody logged in. Every row of an anonymous id becomes the customer's, also those
before the login: a first touch is not lost because nobody had said yet who they were.
Pairs that became known only after the cutoff are not used, so that a report with a
cutoff does not change when more data arrive.

An anonymous id that belongs to two customers (a shared device) is nobody's: its rows
stay under their own id, and are counted.
"""

from __future__ import annotations

from collections.abc import Callable

import ibis
import ibis.expr.types as ir

from journeylib.events.times import Span
from journeylib.journey.feeds import Identities

STITCHED = "stitched from an anonymous id to a customer"
CONFLICT = "under an anonymous id of several customers, kept under their own id"
UNRESOLVED = "under an id that the identities do not know"
STATUS = "_stitched"


def id_text(column: ir.Value) -> ir.StringValue:
    """An id as text, so that the number 7, the number 7.0 and the text 7 are one customer."""
    kind = column.type()
    if kind.is_string():
        return column.strip().nullif("")
    if kind.is_floating() or kind.is_decimal():
        number = column.cast("float64")
        usable = ibis.ifelse(number.isnan(), ibis.null("float64"), number)
        whole = usable == usable.floor()
        return ibis.ifelse(whole, usable.cast("int64").cast("string"), usable.cast("string"))
    return column.cast("string")


def from_table(
    pairs: ir.Table, identities: Identities, known_by: Callable[[ir.Value], ir.BooleanValue]
) -> ir.Table:
    """Pairs of a table, as ``_anonymous, _customer``; those known by the cutoff."""
    if identities.since is not None:
        pairs = pairs.filter(known_by(pairs[identities.since]))
    return pairs.select(
        _anonymous=id_text(pairs[identities.anonymous]),
        _customer=id_text(pairs[identities.customer]),
    )


def from_logins(
    table: ir.Table, identities: Identities, span: Span, column: Callable[[str], str]
) -> ir.Table:
    """Pairs that the log's own rows tell by the cutoff, as ``_anonymous, _customer``."""
    rows = table.filter(~span.after(table["at"]))
    if identities.event is not None:
        rows = rows.filter(rows["event"] == identities.event)
    return rows.select(
        _anonymous=id_text(rows[column(identities.anonymous)]),
        _customer=id_text(rows[column(identities.customer)]),
    )


def stitch(table: ir.Table, pairs: ir.Table) -> ir.Table:
    """Every row under its customer's id where that is known.

    Parameters
    ----------
    table
        With ``id`` and possibly ``anonymous``, which stands in where the id is missing.
    pairs
        ``_anonymous, _customer``, any number of times.

    Returns
    -------
    ibis table
        ``id`` is text; ``_stitched`` says what became of it, or is missing where the
        id was a customer's from the start.
    """
    key = id_text(table["id"])
    if "anonymous" in table.columns:
        key = ibis.coalesce(key, id_text(table["anonymous"]))
    keyed = table.mutate(id=key)
    pairs = pairs.filter(
        pairs["_anonymous"].notnull()
        & pairs["_customer"].notnull()
        & (pairs["_anonymous"] != pairs["_customer"])
    )
    links = _links(pairs)
    joined = keyed.left_join(links, keyed["id"] == links["_anonymous"])
    customers = pairs.select(_known="_customer").distinct()
    joined = joined.left_join(customers, joined["id"] == customers["_known"])
    status = ibis.cases(
        (joined["_customer"].notnull(), STITCHED),
        (joined["_anonymous"].notnull(), CONFLICT),
        (joined["id"].notnull() & joined["_known"].isnull(), UNRESOLVED),
        else_=ibis.null("string"),
    )
    return joined.select(
        **{name: joined[name] for name in table.columns if name != "id"},
        id=ibis.coalesce(joined["_customer"], joined["id"]),
        **{STATUS: status},
    ).select(*table.columns, STATUS)


def _links(pairs: ir.Table) -> ir.Table:
    """One row an anonymous id: its customer, or none where it has several.

    Where the customer is itself an anonymous id of one customer, that one is meant.
    """
    counted = pairs.group_by("_anonymous").aggregate(
        _one=pairs["_customer"].min(), _customers=pairs["_customer"].nunique()
    )
    links = counted.select(
        "_anonymous",
        _customer=ibis.ifelse(counted["_customers"] == 1, counted["_one"], ibis.null("string")),
    )
    onward = links.select(_from="_anonymous", _to="_customer")
    hop = links.left_join(onward, links["_customer"] == onward["_from"])
    further = hop["_to"].notnull() & (hop["_to"] != hop["_anonymous"])
    return hop.select("_anonymous", _customer=ibis.ifelse(further, hop["_to"], hop["_customer"]))
