"""Writing `model_metrics`: one row per (source, model_version, window_end)."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from common.database.tables import ModelMetrics

KEY = ("source", "model_version", "window_end")


def upsert(session: Session, row: Mapping[str, Any]) -> None:
    """Write a window's metrics, replacing an earlier row of the same window."""
    statement = insert(ModelMetrics).values(**row)
    replaced = {name: statement.excluded[name] for name in row if name not in KEY}
    session.execute(statement.on_conflict_do_update(index_elements=list(KEY), set_=replaced))
