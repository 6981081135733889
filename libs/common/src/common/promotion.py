"""Which version is champion: moved by the gate, or by people who say why.

Every move is made in one step, alone in the whole installation: a lock in Postgres, then the event, then the alias. So
a champion without an event cannot be, whichever server is lost on the way.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import delete, func, select

from common.database.access.acts import record
from common.database.session import Database
from common.database.tables import ModelEvent
from common.errors import BundleMissing, DamagedBundle, InvalidInput, NoChampion, RegistryUnavailable
from common.servers.registry import CHALLENGER, CHAMPION, MODEL_NAME, Registry

PROMOTED = "promoted"
ROLLED_BACK = "rolled back"
REASON = "reason"
"""The tag of a version that says why it is what it is."""

MOVE_LOCK = 7_270_002
"""Any number that no other advisory lock of this database uses."""


@dataclass(frozen=True)
class Promotion:
    """Moves the alias `champion` between the registered versions, with the record of who did, and why."""

    bundles: Registry
    database: Database

    def champion_version(self) -> str | None:
        """The version that the alias points to; None before the first."""
        return self._at(CHAMPION)

    def promote(self, version: str, reason: str, actor: str) -> None:
        """Make a registered version the champion; InvalidInput if there is no such version, or it cannot be loaded."""
        self._must_load(version)
        with self._alone():
            self._move(version, reason, actor, PROMOTED)

    def promote_over(self, champion: str | None, version: str, reason: str, actor: str) -> bool:
        """Make a version the champion if `champion` still is; False, with nothing changed, if another one is by now.

        One that cannot be loaded, or that nobody vouches for, is as none.
        """
        self._must_load(version)
        with self._alone():
            present = self.champion_version()
            if present != champion and not (champion is None and self._cannot_load(present)):
                return False
            self._move(version, reason, actor, PROMOTED)
            return True

    def rollback(self, reason: str, actor: str) -> str:
        """Make the champion before the present one champion again; its version. InvalidInput if there was none."""
        with self._alone():
            version = self._before_present()
            self._must_load(version)
            self._move(version, reason, actor, ROLLED_BACK)
        return version

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with self.database.transaction() as session:
            session.execute(select(func.pg_advisory_xact_lock(MOVE_LOCK)))
            yield

    def _move(self, version: str, reason: str, actor: str, event: str) -> None:
        """Record the event, then move the alias; if it does not move, the event is taken back."""
        recorded = self._record(event, version, actor, reason)
        try:
            self.bundles.tag(version, REASON, reason)
            self.bundles.point(CHAMPION, version)
        except RegistryUnavailable:
            with self.database.transaction() as session:
                session.execute(delete(ModelEvent).where(ModelEvent.id == recorded))
            raise
        with self.database.transaction() as session:
            record(session, "version promoted" if event == PROMOTED else "version rolled back", actor, version, reason)
        if self._at(CHALLENGER) == version:
            self.bundles.unpoint(CHALLENGER)

    def _before_present(self) -> str:
        present = self.champion_version()
        if present is None:
            raise InvalidInput("there is no champion yet: promote a version first")
        with self.database.transaction() as session:
            moves = session.scalars(
                select(ModelEvent).where(ModelEvent.event.in_([PROMOTED, ROLLED_BACK])).order_by(ModelEvent.id)
            ).all()
        champions: list[str] = []
        for move in moves:
            if move.event == ROLLED_BACK and len(champions) > 1:
                champions.pop()
            elif not champions or champions[-1] != move.model_version:
                champions.append(move.model_version)
        while champions and champions[-1] != present:
            champions.pop()  # recorded, but whoever did it died before the alias moved
        if len(champions) < 2:
            raise InvalidInput(f"no champion before version {present} is on record: promote one instead")
        return champions[-2]

    def _at(self, alias: str) -> str | None:
        try:
            return self.bundles.resolve(alias).version
        except NoChampion:
            return None

    def _must_load(self, version: str) -> None:
        """InvalidInput unless the version's files can be downloaded and verified, as a gateway will do it."""
        if not self.bundles.exists(version):
            raise InvalidInput(f"{MODEL_NAME} has no version {version}: {self.bundles.url} shows those there are")
        try:
            self.bundles.verify(version)
        except (BundleMissing, DamagedBundle) as error:
            raise InvalidInput(f"version {version} cannot be champion, its files cannot be loaded: {error}") from error

    def _cannot_load(self, version: str | None) -> bool:
        try:
            if version is not None:
                self.bundles.verify(version)
        except (BundleMissing, DamagedBundle):
            return True
        return False

    def _record(self, event: str, version: str, actor: str, reason: str) -> int:
        with self.database.transaction() as session:
            row = ModelEvent(event=event, model_version=version, actor=actor, reason=reason)
            session.add(row)
        return row.id
