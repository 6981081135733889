"""Where the result of a job goes."""

from uuid import UUID

from common.batch.formats import FORMATS, format_of
from common.errors import InvalidInput
from common.servers.objects import ObjectAddress

RESULTS = "results/"
"""Where results go for which no address was given: RESULTS, the job's id, a name."""

NOT_CSV = (
    "/",
    ".manifest.json",
    "_SUCCESS",
    *(f".{kind.ending.rpartition('.')[2]}" for kind in FORMATS if kind.reading != "spans"),
)
"""Endings that would say something else of the one CSV object that a CSV file's result is."""


def is_dataset(given: ObjectAddress) -> bool:
    """Whether the result is a set of objects under a prefix (for Parquet and for prefixes) or a single object."""
    kind = format_of(given.key)
    return given.is_prefix or (kind is not None and kind.reading == "row groups")


def result_of(job_id: UUID, given: ObjectAddress, wanted: ObjectAddress | None, bucket: str) -> ObjectAddress:
    """The wanted address of the result of an input, or a fresh key in the bucket. A dataset's ends in a slash."""
    if wanted is None:
        kind, name = format_of(given.key), given.key.rstrip("/").rpartition("/")[2]
        wanted = ObjectAddress(bucket, f"{RESULTS}{job_id}/{kind.result_name(name) if kind else name}")
    if is_dataset(given):
        wanted = wanted.as_prefix()
        if wanted.key.removesuffix("/") == given.key:
            raise InvalidInput(f"output_uri must lie outside the input (got {wanted} for {given})")
    elif wanted.key.endswith(NOT_CSV):
        raise InvalidInput(f"output_uri must name a plain CSV object for {given} (got {wanted})")
    if wanted.meets(given):
        raise InvalidInput(f"output_uri must lie outside the input (got {wanted} for {given})")
    return wanted
