"""The layout of results (docs/results.md), and which objects at an address are an earlier result of the same owner.

A dataset is a folder of part files and an empty `_SUCCESS`; its manifest lies beside the folder, because every reader
takes what it finds inside for data.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote
from uuid import UUID

from common.errors import InputReplaced, ObjectNotFound, OutputNotOurs
from common.servers.objects import ObjectAddress, ObjectStore

SUCCESS = "_SUCCESS"
INSIDE = "manifest.json"
"""Where the manifest of a result was until version 0.1: inside the folder."""

JOB, OWNER = "job-id", "job-owner"
"""Metadata of the objects that jobs write: whose they are. Results of nobody, and those from before, are anybody's."""


def marks(job_id: UUID, owner: str) -> dict[str, str]:
    """The metadata of what a job writes, in ASCII as S3 wants it."""
    return {JOB: str(job_id), OWNER: quote(owner)}


def manifest_of(output: ObjectAddress) -> ObjectAddress:
    """Where the manifest of a dataset lies."""
    return ObjectAddress(output.bucket, output.key.removesuffix("/") + ".manifest.json")


def success_of(output: ObjectAddress) -> ObjectAddress:
    """The empty object that says that a dataset is whole."""
    return ObjectAddress(output.bucket, output.key + SUCCESS)


@dataclass(frozen=True)
class FormerResult:
    """What an earlier job left in a folder. etags: of its parts by their keys; None where the job did not note it."""

    etags: Mapping[str, str | None] = field(default_factory=dict)

    def has(self, key: str, etag: str) -> bool:
        """Whether an object is of it, and as the job wrote it."""
        return key in self.etags and self.etags[key] in (None, etag)


def former_result(store: ObjectStore, output: ObjectAddress, owner: str) -> FormerResult:
    """The owner's result that lies in a folder, if any. OutputNotOurs if the place of its manifest is taken."""
    beside, inside = manifest_of(output), ObjectAddress(output.bucket, output.key + INSIDE)
    etags: dict[str, str | None] = {}
    for manifest in (inside, beside):
        body = _read(store, manifest)
        if body is None:
            continue
        parts = _parts(body, output, owner)
        if parts is not None:
            etags |= {**parts, success_of(output).key: None}
            if manifest == inside:
                etags[inside.key] = None
        elif manifest == beside:
            raise OutputNotOurs(str(output), f"beside it {beside.key}")
    return FormerResult(etags)


def refuse_foreign(store: ObjectStore, output: ObjectAddress, owner: str, own: frozenset[str] = frozenset()) -> None:
    """OutputNotOurs if an address holds what is neither an earlier result of the owner nor one of the `own` keys."""
    if not output.is_prefix:
        _refuse_foreign_object(store, output, owner)
        return
    former = former_result(store, output, owner)
    for stored in store.objects_under(output):
        key = stored.address.key
        marks_folder = stored.address.is_prefix
        if not marks_folder and key not in own and not former.has(key, stored.etag):
            raise OutputNotOurs(str(output), key.removeprefix(output.key))


def _refuse_foreign_object(store: ObjectStore, output: ObjectAddress, owner: str) -> None:
    try:
        metadata = store.stat(output).metadata
    except ObjectNotFound:
        return
    if JOB not in metadata or metadata.get(OWNER, "") not in ("", quote(owner)):
        raise OutputNotOurs(str(output))


def _parts(body: bytes, output: ObjectAddress, owner: str) -> dict[str, str | None] | None:
    """The parts that a manifest lists, with their ETags; None if it is not the owner's, or of another folder."""
    try:
        manifest: Any = json.loads(body)
        if not isinstance(manifest["job_id"], str) or manifest.get("owner", "") not in ("", owner):
            return None
        parts = {ObjectAddress.split(part["uri"]): part.get("etag") for part in manifest["objects"]}
    except Exception:
        return None
    if not all(part.bucket == output.bucket and part.key.startswith(output.key) for part in parts):
        return None
    return {part.key: etag for part, etag in parts.items()}


def _read(store: ObjectStore, address: ObjectAddress) -> bytes | None:
    try:
        stored = store.stat(address)
        return store.read(address, 0, stored.size, stored.etag)
    except (ObjectNotFound, InputReplaced):
        return None
