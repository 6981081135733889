"""The layout of results (docs/results.md), and which objects at an address are an earlier result of the same owner.

A dataset is a folder of part files and an empty `_SUCCESS`; its manifest lies beside the folder, because every reader
takes what it finds inside for data.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote
from uuid import UUID

from common.batch.prefixes import DEEPEST
from common.errors import InputReplaced, ObjectForbidden, ObjectNotFound, OutOfReach, OutputNotOurs
from common.servers.objects import ObjectAddress, ObjectStore

SUCCESS = "_SUCCESS"
INSIDE = "manifest.json"
"""Where the manifest of a result was until version 0.1: inside the folder."""

MANIFEST_BYTES = 32 * 2**20
"""Of a hundred thousand parts. What is longer is no manifest of ours."""

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
        said = _said_by(body)
        if said and said.owner in ("", owner) and said.lists_only(output):
            etags |= {part.key: etag for part, etag in said.parts.items()} | {success_of(output).key: None}
            if manifest == inside:
                etags[inside.key] = None
        elif manifest == beside:
            raise OutputNotOurs(str(output), f"beside it {beside.key}")
    return FormerResult(etags)


def refuse_foreign(store: ObjectStore, output: ObjectAddress, owner: str, own: frozenset[str] = frozenset()) -> None:
    """OutputNotOurs if an address holds what is neither an earlier result of the owner nor one of the `own` keys, or
    lies in a result: whoever reads that would read this too."""
    for above in output.folders_above[-DEEPEST:]:
        with suppress(ObjectForbidden):  # what this service may not see it cannot have written
            if _said_by(_read(store, manifest_of(above))):
                raise OutputNotOurs(str(output), above=str(above))
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


def refuse_owned(store: ObjectStore, output: ObjectAddress, owner: str) -> None:
    """OutOfReach if an address holds what a job of another owner wrote, be it long ago: nobody may overwrite that."""
    writer = ""
    if output.is_prefix:
        said = _said_by(_read(store, manifest_of(output)))
        writer = said.owner if said else writer
    else:
        with suppress(ObjectNotFound):
            writer = unquote(store.stat(output).metadata.get(OWNER, ""))
    if writer not in ("", owner):
        raise OutOfReach(str(output), "written", ["what no other owner's job has written"])


@dataclass(frozen=True)
class Manifest:
    """What a manifest says: whose result it is, and its parts with their ETags."""

    owner: str
    parts: Mapping[ObjectAddress, str | None]

    def lists_only(self, output: ObjectAddress) -> bool:
        """Whether all parts lie in this folder."""
        return all(part.bucket == output.bucket and part.key.startswith(output.key) for part in self.parts)


def _said_by(body: bytes | None) -> Manifest | None:
    """What a manifest says; None if it is none of ours."""
    try:
        said: Any = json.loads(body or b"")
        parts = {ObjectAddress.split(part["uri"]): part.get("etag") for part in said["objects"]}
        return Manifest(str(said.get("owner", "")), parts) if isinstance(said["job_id"], str) else None
    except Exception:  # anybody may have written anything
        return None


def _read(store: ObjectStore, address: ObjectAddress) -> bytes | None:
    try:
        stored = store.stat(address)
        return store.read(address, 0, min(stored.size, MANIFEST_BYTES), stored.etag)
    except (ObjectNotFound, InputReplaced):
        return None
