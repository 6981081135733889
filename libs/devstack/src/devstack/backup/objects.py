"""The object store's buckets, object by object, with what readers and later jobs see of each beside its bytes."""

import io
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from botocore.exceptions import ClientError

from common.servers.history import FOLDER, NEWEST, VERSIONS
from devstack.backup.archive import Part, Writer
from devstack.errors import StackError
from devstack.stack import BUCKET

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

KEPT = ("ContentType", "ContentEncoding", "ContentDisposition", "ContentLanguage", "CacheControl", "Metadata")

NAMES_FIRST = {BUCKET: (f"{FOLDER}{NEWEST}", f"{FOLDER}{VERSIONS}")}
"""Objects of a bucket that name others: copied before what they name (devstack.backup)."""

AT_ONCE = 1_000
"""Objects that S3 deletes with one request at most."""

PART_BYTES = 16 * 2**20
"""What was written at once, and is longer, is written in parts of this size."""


def copy_out(client: "S3Client", bucket: str, archive: Writer) -> tuple[int, int]:
    """Add every object of a bucket to a backup, but what is deleted meanwhile; how many, and their bytes."""
    objects = total = 0
    for key in _keys(client, bucket):
        try:
            answer = client.get_object(Bucket=bucket, Key=key)
            parts = _part_sizes(client, bucket, key, answer["ETag"])
        except ClientError as error:
            if error.response["Error"]["Code"] in ("NoSuchKey", "404"):
                continue
            raise
        size = answer["ContentLength"]
        facts: dict[str, Any] = {"bucket": bucket, "key": key, "etag": answer["ETag"], "parts": parts}
        facts |= {name: answer[name] for name in KEPT if answer.get(name)}  # type: ignore[literal-required]
        archive.copy(f"objects/{bucket}/{quote(key)}", facts, size, answer["Body"])
        objects, total = objects + 1, total + size
    return objects, total


def put_back(client: "S3Client", part: Part) -> dict[str, tuple[str, str]]:
    """Write an object of a backup, in the parts in which it was written before: then its ETag is the same.

    Else, by its address: the ETags before and now.
    """
    before, now = part.facts["etag"], _put(client, part)
    return {} if before == now else {f"s3://{part.facts['bucket']}/{part.facts['key']}": (before, now)}


def _put(client: "S3Client", part: Part) -> str:
    facts = part.facts
    where: dict[str, Any] = {"Bucket": facts["bucket"], "Key": facts["key"]}
    described = {name: facts[name] for name in KEPT if name in facts}
    sizes = facts["parts"] or _pieces(part.size)
    if not sizes:
        return client.put_object(**where, **described, Body=part.read())["ETag"]
    upload = {**where, "UploadId": client.create_multipart_upload(**where, **described)["UploadId"]}
    parts: list[Any] = []
    for number, size in enumerate(sizes, start=1):
        answer = client.upload_part(**upload, PartNumber=number, Body=io.BytesIO(part.read(size)))
        parts.append({"PartNumber": number, "ETag": answer["ETag"]})
    return client.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})["ETag"]


def empty(client: "S3Client", bucket: str) -> None:
    """Delete every object of a bucket, and abort every upload."""
    for page in client.get_paginator("list_multipart_uploads").paginate(Bucket=bucket):
        for upload in page.get("Uploads", []):
            client.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
    keys = _listed(client, bucket)
    for some in iter(lambda: list(islice(keys, AT_ONCE)), []):
        answer = client.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in some]})
        if failed := answer.get("Errors"):
            raise StackError(f"the object store does not delete s3://{bucket}/{failed[0]['Key']}: {failed[0]['Code']}")


def is_empty(client: "S3Client", bucket: str) -> bool:
    """Whether a bucket holds no object."""
    return next(_listed(client, bucket), None) is None


def _keys(client: "S3Client", bucket: str) -> Iterator[str]:
    """Every key once: first of those that name others, then of the rest, listed after these were copied."""
    seen: set[str] = set()
    for prefix in (*NAMES_FIRST.get(bucket, ()), ""):
        for key in _listed(client, bucket, prefix):
            if key not in seen:
                seen.add(key)
                yield key


def _listed(client: "S3Client", bucket: str, prefix: str = "") -> Iterator[str]:
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        yield from (entry["Key"] for entry in page.get("Contents", []))


def _part_sizes(client: "S3Client", bucket: str, key: str, etag: str) -> list[int]:
    """The sizes of the parts in which an object was written; none if it was written at once, or is another by now."""
    sizes: list[int] = []
    after, more = 0, "-" in etag
    while more:
        found = client.get_object_attributes(
            Bucket=bucket, Key=key, ObjectAttributes=["ETag", "ObjectParts"], PartNumberMarker=after
        )
        parts = found["ObjectParts"]
        if found["ETag"].strip('"') != etag.strip('"') or not parts.get("Parts"):
            return []
        sizes += [part["Size"] for part in parts["Parts"]]
        after, more = parts["NextPartNumberMarker"], parts["IsTruncated"]
    return sizes


def _pieces(size: int) -> list[int]:
    """The sizes of the parts in which a long object is written."""
    return [PART_BYTES] * (size // PART_BYTES) + [size % PART_BYTES] if size > PART_BYTES else []
