"""Every error that a user may see.

DeliveryTimeError (500)
├── InvalidSettings
├── InvalidInput (422)
│   ├── InvalidAddress (400)
│   ├── BucketNotAllowed (403)
│   ├── ObjectForbidden (403)
│   ├── OutOfReach (403)
│   ├── InputTooLarge (413)
│   ├── MissingColumns
│   ├── UnreadableInput
│   └── TableInstead
├── NotFound (404)
│   ├── JobNotFound
│   ├── ObjectNotFound
│   ├── HistoryGone
│   ├── NoData
│   ├── WildcardInstead
│   ├── FolderInstead
│   └── FileInstead
├── Conflict (409)
│   ├── JobStateConflict
│   ├── IdempotencyConflict
│   ├── OutputTaken
│   ├── OutputNotOurs
│   ├── InputReplaced
│   └── UploadGone
└── Unavailable (503)
    ├── NoChampion
    ├── ModelNotLoaded
    ├── RegistryUnavailable
    ├── ObjectStoreUnavailable
    ├── BundleMissing
    ├── DamagedBundle
    │   ├── OtherFormat
    │   └── UntrustedBundle
    └── DamagedHistory

A class carries its HTTP status and title; it builds its message from the facts: the thing, the value, the way out.
"""

from collections.abc import Iterable, Mapping


class DeliveryTimeError(Exception):
    """Base of all; `status` is the HTTP status the gateway answers with, `title` names the kind of error."""

    status = 500
    title = "Internal error"


def first_line(error: object) -> str:
    """The first line of an error's text; drivers add lines that only their authors understand."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


class InvalidSettings(DeliveryTimeError):
    title = "Invalid settings"

    def __init__(self, problems: Mapping[str, str]) -> None:
        listed = "; ".join(f"{name.upper()}: {problem}" for name, problem in problems.items())
        super().__init__(f"settings: {listed}. Set them in the environment, or run inside the stack (`devstack run`)")


class InvalidInput(DeliveryTimeError):
    status = 422
    title = "Invalid input"


class InvalidAddress(InvalidInput):
    status = 400
    title = "Invalid address"

    def __init__(self, address: str, expected: str = "s3://bucket/key") -> None:
        super().__init__(f"{address!r} is not an object's address: write {expected}")


class BucketNotAllowed(InvalidInput):
    status = 403
    title = "Bucket not allowed"

    def __init__(self, bucket: str, allowed: Iterable[str]) -> None:
        super().__init__(
            f"bucket {bucket!r} is not open to batch jobs: use one of {', '.join(sorted(allowed))}, "
            "or add it to OBJECT_STORE_ALLOWED_BUCKETS"
        )


class ObjectForbidden(InvalidInput):
    status = 403
    title = "Object forbidden"

    def __init__(self, uri: str) -> None:
        super().__init__(
            f"the object store does not let this service use {uri}: check that OBJECT_STORE_ACCESS_KEY and "
            "OBJECT_STORE_SECRET_KEY are right and may use it, and that it exists"
        )


class MissingColumns(InvalidInput):
    title = "Missing columns"

    def __init__(self, where: str, missing: Iterable[str], present: Iterable[str]) -> None:
        super().__init__(f"{where} lacks column(s) {', '.join(missing)}; it has: {', '.join(present) or 'none'}")


class OutOfReach(InvalidInput):
    status = 403
    title = "Out of reach"

    def __init__(self, uri: str, done: str, allowed: Iterable[str]) -> None:
        super().__init__(f"{uri} may not be {done} by this key's jobs: they may use {', '.join(allowed)}")


class InputTooLarge(InvalidInput):
    status = 413
    title = "Input too large"

    def __init__(self, uri: str, size: str, limit: str) -> None:
        super().__init__(f"{uri} has {size}, a job takes up to {limit}: split it, or raise the limit (BATCH_LIMIT_*)")


class UnreadableInput(InvalidInput):
    title = "Unreadable input"

    def __init__(self, where: str, problem: str) -> None:
        super().__init__(f"{where} {problem}")


class TableInstead(InvalidInput):
    title = "Table instead of files"

    def __init__(self, uri: str, kind: str) -> None:
        super().__init__(
            f"{uri} is a {kind} table, or lies in one: its log says which files and rows count, so they "
            "cannot be scored as they are. Write the rows that the table has now to a folder of Parquet files, and "
            "submit that"
        )


class NotFound(DeliveryTimeError):
    status = 404
    title = "Not found"


class JobNotFound(NotFound):
    def __init__(self, job_id: object) -> None:
        super().__init__(f"there is no batch job {job_id}; GET /batch-jobs lists them")


class ObjectNotFound(NotFound):
    def __init__(self, uri: str) -> None:
        super().__init__(f"{uri} does not exist: check the address, or upload it first")


class NoData(NotFound):
    def __init__(self, uri: str, endings: str, keys: int, example: str) -> None:
        super().__init__(
            f"{uri} has {keys:,} key(s), none of them data, e.g. {example!r}: it takes {endings}, and nothing in a "
            "folder or file whose name begins with _ or ."
        )


class WildcardInstead(NotFound):
    def __init__(self, uri: str, folder: str) -> None:
        super().__init__(f"{uri} does not exist, and wildcards are not expanded: submit a folder, such as {folder}")


class FileInstead(NotFound):
    def __init__(self, uri: str) -> None:
        super().__init__(f"{uri} is no folder, but there is a file of this name: leave out the / at its end")


class FolderInstead(NotFound):
    def __init__(self, uri: str) -> None:
        super().__init__(f"{uri} is a folder: end the address with /")


class Conflict(DeliveryTimeError):
    status = 409
    title = "Conflict"


class JobStateConflict(Conflict):
    def __init__(self, job_id: object, status: str, wanted: str) -> None:
        super().__init__(f"batch job {job_id} is {status}, so it cannot be {wanted}")


class IdempotencyConflict(Conflict):
    def __init__(self, key: str, job_id: object) -> None:
        super().__init__(f"Idempotency-Key {key!r} was used with another body (batch job {job_id}): send a new key")


class OutputTaken(Conflict):
    def __init__(self, uri: str, job_id: object = None, status: str = "") -> None:
        """job_id, status: of the job that writes there, if it is the client's own."""
        if job_id is None:
            super().__init__(f"a job of another owner writes to {uri}: name another output_uri")
        else:
            super().__init__(
                f"batch job {job_id}, which is {status}, writes to {uri}: wait for its end, cancel it, or name another "
                "output_uri"
            )


class OutputNotOurs(Conflict):
    def __init__(self, uri: str, key: str = "", above: str = "") -> None:
        """key: what the folder of this address holds; empty if an object itself is meant. above: a result that it would
        lie in."""
        if above:
            super().__init__(
                f"{uri} lies in {above}, the result of an earlier job: whoever reads that would read this too. Name a "
                "place outside as output_uri, or set overwrite"
            )
        elif key:
            super().__init__(
                f"{uri} holds {key}, which is no result of an earlier job of yours: name an empty folder as "
                "output_uri, or set overwrite, and everything there is replaced"
            )
        else:
            super().__init__(
                f"{uri} is there already, and is no result of an earlier job of yours: name another output_uri, or "
                "set overwrite, and it is replaced"
            )


class InputReplaced(Conflict):
    def __init__(self, uri: str) -> None:
        super().__init__(f"{uri} was replaced while the job ran: submit a new job for the new object")


class UploadGone(Conflict):
    """The multipart upload is gone: its job has ended, or somebody else aborted it."""

    def __init__(self, uri: str) -> None:
        super().__init__(f"the unfinished upload of {uri} was removed from the object store: submit the job again")


class Unavailable(DeliveryTimeError):
    status = 503
    title = "Not ready"


class NoChampion(Unavailable):
    def __init__(self, name: str) -> None:
        super().__init__(f"model {name!r} has no champion yet: run `make params-search register-model`")


class ModelNotLoaded(Unavailable):
    def __init__(self, why: str) -> None:
        super().__init__(f"no model is loaded: {why}")


class RegistryUnavailable(Unavailable):
    def __init__(self, url: str, cause: object) -> None:
        super().__init__(f"the model registry at {url} does not answer ({cause})")


class ObjectStoreUnavailable(Unavailable):
    def __init__(self, cause: object) -> None:
        super().__init__(f"the object store does not answer ({cause})")


class BundleMissing(Unavailable):
    def __init__(self, version: str) -> None:
        super().__init__(
            f"model version {version}, or its files, are gone from the registry: run `trainer rollback` or "
            "`trainer promote VERSION` with one that is there, or register a new model"
        )


class DamagedBundle(Unavailable):
    def __init__(self, folder: object, cause: object) -> None:
        super().__init__(f"the model bundle in {folder} is damaged ({cause}): it will be downloaded again")


class UntrustedBundle(DamagedBundle):
    def __init__(self, version: str, cause: str) -> None:
        Unavailable.__init__(
            self,
            f"model version {version} is not served: {cause}, and REGISTRY_TRUSTED_KEYS asks for another. "
            f"If you know where it is from, `trainer sign {version}` vouches for it",
        )


class OtherFormat(DamagedBundle):
    """Nothing is damaged, but this release does not read the bundle."""

    def __init__(self, folder: object, found: object, oldest: int, newest: int) -> None:
        is_newer = isinstance(found, int) and found > newest
        way_out = (
            "upgrade this service; until then it goes on with the model that it has"
            if is_newer
            else "run `trainer migrate-bundle` of an earlier release that reads it, or register a new model; "
            "until then that release's images serve it"
        )
        Unavailable.__init__(
            self, f"the model bundle in {folder} has format {found}, this release reads {oldest} to {newest}: {way_out}"
        )


class HistoryGone(NotFound):
    def __init__(self, name: str) -> None:
        super().__init__(
            f"version {name} of the history is not kept any more: versions are deleted RETENTION_HISTORY_DAYS after a "
            "newer one was made, unless a registered model names them"
        )


class DamagedHistory(Unavailable):
    def __init__(self, name: str, cause: str) -> None:
        super().__init__(
            f"{name} of the history in the object store cannot be used ({cause}): prepare the data again, or bring it "
            "back from a backup"
        )
