"""The object store as the scorer uses it: ranges of an object that must not change, and multipart uploads."""

from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from botocore.exceptions import ClientError
from urllib3.exceptions import HTTPError

from common.batch.inputs import InputObject
from common.errors import DeliveryTimeError, InputReplaced, ObjectNotFound, ObjectStoreUnavailable
from common.servers.objects import ObjectAddress, s3, store_errors

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef, MultipartUploadTypeDef

Item = TypeVar("Item")
Result = TypeVar("Result")

OWNER = "job-id"
"""Metadata name by which an output is known to be a job's own."""

BLOCK_BYTES = 2**20

AT_ONCE = 8
"""Requests under way side by side where there are many; boto's pool keeps ten connections."""

PAGE_UPLOADS = 1_000
"""Unfinished uploads listed by one request: the most that S3 gives."""


class UploadGone(DeliveryTimeError):
    """The multipart upload is gone: its job has ended, or somebody else aborted it."""

    def __init__(self, output: ObjectAddress) -> None:
        super().__init__(f"the unfinished upload of {output} was removed from the object store: submit the job again")


def side_by_side(action: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """What `action` gives for each item, in their order. The first error is raised; what had not begun is left."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(action, items))


def read_range(source: InputObject, start: int, end: int) -> bytes:
    """Bytes [start, end) of the object with this ETag; InputReplaced if there is another one now."""
    if end <= start:
        return b""
    with _unchanged(source):
        return _get(source, Range=f"bytes={start}-{end - 1}")["Body"].read()


def read_stream(source: InputObject) -> Generator[bytes, None, None]:
    """The object from its start, in blocks of BLOCK_BYTES at most; InputReplaced. Close it if you stop early."""
    with _unchanged(source), closing(_get(source)["Body"]) as body:
        yield from body.iter_chunks(BLOCK_BYTES)


def _get(source: InputObject, **span: str) -> "GetObjectOutputTypeDef":
    """The answer to a read; stores that do not know If-Match are found out by the ETag of their answer."""
    try:
        answer = s3().get_object(
            Bucket=source.address.bucket,
            Key=source.address.key,
            IfMatch=source.etag,
            **span,  # type: ignore[arg-type]
        )
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] in (404, 412, 416):
            raise InputReplaced(str(source.address)) from error
        raise
    if answer["ETag"] != source.etag:
        answer["Body"].close()
        raise InputReplaced(str(source.address))
    return answer


def create_upload(output: ObjectAddress, job_id: UUID) -> str:
    """Begin an object; it appears when the upload is completed."""
    with store_errors(output):
        answer = s3().create_multipart_upload(
            Bucket=output.bucket, Key=output.key, Metadata={OWNER: str(job_id)}, ContentType=_content_type(output)
        )
    return answer["UploadId"]


def upload_part(output: ObjectAddress, upload_id: str, number: int, body: bytes) -> dict[str, Any]:
    """Write part `number` (again is harmless); UploadGone if the upload was aborted meanwhile."""
    with store_errors(output):
        try:
            answer = s3().upload_part(
                Bucket=output.bucket, Key=output.key, UploadId=upload_id, PartNumber=number, Body=body
            )
        except ClientError as error:
            if error.response["Error"].get("Code") == "NoSuchUpload":
                raise UploadGone(output) from error
            raise
    return {"PartNumber": number, "ETag": answer["ETag"]}


def complete_upload(output: ObjectAddress, upload_id: str, parts: list[dict[str, Any]], job_id: UUID) -> None:
    """Make the object appear; harmless if this job had completed it before. UploadGone if it was aborted."""
    with store_errors(output):
        try:
            s3().complete_multipart_upload(
                Bucket=output.bucket,
                Key=output.key,
                UploadId=upload_id,
                MultipartUpload={"Parts": parts},  # type: ignore[typeddict-item]
            )
        except ClientError as error:
            if error.response["Error"].get("Code") != "NoSuchUpload":
                raise
            if not is_own(output, job_id):
                raise UploadGone(output) from error


def abort_uploads(prefix: ObjectAddress, ours: Callable[[str], bool], spared: frozenset[str]) -> None:
    """Abort every unfinished upload under a prefix whose key is `ours`, but the spared ones."""
    found = [upload for upload in unfinished(prefix) if ours(upload["Key"]) and upload["UploadId"] not in spared]
    side_by_side(lambda upload: abort_upload(ObjectAddress(prefix.bucket, upload["Key"]), upload["UploadId"]), found)


def unfinished(prefix: ObjectAddress) -> list["MultipartUploadTypeDef"]:
    """Every unfinished upload whose key begins so."""
    with store_errors(prefix):
        pages = (
            s3()
            .get_paginator("list_multipart_uploads")
            .paginate(Bucket=prefix.bucket, Prefix=prefix.key, PaginationConfig={"PageSize": PAGE_UPLOADS})
        )
        return [upload for page in pages for upload in page.get("Uploads", [])]


def abort_upload(output: ObjectAddress, upload_id: str) -> None:
    """Abort an upload; harmless if it is gone."""
    with store_errors(output):
        try:
            s3().abort_multipart_upload(Bucket=output.bucket, Key=output.key, UploadId=upload_id)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
                raise


def put(output: ObjectAddress, body: bytes, job_id: UUID) -> None:
    """Write a small object at once."""
    with store_errors(output):
        s3().put_object(
            Bucket=output.bucket,
            Key=output.key,
            Body=body,
            Metadata={OWNER: str(job_id)},
            ContentType=_content_type(output),
        )


def delete_own(output: ObjectAddress, job_id: UUID) -> None:
    """Delete an object if this job wrote it."""
    if is_own(output, job_id):
        with store_errors(output):
            s3().delete_object(Bucket=output.bucket, Key=output.key)


def is_own(output: ObjectAddress, job_id: UUID) -> bool:
    """Whether the object exists and was written by this job."""
    with store_errors(output):
        try:
            head = s3().head_object(Bucket=output.bucket, Key=output.key)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
                raise
            return False
    return head["Metadata"].get(OWNER) == str(job_id)


def _content_type(output: ObjectAddress) -> str:
    return "text/csv; charset=utf-8" if output.key.endswith(".csv") else "application/octet-stream"


@contextmanager
def _unchanged(source: InputObject) -> Iterator[None]:
    """Turn a failed If-Match or a vanished object into InputReplaced, a broken body into ObjectStoreUnavailable."""
    try:
        with store_errors(source.address):
            yield
    except ObjectNotFound as error:
        raise InputReplaced(str(source.address)) from error
    except (HTTPError, OSError) as error:
        raise ObjectStoreUnavailable(type(error).__name__) from error
