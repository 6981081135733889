"""The object store: any S3 endpoint behind one small interface.

boto3 comes with the first call: a process that serves, and rarely or never touches an object, starts without it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from common.errors import BucketNotAllowed, InvalidAddress, ObjectForbidden, ObjectNotFound, ObjectStoreUnavailable
from common.settings import ObjectStoreSettings, load

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


PART_TYPE = "binary/octet-stream"
"""S3's name for any bytes. SeaweedFS tries to compress a part without a type, which doubles what it costs to store."""


KEY_BYTES = 1_024
"""S3's limit."""


@dataclass(frozen=True)
class ObjectAddress:
    """s3://bucket/key"""

    bucket: str
    key: str

    @classmethod
    def parse(cls, uri: str) -> Self:
        """Split an address; InvalidAddress if no object can have it, BucketNotAllowed if jobs may not use it."""
        parts = urlsplit(uri)
        bucket, key = parts.netloc, uri.partition(f"s3://{parts.netloc}/")[2]
        if parts.scheme != "s3" or not bucket or not key or "\x00" in uri:
            raise InvalidAddress(uri)
        if len(key.encode(errors="replace")) > KEY_BYTES or {".", ".."} & set(key.split("/")):
            raise InvalidAddress(uri, f"a key of up to {KEY_BYTES:,} bytes that has no part . or ..")
        allowed = load(ObjectStoreSettings).job_buckets
        if bucket not in allowed:
            raise BucketNotAllowed(bucket, allowed)
        return cls(bucket, key)

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


PROMPT_SECONDS = 4
"""A small read that somebody waits for takes milliseconds; a store silent for so long, twice, is away."""


@lru_cache
def s3() -> "S3Client":
    """The process's S3 client: path style, few retries, bounded waits."""
    return _client(load(ObjectStoreSettings).endpoint)


@lru_cache
def prompt_s3() -> "S3Client":
    """The client for small reads that somebody waits for: it gives up a silent store after two PROMPT_SECONDS."""
    return _client(load(ObjectStoreSettings).endpoint, read_timeout=PROMPT_SECONDS, attempts=2)


def presigned_address(address: ObjectAddress, seconds: int) -> str:
    """Where a user without keys can read the object for some time, at the endpoint that users reach."""
    return _presigner(load(ObjectStoreSettings)).generate_presigned_url(
        "get_object", Params={"Bucket": address.bucket, "Key": address.key}, ExpiresIn=seconds
    )


@lru_cache
def _presigner(settings: ObjectStoreSettings) -> "S3Client":
    return _client(settings.public_endpoint or settings.endpoint)


def _client(endpoint: str, read_timeout: int = 60, attempts: int = 4) -> "S3Client":
    import boto3
    from botocore.config import Config

    settings = load(ObjectStoreSettings)
    client: S3Client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        aws_access_key_id=settings.access_key,
        aws_secret_access_key=settings.secret_key.get_secret_value() if settings.secret_key else None,
        region_name=settings.region,
        config=Config(
            s3={"addressing_style": "path"},
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
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        if status == 404:
            raise ObjectNotFound(str(address)) from error
        if status == 403:
            raise ObjectForbidden(str(address)) from error
        raise ObjectStoreUnavailable(error.response["Error"].get("Code", "unknown error")) from error
    except BotoCoreError as error:
        raise ObjectStoreUnavailable(type(error).__name__) from error
