"""Cursors: where the next page of jobs begins, as text that clients hand back."""

import base64
import binascii
from datetime import datetime
from uuid import UUID

from common.database.tables import BatchJob
from common.errors import InvalidInput


def encoded(job: BatchJob) -> str:
    """The cursor of the page that begins after this job."""
    return base64.urlsafe_b64encode(f"{job.created_at.isoformat()} {job.id}".encode()).decode()


def decoded(cursor: str) -> tuple[datetime, UUID]:
    """The moment and id of the last job of the page before; InvalidInput."""
    try:
        moment, _, job_id = base64.urlsafe_b64decode(cursor.encode()).decode().partition(" ")
        return datetime.fromisoformat(moment), UUID(job_id)
    except (binascii.Error, ValueError) as error:
        raise InvalidInput(f"cursor must be a next_cursor of an earlier answer (got {cursor!r})") from error
