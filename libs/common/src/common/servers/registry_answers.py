"""What MLflow's REST interface answers, as far as it is read: anything else may stand at its address."""

import re
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

LATEST_MS = 253_402_300_799_000
"""The end of the year 9999."""

PROXIED = re.compile(r"mlflow-artifacts:(?://[^/]*)?/+(.*)", re.DOTALL)
"""An artifact's address behind MLflow's proxy, which may name the server."""


def _file_name(path: str) -> str:
    name = PurePosixPath(path).name
    if name in ("", ".."):
        raise ValueError("a path that ends in a file's name")
    return name


class Answer(BaseModel):
    """An answer, or a part of one; a version may be a number."""

    model_config = ConfigDict(coerce_numbers_to_str=True)


class Tag(Answer):
    """A tag of a version."""

    key: str
    value: str = ""


class Version(Answer):
    """A registered version."""

    version: str
    source: str
    tags: list[Tag] = []
    creation_timestamp: Annotated[int, Field(ge=0, le=LATEST_MS)] | None = None

    @property
    def created(self) -> datetime | None:
        """When it was registered; None where the registry does not say."""
        return None if self.creation_timestamp is None else datetime.fromtimestamp(self.creation_timestamp / 1e3, UTC)


class Aliased(Answer):
    """The version behind an alias, or of a number."""

    model_version: Version


class Versions(Answer):
    """A page of versions."""

    model_versions: list[Version] = []
    next_page_token: str = ""


class Artifacts(Answer):
    """Where the files of a version lie."""

    artifact_uri: str

    @property
    def proxied_path(self) -> str | None:
        """Where they lie behind the proxy; None if they do not."""
        found = PROXIED.fullmatch(self.artifact_uri)
        return found[1].strip("/") if found else None


class File(Answer):
    """A file of a version, by its name in its folder."""

    name: Annotated[str, AfterValidator(_file_name)] = Field(alias="path")
    file_size: int | None = None


class Files(Answer):
    """The files in a folder."""

    files: list[File] = []


class Failure(Answer):
    """What went wrong."""

    error_code: str = ""

    @classmethod
    def in_text(cls, text: bytes) -> Self:
        """The failure that a body tells of; one without a code if it is none of MLflow's."""
        try:
            return cls.model_validate_json(text)
        except ValueError:
            return cls()
