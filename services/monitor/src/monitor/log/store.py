"""What the prediction log brings into its tables: predictions in bulk, counts of invalid requests; each id once."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic_core import to_json
from sqlalchemy import Engine
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from common.database.tables import InvalidRequests, Prediction
from common.servers.prediction_log import CountedRequests, LoggedPrediction

COLUMNS = ", ".join(LoggedPrediction._fields)

_NULLS = ", ".join(column.name for column in Prediction.__table__.columns if column.nullable)
"""Columns in which an empty text is NULL: there is no empty one."""

_COPY = f"COPY incoming ({COLUMNS}) FROM STDIN (FORMAT csv, FORCE_NULL ({_NULLS}))"

_MOVE = f"""
    INSERT INTO predictions ({COLUMNS}) SELECT {COLUMNS} FROM incoming
    WHERE NOT EXISTS (SELECT FROM erasures WHERE order_id = incoming.order_id AND asked_at >= incoming.predicted_at)
    ON CONFLICT DO NOTHING
"""  # noqa: S608


def store(engine: Engine, predictions: Sequence[LoggedPrediction]) -> int:
    """Write predictions in one transaction and return how many were new; ids that are there already stay as they are.

    Those of an order that was erased after they were made are left out.

    COPY fills a table of this connection's own, one INSERT moves it over: five times as fast as INSERT with values.
    """
    connection: Any = engine.raw_connection()
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "CREATE TEMPORARY TABLE IF NOT EXISTS incoming (LIKE predictions INCLUDING DEFAULTS) "
                "ON COMMIT DELETE ROWS"
            )
            cursor.copy_expert(_COPY, _csv(predictions))
            cursor.execute(_MOVE)
            new = int(cursor.rowcount)
        connection.commit()
        return new
    finally:
        connection.close()


def store_invalid(engine: Engine, counted: Sequence[CountedRequests]) -> None:
    """Write counts of invalid requests; ids that are there already stay as they are."""
    if counted:
        with Session(engine) as session, session.begin():
            session.execute(insert(InvalidRequests).on_conflict_do_nothing(), [entry._asdict() for entry in counted])


def _csv(predictions: Iterable[LoggedPrediction]) -> io.StringIO:
    """The rows as CSV: numbers bare, all else in quotes, NULL as an empty text."""
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_NONNUMERIC).writerows(map(_plain, predictions))
    text.seek(0)
    return text


def _plain(prediction: LoggedPrediction) -> tuple[Any, ...]:
    if prediction.further is None:
        return prediction
    return prediction._replace(further=to_json(prediction.further).decode())  # type: ignore[arg-type]
