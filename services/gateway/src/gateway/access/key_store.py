"""API keys in Postgres."""

from collections.abc import Iterable

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from common.batch.reach import prefix
from common.database.access.acts import account, record
from common.database.session import Database
from common.database.tables import ApiKey
from common.errors import Conflict, NotFound
from gateway.access.keys import Key, Scope, new_key


class KeyNameTaken(Conflict):
    """A name stays taken after its key is revoked, so that logs and records stay unambiguous."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is, or was, a key named {name!r}: choose another name")


class KeyNotFound(NotFound):
    """There is no such key, or it is revoked."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no valid key named {name!r}: `gateway keys list` shows them")


class KeyStore:
    """The keys of an installation."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(
        self, name: str, owner: str, scopes: Iterable[Scope], reads: Iterable[str] = (), writes: Iterable[str] = ()
    ) -> str:
        """Store a new key; its secret text. KeyNameTaken; InvalidAddress of a prefix."""
        prefixes = {"reads": [*map(prefix, reads)], "writes": [*map(prefix, writes)]}
        key, text = new_key(name, owner, scopes)
        row = ApiKey(id=key.id, name=name, owner=owner, sha256=key.sha256, scopes=sorted(key.scopes), **prefixes)
        allowed = ", ".join(
            [*row.scopes, *(f"reads {each}" for each in row.reads), *(f"writes {each}" for each in row.writes)]
        )
        try:
            with self._database.transaction() as session:
                session.add(row)
                record(session, "key created", account(), f"{key.id} {name}", f"of {owner}: {allowed}")
        except IntegrityError as error:
            raise KeyNameTaken(name) from error
        return text

    def revoke(self, name: str) -> None:
        """Make a key invalid for good; gateways notice within seconds. KeyNotFound."""
        statement = update(ApiKey).where(ApiKey.name == name, ApiKey.revoked_at.is_(None))
        with self._database.transaction() as session:
            key_id = session.scalar(statement.values(revoked_at=func.now()).returning(ApiKey.id))
            if key_id is None:
                raise KeyNotFound(name)
            record(session, "key revoked", account(), f"{key_id} {name}")

    def valid(self) -> list[Key]:
        """Every key that may be used."""
        with self._database.transaction() as session:
            rows = session.scalars(select(ApiKey).where(ApiKey.revoked_at.is_(None)).order_by(ApiKey.created_at))
            return [
                Key(
                    row.id,
                    row.name,
                    row.owner,
                    row.sha256,
                    frozenset(row.scopes),
                    tuple(row.reads),
                    tuple(row.writes),
                )
                for row in rows
            ]
