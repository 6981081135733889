"""The counts that the delivery pace comes from, and how they follow the log.

What was logged, reported or erased since the last time names the orders to look at. Each is taken out of the cells
that it counted in and counted as it stands now: a correction, a cancellation or an erasure leaves nothing behind, and
an order that is looked at twice counts once. The counts, and what they count, are written in one transaction.

A champion that groups orders otherwise has the log counted anew, in parts of a transaction each.
"""

import io
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import repeat
from math import inf
from time import monotonic
from typing import Any

import numpy as np
from sqlalchemy import Row, func, select, text
from sqlalchemy.orm import Session

from common.database.counted import BOUGHT_WHEN_ASKED, COUNTED, TOLERANCE, TRUSTED_KEYS
from common.database.tables import ApiKey, CountedOrder, PaceBasis
from monitor.log.marks import LONGEST_WRITE
from monitor.pace.cells import NONE, Cells, CountedOrders, Ints
from monitor.pace.grouping import Grouping

FINE, COARSE = 60, 1
MOST_FINE = 250_000
"""Orders that are counted finely: of few orders each changes the pace, of many the cells must not grow more."""

COUNTING_SECONDS = 20.0
"""In parts of so long the monitor has the log counted anew: other tasks have their turn between them."""

AT_ONCE = 20_000
DAY = timedelta(days=1)


def keep_counts(session: Session, grouping: Grouping, present: datetime, seconds: float = inf) -> Cells | None:
    """Bring the counts up to date, all anew if orders are grouped otherwise than before; the cells that they are in.

    seconds: to count anew, about. None when they were not enough: what is counted by then is counted, and the next call
    goes on there. What happens meanwhile is news to the call that comes to the end.
    """
    session.execute(text("SELECT pg_advisory_xact_lock(hashtext('pace_counts'))"))
    basis = session.get(PaceBasis, 1) or PaceBasis(id=1, grouping="")
    keys, oldest = sorted(session.scalars(text(TRUSTED_KEYS))), grouping.oldest(present)
    now = session.scalars(select(func.now())).one() - LONGEST_WRITE
    begins = basis.grouping != grouping.name or basis.present > present or basis.oldest > oldest
    if begins:
        basis.resolution = COARSE if Counts.orders(session) > MOST_FINE else FINE
        basis.grouping, basis.oldest, basis.present, basis.keys = grouping.name, oldest, present, keys
        basis.owners = []
        basis.until, basis.counted_until = now, oldest
        session.execute(_EMPTY)
    if basis.counted_until is not None and not _counted(session, grouping, basis, seconds):
        session.add(basis)
        return None
    if not begins:
        counts = Counts(session, grouping, oldest, present, keys, basis.owners)
        counts.follow(grouping.cells(basis.resolution), basis)
        basis.owners = counts.owners
        basis.oldest, basis.present, basis.keys, basis.until = oldest, present, keys, now
        if basis.resolution == FINE and Counts.orders(session) > MOST_FINE:
            _count_coarsely(session, basis)
            return keep_counts(session, grouping, present, seconds)
    session.add(basis)
    session.flush()
    return grouping.cells(basis.resolution)


def is_counting(session: Session) -> bool:
    """Whether the next call of `keep_counts` goes on with what the last one had no time for."""
    basis = session.get(PaceBasis, 1)
    return basis is not None and basis.counted_until is not None


def _counted(session: Session, grouping: Grouping, basis: PaceBasis, seconds: float) -> bool:
    """Go on counting the whole log, day of purchase by day of purchase; whether all of it is counted."""
    end = monotonic() + seconds
    counts = Counts(session, grouping, basis.oldest, basis.present, basis.keys, basis.owners)
    while basis.counted_until is not None:
        basis.counted_until = counts.count_a_day(grouping.cells(basis.resolution), basis.counted_until)
        basis.owners = [*counts.owners]
        if basis.resolution == FINE and Counts.orders(session) > MOST_FINE:
            _count_coarsely(session, basis)
        if basis.counted_until is not None and monotonic() > end:
            return False
    basis.next_due = counts.next_due()
    return True


def _count_coarsely(session: Session, basis: PaceBasis) -> None:
    """Begin again, as there are too many orders for fine cells."""
    basis.resolution, basis.counted_until = COARSE, basis.oldest
    session.execute(_EMPTY)


class Counts:
    """The tables `pace_counts` and `counted_orders` in one transaction.

    oldest: purchases from then on count. keys: of whose asking orders count. owners: of the keys that counted orders
    came by; the tables know each by its place in the list.
    """

    def __init__(
        self,
        session: Session,
        grouping: Grouping,
        oldest: datetime,
        present: datetime,
        keys: list[str],
        owners: Sequence[str],
    ) -> None:
        self.owners = [*owners]
        self._session = session
        self._grouping = grouping
        self._given: dict[str, Any] = {"oldest": oldest, "present": present, "keys": keys}

    def count_a_day(self, cells: Cells, begin: datetime) -> datetime | None:
        """Count the orders bought from then on for a day, the last one with all later ones; its end, None then."""
        end = begin + DAY
        is_last = end > self._given["present"] + DAY  # a wrong clock's orders are in the last
        span = {"begin": begin, "end": "infinity" if is_last else end}
        rows = self._session.execute(_OF_DAY, self._given | span, execution_options={"yield_per": AT_ONCE})
        for part in rows.partitions():
            self._add(cells, part, [])
        return None if is_last else end

    def follow(self, cells: Cells, basis: PaceBasis) -> None:
        """Count what has changed since the basis was written; what is too old by now is forgotten."""
        self._session.execute(_FORGET, {"day": self._grouping.today(self._given["oldest"])})
        changes = {"since": basis.until, "was_oldest": basis.oldest, "was": basis.present}
        keys = self._changed_keys(basis)
        due = basis.next_due is not None and basis.next_due <= self._given["present"]
        asked = [_NEWS, *([_OF_KEYS] if keys else []), *([_COME] if due else [])]
        changed = text(" UNION ".join(asked))
        given = self._given | changes | {"changed_keys": keys}
        orders = self._session.scalars(changed, given, execution_options={"yield_per": AT_ONCE})
        for ids in orders.partitions():
            gone = self._session.execute(_TAKE_OUT, {"ids": ids}).all()
            rows = self._session.execute(_OF_ORDERS, self._given | {"ids": ids}).all()
            self._add(cells, rows, gone)
        soonest = self.next_due() if due else self.next_due(basis.until)
        basis.next_due = soonest if due else min(filter(None, (basis.next_due, soonest)), default=None)

    def _changed_keys(self, basis: PaceBasis) -> list[str]:
        """Those whose orders count no longer, or only now; what a new key asked is news by itself."""
        changed = set(basis.keys) ^ set(self._given["keys"])
        new = select(ApiKey.id).where(ApiKey.id.in_(changed), ApiKey.created_at > basis.until)
        return sorted(changed.difference(self._session.scalars(new))) if changed else []

    @staticmethod
    def orders(session: Session) -> int:
        """How many are counted."""
        return session.scalars(select(func.count()).select_from(CountedOrder)).one()

    def next_due(self, since: datetime | None = None) -> datetime | None:
        """When the first delivery comes that is too far ahead to be true; of those reported since then, or of all."""
        moment: datetime | None = self._session.scalar(_NEXT_DUE, self._given | {"since": since})
        return moment

    def _add(self, cells: Cells, rows: Sequence[Row[Any]], gone: Sequence[Row[Any]]) -> None:
        """Count the rows, and no longer those that are gone from `counted_orders`."""
        columns = dict(zip(_COLUMNS, zip(*rows, strict=True) if rows else repeat(()), strict=False))
        hashes = columns.pop("hash")
        owners = self._places_of(columns.pop("owner"))
        if rows:
            counted = self._grouping.counted(columns, cells)
        else:
            counted = CountedOrders(*(np.empty(0, dtype=np.int64) for _ in CountedOrders._fields))
        self._remember(hashes, counted, owners)
        *out, gone_owners = np.array([tuple(row) for row in gone], dtype=np.int64).reshape(-1, 4).T
        self._change((counted, owners), (CountedOrders(*out), gone_owners))

    def _places_of(self, owners: Sequence[str]) -> Ints:
        """Where owners stand in the list; new ones are added to it."""
        self.owners.extend(dict.fromkeys(owner for owner in owners if owner not in self.owners))
        places = {owner: place for place, owner in enumerate(self.owners)}
        return np.array([places[owner] for owner in owners], dtype=np.int64)

    def _remember(self, hashes: Sequence[str], counted: CountedOrders, owners: Ints) -> None:
        days = counted.day.astype("datetime64[D]").tolist()
        arrived = ["\\N" if cell == NONE else cell for cell in counted.arrived.tolist()]
        rows = zip(hashes, days, counted.waiting.tolist(), arrived, owners.tolist(), strict=True)
        lines = io.StringIO(
            "".join(f"{order}\t{day}\t{waiting}\t{cell}\t{owner}\n" for order, day, waiting, cell, owner in rows)
        )
        connection: Any = self._session.connection().connection
        with connection.cursor() as cursor:
            cursor.copy_expert("COPY counted_orders (hash, day, waiting, arrived, owner) FROM STDIN", lines)

    def _change(self, more: tuple[CountedOrders, Ints], less: tuple[CountedOrders, Ints]) -> None:
        parts = [
            (each.day, cell, owners, np.full(len(owners), sign))
            for (each, owners), sign in ((more, 1), (less, -1))
            for cell in (each.waiting, each.arrived)
        ]
        days, cells, owners, signs = map(np.concatenate, zip(*parts, strict=True))
        valid = cells != NONE
        at, inverse = np.unique(np.stack([days[valid], cells[valid], owners[valid]]), axis=1, return_inverse=True)
        change: Ints = np.bincount(inverse.ravel(), signs[valid], minlength=at.shape[1]).astype(np.int64)
        moved = change != 0
        places = dict(zip(("days", "cells", "owners"), at[:, moved].tolist(), strict=True))
        values = {**places, "orders": change[moved].tolist()}
        self._session.execute(_CHANGE, values)


_EMPTY = text("TRUNCATE pace_counts, counted_orders")

_HASH = "encode(substring(sha256(convert_to({}, 'UTF8')) FOR 16), 'hex')"

_COLUMNS = (
    "hash",
    "owner",
    "seller_zip_code_prefix",
    "customer_lat",
    "customer_lng",
    "further",
    "purchase_timestamp",
    "delivered_at",
)

_ORDERS = f"""
    SELECT DISTINCT ON (order_id)
           {_HASH.format("order_id")} AS hash, coalesce(api_keys.owner, '') AS owner,
           seller_zip_code_prefix, customer_lat, customer_lng, further,
           purchase_timestamp AT TIME ZONE 'UTC' AS purchase_timestamp, delivered_at AT TIME ZONE 'UTC' AS delivered_at
    FROM predictions LEFT JOIN actuals USING (order_id) LEFT JOIN api_keys ON api_keys.id = predictions.key_id
    WHERE role = 'champion' AND {BOUGHT_WHEN_ASKED} AND {COUNTED} AND predictions.key_id = ANY(:keys)
      AND purchase_timestamp >= :oldest AND %s
    ORDER BY order_id, predictions.purchase_timestamp, predicted_at, predictions.id
"""  # noqa: S608

_OF_ORDERS = text(_ORDERS % "order_id = ANY(:ids)")

_OF_DAY = text(
    _ORDERS
    % f"""order_id IS NOT NULL AND purchase_timestamp >= :begin AND purchase_timestamp < :end
      AND NOT EXISTS (SELECT FROM counted_orders WHERE hash = CAST({_HASH.format("order_id")} AS uuid))"""
)
"""An order that was asked again on a later day has been counted by then."""

_NEWS = """
    SELECT order_id FROM predictions WHERE logged_at > :since AND order_id IS NOT NULL
    UNION SELECT order_id FROM actuals WHERE received_at > :since
    UNION SELECT order_id FROM erasures WHERE asked_at > :since
    UNION SELECT order_id FROM predictions
    WHERE purchase_timestamp >= :was_oldest AND purchase_timestamp < :oldest AND order_id IS NOT NULL
"""
"""The last are orders that count no longer, unless they were asked again later."""

_OF_KEYS = """
    SELECT order_id FROM predictions
    WHERE key_id = ANY(:changed_keys) AND purchase_timestamp >= :oldest AND order_id IS NOT NULL
"""

_COME = f"""
    SELECT order_id FROM actuals
    WHERE delivered_at > CAST(:was AS timestamptz) + {TOLERANCE}
      AND delivered_at <= CAST(:present AS timestamptz) + {TOLERANCE}
"""  # noqa: S608

_NEXT_DUE = text(f"""
    SELECT min(delivered_at) - {TOLERANCE} FROM actuals
    WHERE delivered_at > CAST(:present AS timestamptz) + {TOLERANCE}
      AND received_at > coalesce(CAST(:since AS timestamptz), '-infinity')
""")  # noqa: S608

_FORGET = text("""
    WITH counts AS (DELETE FROM pace_counts WHERE day < :day)
    DELETE FROM counted_orders WHERE day < :day
""")

_TAKE_OUT = text(f"""
    DELETE FROM counted_orders USING unnest(CAST(:ids AS text[])) AS changed
    WHERE hash = CAST({_HASH.format("changed")} AS uuid)
    RETURNING day - DATE '1970-01-01', waiting, coalesce(arrived, {NONE}), owner
""")  # noqa: S608

_CHANGE = text("""
    INSERT INTO pace_counts (day, cell, owner, orders)
    SELECT DATE '1970-01-01' + day, cell, owner, orders
    FROM unnest(CAST(:days AS integer[]), CAST(:cells AS integer[]), CAST(:owners AS integer[]),
                CAST(:orders AS integer[])) AS changes (day, cell, owner, orders)
    ON CONFLICT (day, cell, owner) DO UPDATE SET orders = pace_counts.orders + excluded.orders
""")
