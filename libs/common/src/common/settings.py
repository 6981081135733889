"""Settings, one small group per concern, read from environment variables.

The same names serve the embedded stack and compose. Outside local mode a secret must be set and must not be a
well-known default, so that nothing reaches production with `password` as its password.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from common.addresses import DatabaseAddress, HttpAddress, QueueAddress, SecretAddress, redacted
from common.errors import InvalidSettings

WEAK_SECRETS = frozenset({"", "admin", "changeme", "minioadmin", "password", "postgres", "root", "secret", "test"})

_SERVICE_LINK = re.compile(r"tcp://[\d.:a-f\[\]]+:\d+")
"""What Kubernetes puts into NAME_PORT of every pod, for each service NAME; no setting of ours looks like it."""


class SettingsGroup(BaseSettings):
    """Settings of one concern. Space, line breaks and quotes around a value (Docker's env files keep them), and
    Kubernetes' service links, do not count."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True, env_ignore_empty=True)  # compose sets empty ones

    @model_validator(mode="before")
    @classmethod
    def _as_meant(cls, values: dict[str, Any]) -> dict[str, Any]:
        stripped = {name: _bare(value) if isinstance(value, str) else value for name, value in values.items()}
        return {
            name: value
            for name, value in stripped.items()
            if not isinstance(value, str) or (value and not _SERVICE_LINK.fullmatch(value))
        }


def _bare(value: str) -> str:
    value = value.strip(" \t\r\n\ufeff")
    return value[1:-1].strip() if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value


def _separated(value: object) -> object:
    """A list as people write it (`a, b`), or as JSON."""
    if not isinstance(value, str):
        return value
    return [part.strip(" \"'") for part in value.strip("[] ").split(",") if part.strip(" \"'")]


Names = Annotated[frozenset[str], NoDecode, BeforeValidator(_separated), Field(examples=["archive,exports"])]
"""Several names in one variable, separated by commas."""


class ModeSettings(SettingsGroup):
    """Where the process runs: `local` (loopback, no API keys needed) or `production`."""

    mode: Literal["local", "production"] = Field("local", description="local or production")


class DatabaseSettings(SettingsGroup):
    """Postgres, the truth about jobs, metrics and predictions."""

    model_config = SettingsConfigDict(env_prefix="DATABASE_")

    url: DatabaseAddress = Field(description="address of the database; `?sslmode=require` asks for TLS")
    pooler: bool = Field(
        False,
        description="whether a pooler such as PgBouncer, by transaction, stands before it: nothing is set at start",
    )
    pool_size: int = Field(5, ge=1, description="connections kept open by one process")

    @field_validator("url")
    @classmethod
    def _refuse_weak_password(cls, url: SecretAddress) -> SecretAddress:
        return _strong(url, url.password)


class QueueSettings(SettingsGroup):
    """Valkey (Redis protocol): wakes workers, carries the prediction log."""

    model_config = SettingsConfigDict(env_prefix="QUEUE_")

    url: QueueAddress = Field(
        description="address of the queue; rediss:// is TLS, its certificate checked unless ?ssl_cert_reqs=none"
    )

    @field_validator("url")
    @classmethod
    def _refuse_weak_password(cls, url: SecretAddress) -> SecretAddress:
        return _strong(url, url.password)


class ObjectStoreSettings(SettingsGroup):
    """Any S3 endpoint: batch inputs and results, MLflow's artifacts."""

    model_config = SettingsConfigDict(env_prefix="OBJECT_STORE_")

    endpoint: str = Field(description="address of the S3 endpoint", examples=["http://127.0.0.1:8333"])
    public_endpoint: str | None = Field(
        None, description="its address for users, if another: presigned results name it"
    )
    access_key: str | None = Field(None, description="S3 access key; on AWS the machine's role may stand for it")
    secret_key: SecretStr | None = Field(None, description="S3 secret key")
    region: str = Field("us-east-1", description="S3 region")
    bucket: str = Field("delivery-time", description="bucket of batch files and reports")
    allowed_buckets: Names = Field(frozenset(), description="further buckets that jobs may read and write")

    @field_validator("endpoint", "public_endpoint")
    @classmethod
    def _well_formed(cls, endpoint: str | None) -> str | None:
        if endpoint is not None and not re.fullmatch(r"https?://[^/@\s]+/?", endpoint):
            raise ValueError("must look like http://host:8333, without credentials or a path")
        return endpoint

    @field_validator("bucket", "allowed_buckets")
    @classmethod
    def _named(cls, buckets: str | frozenset[str]) -> str | frozenset[str]:
        for bucket in [buckets] if isinstance(buckets, str) else sorted(buckets):
            if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", bucket):
                raise ValueError("must be names of buckets alone, with commas between several")
        return buckets

    @field_validator("secret_key")
    @classmethod
    def _refuse_weak_key(cls, key: SecretStr | None) -> SecretStr | None:
        return _strong(key, key.get_secret_value()) if key else None

    @model_validator(mode="after")
    def _require_keys(self) -> Self:
        if not (self.access_key and self.secret_key) and ".amazonaws.com" not in self.endpoint:
            raise ValueError("OBJECT_STORE_ACCESS_KEY and OBJECT_STORE_SECRET_KEY must be set, except on AWS")
        return self

    @property
    def job_buckets(self) -> frozenset[str]:
        """Every bucket that a batch job may name."""
        return self.allowed_buckets | {self.bucket}


class BatchSettings(SettingsGroup):
    """What a batch job may ask for."""

    model_config = SettingsConfigDict(env_prefix="BATCH_")

    limit_bytes: int = Field(200 * 2**30, gt=0, description="largest input of a job, in bytes")
    limit_objects: int = Field(10_000, gt=0, description="most objects under an input prefix")
    open_jobs: int = Field(1_000, gt=0, description="most jobs of one API key that have not ended")
    open_bytes: int = Field(2**40, gt=0, description="most bytes of the inputs of one API key's jobs still to be read")
    result_link_seconds: int = Field(3600, ge=1, le=604_800, description="how long a presigned result address works")


class RegistrySettings(SettingsGroup):
    """The MLflow model registry and the disk cache in front of it."""

    model_config = SettingsConfigDict(env_prefix="REGISTRY_")

    url: HttpAddress = Field(
        SecretAddress("http://127.0.0.1:5000"), description="address of the MLflow server", validate_default=False
    )
    cache_dir: Path = Field(Path(".stack/models"), description="folder of verified model bundles")
    poll_seconds: float = Field(10.0, gt=0, description="how often the champion alias is looked up")
    trusted_keys: Names = Field(
        frozenset(),
        description="public keys of trainers (`trainer signing-key` makes one): models that none of them signed are "
        "not loaded; none: all are, which is said on each start outside MODE=local",
    )

    @field_validator("trusted_keys")
    @classmethod
    def _are_keys(cls, keys: frozenset[str]) -> frozenset[str]:
        if not all(re.fullmatch(r"[0-9a-f]{64}", key) for key in keys):
            raise ValueError("must be public keys as `trainer signing-key` prints them: 64 digits and letters a to f")
        return keys


Settings = TypeVar("Settings", bound=SettingsGroup)


def load(group: type[Settings]) -> Settings:
    """Read one group from the environment; InvalidSettings names every variable that is missing or wrong."""
    try:
        return group()
    except ValidationError as error:
        raise InvalidSettings(
            {_variable(group, part["loc"]): _problem(group, part) for part in error.errors()}
        ) from None


def _variable(group: type[SettingsGroup], place: tuple[int | str, ...]) -> str:
    prefix = str(group.model_config.get("env_prefix") or "")
    return prefix + str(place[0]) if place else prefix.rstrip("_")


def _problem(group: type[SettingsGroup], part: Mapping[str, Any]) -> str:
    """What is wrong in plain words, with the value unless it is a secret, and an example."""
    field = group.model_fields.get(str(part["loc"][0])) if part["loc"] else None
    said = "is not set" if part["type"] == "missing" else str(part["msg"]).removeprefix("Value error, ")
    if field is None:
        return said
    if part["type"] != "missing" and "Secret" not in str(field.annotation):
        said += f" (got {redacted(str(part['input']))[:80]!r})"
    example = field.examples[0] if field.examples else field.default
    return said if example is None or str(example) in said or not str(example) else f"{said}, e.g. {example}"


def in_production() -> bool:
    """Whether this is no local installation: secrets that everybody knows are refused there."""
    return os.environ.get("MODE", "local").strip() != "local"


Secret = TypeVar("Secret")


def _strong(value: Secret, secret: str) -> Secret:
    if in_production() and secret.lower() in WEAK_SECRETS:
        raise ValueError("holds an empty or well-known secret, which only MODE=local accepts")
    return value
