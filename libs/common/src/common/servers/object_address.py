"""Objects of the store: what is known of them, and their addresses, which compare as the store does."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import accumulate
from typing import Self

from common.errors import BucketNotAllowed, InvalidAddress

ADDRESS = re.compile(r"[\x00- ]*s3://([A-Za-z0-9][A-Za-z0-9._-]*)/(.+)", re.DOTALL)
"""Blanks before an address are nobody's; all that follows the bucket is the key."""

KEY_BYTES = 1_024
"""S3's limit."""


@dataclass(frozen=True)
class ObjectAddress:
    """s3://bucket/key"""

    bucket: str
    key: str

    @classmethod
    def split(cls, uri: str) -> Self:
        """The address that a text names; InvalidAddress if no object can have it."""
        parts = ADDRESS.fullmatch(uri)
        if parts is None or "\x00" in uri:
            raise InvalidAddress(uri)
        bucket, key = parts.groups()
        if len(key.encode(errors="replace")) > KEY_BYTES or {".", ".."} & set(key.split("/")):
            raise InvalidAddress(uri, f"a key of up to {KEY_BYTES:,} bytes that has no part . or ..")
        return cls(bucket, key)

    @property
    def is_prefix(self) -> bool:
        """Whether it names every object whose key begins so."""
        return self.key.endswith("/")

    def as_prefix(self) -> Self:
        """The folder of this name."""
        return type(self)(self.bucket, self.key.removesuffix("/") + "/")

    @property
    def folders_above(self) -> list[Self]:
        """The folders that it lies in, the outermost first."""
        *folders, _ = self.key.removesuffix("/").split("/")
        return [type(self)(self.bucket, f"{above}/") for above in accumulate(folders, "{}/{}".format)]

    def meets(self, other: "ObjectAddress") -> bool:
        """Whether one is the other, or a prefix under which it lies.

        A store may take several slashes for one, and so does this.
        """
        mine, others = (re.sub("/+", "/", address.key.lstrip("/")) for address in (self, other))
        inside = (mine.endswith("/") and others.startswith(mine)) or (others.endswith("/") and mine.startswith(others))
        return self.bucket == other.bucket and (mine == others or inside)

    def allowed_in(self, buckets: frozenset[str]) -> Self:
        """This address; BucketNotAllowed if its bucket is none of these."""
        if self.bucket not in buckets:
            raise BucketNotAllowed(self.bucket, buckets)
        return self

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


@dataclass(frozen=True)
class StoredObject:
    """An object as the store knows it; the writer's own `metadata` comes with `stat`."""

    address: ObjectAddress
    etag: str
    size: int
    metadata: Mapping[str, str] = field(default_factory=dict)
    modified: datetime | None = None


@dataclass(frozen=True)
class UnfinishedUpload:
    """A multipart upload that was begun and neither completed nor aborted."""

    address: ObjectAddress
    upload_id: str
    begun: datetime
