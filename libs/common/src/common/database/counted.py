"""Which predictions and actuals count: SQL conditions on `predictions LEFT JOIN actuals`, with `:present`."""

TOLERANCE = "interval '1 day'"
"""For times that clients send: a local time taken for UTC is off by up to 14 hours."""

LONGEST_DELIVERY = "interval '365 days'"
"""The slowest real deliveries known took 210 days; what took longer is a wrong year."""


def _bought(predictions: str) -> str:
    now = f"least({predictions}.predicted_at, CAST(:present AS timestamptz))"
    return f"{predictions}.purchase_timestamp <= {now} + {TOLERANCE}"


BOUGHT = f"({_bought('predictions')})"
"""It had been bought when it was predicted, and by now. Purchases to come are a client's mistake, or a clock's."""

BOUGHT_WHEN_ASKED = f"(predictions.purchase_timestamp <= predictions.predicted_at + {TOLERANCE})"
"""The same but for the present, for what is counted once and looked at later."""

FIRST = f"""(predictions.order_id IS NULL OR NOT EXISTS (
    SELECT FROM predictions AS earlier
    WHERE earlier.order_id = predictions.order_id AND earlier.model_version = predictions.model_version
      AND earlier.role = predictions.role AND {_bought("earlier")}
      AND earlier.predicted_at <= predictions.predicted_at
      AND (earlier.predicted_at, earlier.id) < (predictions.predicted_at, predictions.id)
))"""
"""An order counts once for each model version, with its first prediction, however often it was asked for.

What follows from the rest is said too: predictions without an order are looked up in no month, those with one in no
later month.
"""

_LATEST = f"least(predictions.purchase_timestamp + {LONGEST_DELIVERY}, CAST(:present AS timestamptz) + {TOLERANCE})"

_ENDED = "(actuals.cancelled_at IS NOT NULL OR actuals.lost_at IS NOT NULL)"
"""It will not arrive: how long it takes cannot be known any more."""

_POSSIBLE = f"(actuals.delivered_at BETWEEN predictions.purchase_timestamp AND {_LATEST})"

DELIVERED = f"({_POSSIBLE} AND NOT {_ENDED})"
"""It arrived when an order can: not before the purchase, not to come, and not longer after it than anything takes.

A cancelled or lost order counts as delivered only once that was taken back."""

NOT_IMPOSSIBLE = f"(actuals.delivered_at IS NULL OR {_POSSIBLE})"
"""Of an order whose actual is impossible nothing is known, not even whether it is still under way."""

TRUSTED_KEYS = """
    SELECT '' UNION
    SELECT asking.id FROM api_keys AS asking JOIN api_keys AS reporting ON reporting.owner = asking.owner
    WHERE reporting.revoked_at IS NULL AND (
        reporting.scopes @> CAST('["actuals"]' AS jsonb) OR reporting.scopes @> CAST('["admin"]' AS jsonb)
    )
"""
"""Of owners who also report what becomes of orders, and the key of those who need none: of others' orders nobody will
ever know, and whoever may only ask must not teach the pace by asking."""

TRUSTED = f"(predictions.key_id IN ({TRUSTED_KEYS}))"
"""One of them asked."""

COUNTED = f"({NOT_IMPOSSIBLE} AND NOT {_ENDED})"
"""It is under way, or was delivered."""
