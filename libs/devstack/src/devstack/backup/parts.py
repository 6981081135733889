"""The parts of a backup, by name."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from alembic.script import ScriptDirectory

from common.database.migrate import MIGRATIONS
from common.release import release
from devstack.errors import OtherRelease
from devstack.servers.postgres import MLFLOW
from devstack.stack import DATABASE

FORMAT = 1
ABOUT = "about.json"
CREDENTIALS = "credentials.json"
SHOP = "shop.toml"
QUEUE, POSTGRES, OBJECTS = "queue", "postgres", "objects"
"""Folders of parts; below them a folder for each stream, database, bucket."""
DATABASES = (DATABASE, MLFLOW)
"""In the order in which they are read: the first names what is in the second."""


@dataclass(frozen=True)
class About:
    """What a backup is, and what made it. revision: of the services' tables. made_at: ISO 8601."""

    format: int
    release: str
    revision: str
    made_at: str

    @classmethod
    def now(cls, moment: str) -> Self:
        """Of a backup that this code makes."""
        return cls(FORMAT, release(), str(_migrations().get_current_head()), moment)

    @classmethod
    def read(cls, file: Path, content: bytes) -> Self:
        """Of the backup in a file; OtherRelease if this code does not know its format or its tables."""
        found = json.loads(content)
        known = {each.revision for each in _migrations().walk_revisions()}
        if found.get("format") != FORMAT or found.get("revision") not in known:
            raise OtherRelease(file, str(found.get("release")), release())
        return cls(**found)

    def as_json(self) -> bytes:
        """As it is written."""
        return json.dumps(asdict(self), indent=1).encode()


def _migrations() -> ScriptDirectory:
    return ScriptDirectory(str(MIGRATIONS))
