"""How logged predictions travel: many in one entry of a Valkey stream, from the gateway to the monitor's consumer.

One entry for many predictions costs the gateway one command, and the consumer one COPY. The consumer deletes what it
has stored; a gateway adds no entry beyond STREAM_ENTRIES, so the stream is bounded and nothing is trimmed unseen.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from operator import itemgetter
from time import time_ns
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from common.model.predictor import Predictions

STREAM = "prediction-log"
REFUSED_STREAM = f"{STREAM}-refused"
"""Where the consumer keeps for a look what Postgres refuses."""

CONSUMER_GROUP = "monitor"
STREAM_ENTRIES = 2_000
"""Entries that may wait for the consumer: half an hour of Postgres being away at a trickle, or a million predictions at
full load. Of ENTRY_ROWS rows with the longest ids, they take 340 MB; the queue has 384."""

ENTRY_ROWS = 500
"""Predictions of one entry at most."""

FIELD = b"predictions"
INVALID = b"invalid"


class LoggedPrediction(NamedTuple):
    """One answer of the gateway, with the columns of the table `predictions`. Times are UTC; as it travels (see Row),
    they are text, and so is the id.

    A further field goes to the end and has a default: a consumer then reads what older and newer gateways write.
    """

    id: UUID | str
    predicted_at: datetime | str
    request_id: str
    order_id: str | None
    model_version: str
    role: str
    seller_zip_code_prefix: int | None
    customer_lat: float | None
    customer_lng: float | None
    purchase_timestamp: datetime | str
    delivery_time_days: float
    lower_days: float
    upper_days: float
    seller_known: bool
    latency_ms: float
    further: dict[str, Any] | None = None
    key_id: str = ""


Row = tuple[Any, ...]
"""A row of the log on its way: LoggedPrediction's fields in order, as values that JSON has.

The id as hexadecimal text and times as ISO 8601 text (UTC) are ten times cheaper to write than UUIDs and datetimes, and
Postgres reads them as they are.
"""


class CountedRequests(NamedTuple):
    """A number of requests that had no answer to log because they were invalid. The time is UTC."""

    id: UUID
    counted_at: datetime
    requests: int


ANSWERED = LoggedPrediction._fields[1:-1]
"""What the answer knows; id and key are added by whoever sends it."""

ZONES = ("+00:00", "Z")
"""With which a moment in UTC ends."""

row_of: Callable[[Mapping[str, Any]], Row] = itemgetter(*ANSWERED)
"""The row of values that are named as LoggedPrediction's fields, without id and key."""


def rows_of(columns: Mapping[str, Sequence[Any]]) -> Iterator[Row]:
    """The rows of a table whose columns are named as LoggedPrediction's fields, without id and key."""
    return zip(*(columns[name] for name in ANSWERED), strict=True)


def predicted_columns(predictions: Predictions) -> dict[str, list[Any]]:
    """The columns of such a table that the model gives."""
    return {
        "delivery_time_days": predictions.days.tolist(),
        "lower_days": predictions.lower_days.tolist(),
        "upper_days": predictions.upper_days.tolist(),
        "seller_known": predictions.seller_known.tolist(),
    }


def encode(rows: Iterable[Row]) -> dict[bytes, bytes]:
    """The fields of one stream entry, for XADD."""
    return {FIELD: orjson.dumps(list(map(tuple, rows)))}


def decode(fields: Mapping[bytes, bytes]) -> list[LoggedPrediction]:
    """The predictions of one stream entry as they travelled; ValueError or TypeError if it is not one of ours."""
    try:
        return [_from_row(row) for row in orjson.loads(fields[FIELD])]
    except KeyError as error:
        raise ValueError(f"the stream entry has no field {FIELD.decode()!r}") from error


def encode_invalid(requests: int) -> dict[bytes, bytes]:
    """The fields of a stream entry that counts invalid requests up to now."""
    return {INVALID: orjson.dumps([new_ids(1)[0], datetime.now(UTC).isoformat(), requests])}


def decode_invalid(fields: Mapping[bytes, bytes]) -> CountedRequests | None:
    """What such an entry says, None for any other; ValueError or TypeError if it is not one of ours."""
    if INVALID not in fields:
        return None
    id_, moment, requests = orjson.loads(fields[INVALID])
    if not 0 < int(requests) < 2**31:
        raise ValueError(f"a count of requests cannot be {requests}")
    return CountedRequests(UUID(str(id_)), _utc(str(moment)), int(requests))


def new_ids(count: int) -> list[str]:
    """128-bit ids in hexadecimal for a batch: a consumer that sees an entry twice stores it once.

    Of version 7 (RFC 9562), the time first: where the log is indexed by them, it grows at one end. Of random ones each
    touches another page, and from some million rows on that halves what Postgres takes.
    """
    entropy = os.urandom(8 * count + 2).hex()
    head = f"{time_ns() // 1_000_000:012x}7{entropy[:3]}b"
    return [head + entropy[start : start + 15] for start in range(3, 3 + 15 * count, 15)]


def _from_row(row: list[Any]) -> LoggedPrediction:
    prediction = LoggedPrediction(*row[: len(LoggedPrediction._fields)])
    predicted, purchase = str(prediction.predicted_at), str(prediction.purchase_timestamp)
    if predicted.endswith(ZONES) and purchase.endswith(ZONES):
        return prediction
    return prediction._replace(predicted_at=_utc(predicted), purchase_timestamp=_utc(purchase))


def _utc(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
