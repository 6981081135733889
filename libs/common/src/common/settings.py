"""Settings, one small group per concern, read from environment variables.

The same names serve the embedded stack and compose. Outside local mode a secret must be set and must not be a
well-known default, so that nothing reaches production with `password` as its password.
"""

import os
from functools import lru_cache
from pathlib import Path
from typing import Literal, Self, TypeVar

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from common.errors import InvalidSettings

WEAK_SECRETS = frozenset({"", "admin", "changeme", "minioadmin", "password", "postgres", "root", "secret", "test"})


class SettingsGroup(BaseSettings):
    model_config = SettingsConfigDict(extra="ignore", frozen=True, env_ignore_empty=True)  # compose sets empty ones


class ModeSettings(SettingsGroup):
    """Where the process runs: `local` (loopback, no API keys needed) or `production`."""

    mode: Literal["local", "production"] = Field("local", description="local or production")


class DatabaseSettings(SettingsGroup):
    """Postgres, the truth about jobs, metrics and predictions."""

    model_config = SettingsConfigDict(env_prefix="DATABASE_")

    url: SecretStr = Field(description="SQLAlchemy address, e.g. postgresql+psycopg2://user:password@host:5434/name")
    pool_size: int = Field(5, ge=1, description="connections kept open by one process")

    @model_validator(mode="after")
    def _refuse_weak_password(self) -> Self:
        _refuse_weak("DATABASE_URL", _password_of(self.url.get_secret_value()))
        return self


class QueueSettings(SettingsGroup):
    """Valkey (Redis protocol): wakes workers, carries the prediction log."""

    model_config = SettingsConfigDict(env_prefix="QUEUE_")

    url: SecretStr = Field(description="redis://:password@host:6380/0")

    @model_validator(mode="after")
    def _refuse_weak_password(self) -> Self:
        _refuse_weak("QUEUE_URL", _password_of(self.url.get_secret_value()))
        return self


class ObjectStoreSettings(SettingsGroup):
    """Any S3 endpoint: batch inputs and results, MLflow's artifacts."""

    model_config = SettingsConfigDict(env_prefix="OBJECT_STORE_")

    endpoint: str = Field(description="address of the S3 endpoint, e.g. http://127.0.0.1:8333")
    public_endpoint: str | None = Field(
        None, description="its address for users, if another: presigned results name it"
    )
    access_key: str | None = Field(None, description="S3 access key; on AWS the machine's role may stand for it")
    secret_key: SecretStr | None = Field(None, description="S3 secret key")
    region: str = Field("us-east-1", description="S3 region")
    bucket: str = Field("delivery-time", description="bucket of batch files and reports")
    allowed_buckets: frozenset[str] = Field(frozenset(), description="further buckets that jobs may read and write")

    @model_validator(mode="after")
    def _refuse_weak_key(self) -> Self:
        if self.access_key and self.secret_key:
            _refuse_weak("OBJECT_STORE_SECRET_KEY", self.secret_key.get_secret_value())
        elif ".amazonaws.com" not in self.endpoint:
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
    result_link_seconds: int = Field(3600, ge=1, le=604_800, description="how long a presigned result address works")


class RegistrySettings(SettingsGroup):
    """The MLflow model registry and the disk cache in front of it."""

    model_config = SettingsConfigDict(env_prefix="REGISTRY_")

    url: str = Field("http://127.0.0.1:5000", description="address of the MLflow server")
    cache_dir: Path = Field(Path(".stack/models"), description="folder of verified model bundles")
    poll_seconds: float = Field(10.0, gt=0, description="how often the champion alias is looked up")


Settings = TypeVar("Settings", bound=SettingsGroup)


@lru_cache
def load(group: type[Settings]) -> Settings:
    """Read one group from the environment; InvalidSettings names every variable that is missing or wrong."""
    try:
        return group()
    except ValidationError as error:
        prefix = str(group.model_config.get("env_prefix") or "")
        raise InvalidSettings(
            {prefix + "_".join(map(str, part["loc"])): part["msg"] for part in error.errors(include_input=False)}
        ) from None


def _password_of(url: str) -> str:
    credentials, at, _ = url.rpartition("@")
    return credentials.rpartition(":")[2] if at else ""


def _refuse_weak(variable: str, secret: str) -> None:
    if os.environ.get("MODE", "local") != "local" and secret.lower() in WEAK_SECRETS:
        raise ValueError(f"{variable} holds an empty or well-known secret, which only MODE=local accepts")
