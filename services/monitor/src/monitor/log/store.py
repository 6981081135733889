"""What the prediction log brings into its tables: predictions in bulk, counts of invalid requests; each id once."""

import io
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic_core import to_json
from sqlalchemy import Engine
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from common.database.tables import InvalidRequests
from common.servers.prediction_log import CountedRequests, LoggedPrediction

COLUMNS = ", ".join(LoggedPrediction._fields)

_MOVE = f"""
    INSERT INTO predictions ({COLUMNS}) SELECT {COLUMNS} FROM incoming
    WHERE NOT EXISTS (SELECT FROM erasures WHERE order_id = incoming.order_id AND asked_at >= incoming.predicted_at)
    ON CONFLICT DO NOTHING
"""  # noqa: S608

_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


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
            cursor.copy_expert(f"COPY incoming ({COLUMNS}) FROM STDIN", _copy_text(predictions))
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


def _copy_text(predictions: Iterable[LoggedPrediction]) -> io.StringIO:
    """COPY's text format: tab between values, \\N for NULL."""
    return io.StringIO("".join("\t".join(map(_copy_value, prediction)) + "\n" for prediction in predictions))


def _copy_value(value: Any) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, dict):
        value = to_json(value).decode()
    return value.translate(_ESCAPES) if isinstance(value, str) else str(value)
