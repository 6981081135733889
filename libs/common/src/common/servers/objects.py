"""The object store: any S3 endpoint behind one class, addresses in, our own errors out.

boto3 comes with the first call: a process that serves, and rarely or never touches an object, starts without it.
"""

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.errors import (
    InputReplaced,
    ObjectForbidden,
    ObjectNotFound,
    ObjectStoreUnavailable,
    UploadGone,
)
from common.servers.object_address import ObjectAddress as ObjectAddress
from common.servers.object_address import StoredObject as StoredObject
from common.servers.object_address import UnfinishedUpload as UnfinishedUpload
from common.settings import ObjectStoreSettings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PART_TYPE = "binary/octet-stream"
"""S3's name for any bytes. SeaweedFS tries to compress a part without a type, which doubles what it costs to store."""

PROMPT_SECONDS = 4
"""A small read that somebody waits for takes milliseconds; a store silent for so long, twice, is away."""

BLOCK_BYTES = 2**20
"""Size of the blocks in which an object is streamed."""

LISTED_UPLOADS = 1_000
"""Unfinished uploads in one page: the most that S3 gives."""


class ObjectStore:
    """An S3 endpoint, path style, with few retries and bounded waits.

    Every method raises ObjectNotFound, ObjectForbidden and ObjectStoreUnavailable, besides what it names.
    """

    def __init__(self, settings: ObjectStoreSettings) -> None:
        self.bucket = settings.bucket
        self.job_buckets = settings.job_buckets
        self._settings = settings

    def address(self, uri: str) -> ObjectAddress:
        """The address that a job names; InvalidAddress, BucketNotAllowed if jobs may not use it."""
        return ObjectAddress.split(uri).allowed_in(self.job_buckets)

    def stat(self, address: ObjectAddress) -> StoredObject:
        """What is known of an object without reading it, within seconds."""
        with store_errors(address):
            head = self._prompt_client.head_object(Bucket=address.bucket, Key=address.key)
        return StoredObject(address, head["ETag"], head["ContentLength"], head["Metadata"], head["LastModified"])

    def head(self, address: ObjectAddress, size: int) -> bytes:
        """The first `size` bytes of an object, or all of a smaller one, within seconds."""
        return self._prompt_read(address, f"bytes=0-{size - 1}")

    def tail(self, address: ObjectAddress, size: int) -> bytes:
        """The last `size` bytes of an object, or all of a smaller one, within seconds."""
        return self._prompt_read(address, f"bytes=-{size}")

    def read(self, address: ObjectAddress, start: int, end: int, etag: str) -> bytes:
        """Bytes [start, end) of the object with this ETag; InputReplaced if there is another one now."""
        if end <= start:
            return b""
        with self._opened(address, etag, Range=f"bytes={start}-{end - 1}") as body:
            return bytes(body.read())

    def stream(self, address: ObjectAddress, etag: str) -> Generator[bytes, None, None]:
        """The object with this ETag in blocks of BLOCK_BYTES at most; InputReplaced. Close it if you stop early."""
        with self._opened(address, etag) as body:
            yield from body.iter_chunks(BLOCK_BYTES)

    def objects_under(self, prefix: ObjectAddress) -> Iterator[StoredObject]:
        """The objects whose keys begin so, in the store's order; the first page comes within seconds."""
        with store_errors(prefix):
            pages = self._prompt_client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=prefix.bucket, Prefix=prefix.key):
                for entry in page.get("Contents", []):
                    found = ObjectAddress(prefix.bucket, entry["Key"])
                    yield StoredObject(found, entry["ETag"], entry["Size"], modified=entry["LastModified"])

    def put(
        self,
        address: ObjectAddress,
        body: bytes,
        content_type: str = "application/octet-stream",
        metadata: Mapping[str, str] | None = None,
        **headers: str,
    ) -> None:
        """Write a small object at once. headers: further ones by S3's names, e.g. ContentEncoding."""
        with store_errors(address):
            self._client.put_object(
                Bucket=address.bucket,
                Key=address.key,
                Body=body,
                ContentType=content_type,
                Metadata=metadata or {},
                **headers,  # type: ignore[arg-type]
            )

    def upload(self, address: ObjectAddress, file: Path, progress: Callable[[int], object]) -> None:
        """Write a local file; `progress` is called with the number of bytes that went out since its last call."""
        with store_errors(address):
            self._client.upload_file(str(file), address.bucket, address.key, Callback=progress)

    def copy(self, source: ObjectAddress, target: ObjectAddress) -> None:
        """Copy an object of up to 5 GB inside the store."""
        with store_errors(source):
            self._client.copy_object(
                Bucket=target.bucket, Key=target.key, CopySource={"Bucket": source.bucket, "Key": source.key}
            )

    def delete(self, address: ObjectAddress) -> None:
        """Delete an object; harmless if there is none."""
        with store_errors(address):
            self._client.delete_object(Bucket=address.bucket, Key=address.key)

    def begin_upload(self, address: ObjectAddress, content_type: str, metadata: Mapping[str, str] | None = None) -> str:
        """Begin an object in parts; it appears when the upload is completed. The upload's id."""
        with store_errors(address):
            answer = self._client.create_multipart_upload(
                Bucket=address.bucket, Key=address.key, ContentType=content_type, Metadata=metadata or {}
            )
        return answer["UploadId"]

    def put_part(self, address: ObjectAddress, upload_id: str, number: int, body: bytes) -> dict[str, Any]:
        """Write part `number` (again is harmless), as `complete_upload` wants it named; UploadGone."""
        with store_errors(address), _upload_errors(address):
            answer = self._client.upload_part(
                Bucket=address.bucket, Key=address.key, UploadId=upload_id, PartNumber=number, Body=body
            )
        return {"PartNumber": number, "ETag": answer["ETag"]}

    def complete_upload(self, address: ObjectAddress, upload_id: str, parts: list[dict[str, Any]]) -> None:
        """Make the object appear; UploadGone if it was completed before, or aborted."""
        with store_errors(address), _upload_errors(address):
            self._client.complete_multipart_upload(
                Bucket=address.bucket,
                Key=address.key,
                UploadId=upload_id,
                MultipartUpload={"Parts": parts},  # type: ignore[typeddict-item]
            )

    def abort_upload(self, address: ObjectAddress, upload_id: str) -> None:
        """Abort an upload; harmless if it is gone."""
        try:
            with store_errors(address):
                self._client.abort_multipart_upload(Bucket=address.bucket, Key=address.key, UploadId=upload_id)
        except ObjectNotFound:
            pass

    def unfinished_uploads(self, prefix: ObjectAddress) -> list[UnfinishedUpload]:
        """Every unfinished upload whose key begins so."""
        with store_errors(prefix):
            pages = self._client.get_paginator("list_multipart_uploads").paginate(
                Bucket=prefix.bucket, Prefix=prefix.key, PaginationConfig={"PageSize": LISTED_UPLOADS}
            )
            return [
                UnfinishedUpload(ObjectAddress(prefix.bucket, found["Key"]), found["UploadId"], found["Initiated"])
                for page in pages
                for found in page.get("Uploads", [])
            ]

    def presigned(self, address: ObjectAddress, seconds: int) -> str:
        """Where a user without keys can read the object for some time, at the endpoint that users reach."""
        return self._presigner.generate_presigned_url(
            "get_object", Params={"Bucket": address.bucket, "Key": address.key}, ExpiresIn=seconds
        )

    def _prompt_read(self, address: ObjectAddress, span: str) -> bytes:
        with store_errors(address):
            return self._prompt_client.get_object(Bucket=address.bucket, Key=address.key, Range=span)["Body"].read()

    @contextmanager
    def _opened(self, address: ObjectAddress, etag: str, **span: str) -> Iterator[Any]:
        """The body of a read. Stores that do not know If-Match are found out by the ETag of their answer."""
        from botocore.exceptions import ClientError
        from urllib3.exceptions import HTTPError

        try:
            with store_errors(address):
                try:
                    answer = self._client.get_object(
                        Bucket=address.bucket,
                        Key=address.key,
                        IfMatch=etag,
                        **span,  # type: ignore[arg-type]
                    )
                except ClientError as error:
                    if _status(error) in (404, 412, 416):
                        raise InputReplaced(str(address)) from error
                    raise
                with closing(answer["Body"]) as body:
                    if answer["ETag"] != etag:
                        raise InputReplaced(str(address))
                    yield body
        except (HTTPError, OSError) as error:
            raise ObjectStoreUnavailable(type(error).__name__) from error

    @cached_property
    def _client(self) -> "S3Client":
        return self._connect(self._settings.endpoint)

    @cached_property
    def _prompt_client(self) -> "S3Client":
        """For small reads that somebody waits for: it gives up a silent store after two PROMPT_SECONDS."""
        return self._connect(self._settings.endpoint, read_timeout=PROMPT_SECONDS, attempts=2)

    @cached_property
    def _presigner(self) -> "S3Client":
        return self._connect(self._settings.public_endpoint or self._settings.endpoint)

    def _connect(self, endpoint: str, read_timeout: int = 60, attempts: int = 4) -> "S3Client":
        import boto3
        from botocore.config import Config

        settings = self._settings
        client: S3Client = boto3.client(
            "s3",
            endpoint_url=endpoint,
            aws_access_key_id=settings.access_key,
            aws_secret_access_key=settings.secret_key.get_secret_value() if settings.secret_key else None,
            region_name=settings.region,
            config=Config(
                s3={"addressing_style": "path"},
                signature_version="s3v4",  # version 2 is what botocore presigns with in older regions; KMS refuses it
                connect_timeout=3,
                read_timeout=read_timeout,
                retries={"total_max_attempts": attempts, "mode": "standard"},
                # Servers other than AWS's do not all know the newer default checksums.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )
        client.meta.events.register("before-call.s3.UploadPart", _name_part_type)
        return client


def _name_part_type(params: dict[str, Any], **_: object) -> None:
    """Give a part its type; boto3 takes one for whole objects only."""
    params["headers"]["Content-Type"] = PART_TYPE


@contextmanager
def store_errors(address: ObjectAddress) -> Iterator[None]:
    """Turn boto's errors into ObjectNotFound, ObjectForbidden or, for all others, ObjectStoreUnavailable."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        if _status(error) == 404:
            raise ObjectNotFound(str(address)) from error
        if _status(error) == 403:
            raise ObjectForbidden(str(address)) from error
        raise ObjectStoreUnavailable(error.response["Error"].get("Code", "unknown error")) from error
    except BotoCoreError as error:
        raise ObjectStoreUnavailable(type(error).__name__) from error


@contextmanager
def _upload_errors(address: ObjectAddress) -> Iterator[None]:
    from botocore.exceptions import ClientError

    try:
        yield
    except ClientError as error:
        if error.response["Error"].get("Code") == "NoSuchUpload":
            raise UploadGone(str(address)) from error
        raise


def _status(error: Any) -> int:
    status: int = error.response["ResponseMetadata"]["HTTPStatusCode"]
    return status
