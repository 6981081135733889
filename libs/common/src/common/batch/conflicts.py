"""Outputs that jobs write or wrote: one at a time writes to a place, and what is another owner's stays so."""

from sqlalchemy import ColumnElement, func, literal, select
from sqlalchemy.orm import Session

from common.batch.reach import plain
from common.database.tables import BatchJob
from common.errors import OutOfReach, OutputTaken
from common.servers.objects import ObjectAddress

OPEN = ("queued", "running")


def refuse_taken(session: Session, output: ObjectAddress, visible: ColumnElement[bool]) -> None:
    """OutputTaken if an open job writes there, above, or below; it is named where it is one of the `visible`."""
    writing = select(BatchJob.id, BatchJob.status, visible).where(_meeting(output), BatchJob.status.in_(OPEN))
    if other := session.execute(writing.limit(1)).one_or_none():
        job_id, status, seen = other
        raise OutputTaken(str(output), job_id, status) if seen else OutputTaken(str(output))


def refuse_others(session: Session, owner: str, given: ObjectAddress, output: ObjectAddress | None) -> None:
    """OutOfReach if input or output lie where another owner's job writes or wrote."""
    for address, done in ((given, "read"), (output, "written")):
        if address is None:
            continue
        others = select(BatchJob.id).where(BatchJob.owner != owner, _meeting(address))
        if session.scalar(others.limit(1)):
            raise OutOfReach(str(address), done, ["what no other owner's job has written"])


def _meeting(address: ObjectAddress) -> ColumnElement[bool]:
    """Whether a job's output is at an address, above, or below."""
    uri = plain(str(address))
    within = func.starts_with(BatchJob.output_uri, uri) if address.is_prefix else BatchJob.output_uri == uri
    above = (func.right(BatchJob.output_uri, 1) == "/") & func.starts_with(literal(uri), BatchJob.output_uri)
    return within | above
