"""Which version is champion: moved by the gate, or by people who say why.

Every move is made in one step, alone in the whole installation: a lock in Postgres, then the event, then the alias. So
a champion without an event cannot be, whichever server is lost on the way.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import mlflow
from mlflow.exceptions import MlflowException
from sqlalchemy import delete, func, select

from common.database.session import Database
from common.database.tables import ModelEvent
from common.errors import BundleMissing, DamagedBundle, InvalidInput, RegistryUnavailable
from common.model.bundle import Bundle
from common.servers.registry import CHALLENGER, CHAMPION, MODEL_NAME, Registry
from trainer.tracking import Tracking

PROMOTED = "promoted"
ROLLED_BACK = "rolled back"
REGISTERED = "registered"

MOVE_LOCK = 7_270_002
"""Any number that no other advisory lock of this database uses."""

MISSING = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")
"""MLflow's codes for a model or a version, and for an alias, that is not there."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Versions:
    """The registered versions, with the record of who was champion when, and why."""

    tracking: Tracking
    bundles: Registry
    database: Database

    def champion(self) -> Bundle | None:
        """The champion's bundle; None before the first, or, with a warning, when its files cannot be loaded."""
        version = self.champion_version()
        if version is None:
            return None
        try:
            return self.bundles.bundle(version)
        except (BundleMissing, DamagedBundle) as error:
            log.warning(
                "version %s, the champion, cannot be loaded (%s): going on as if there were none", version, error
            )
            return None

    def champion_version(self) -> str | None:
        """The version that the alias points to; None before the first."""
        return self._at(CHAMPION)

    def exists(self, version: str) -> bool:
        """Whether the registry has the version."""
        try:
            mlflow.MlflowClient().get_model_version(MODEL_NAME, version)
        except MlflowException as error:
            if error.error_code in MISSING:
                return False
            raise RegistryUnavailable(self.tracking.url, error.error_code) from error
        return True

    def promote(self, version: str, reason: str, actor: str) -> None:
        """Make a registered version the champion; InvalidInput if there is no such version, or it cannot be loaded."""
        self._must_load(version)
        with self._alone():
            self._move(version, reason, actor, PROMOTED)

    def promote_over(self, champion: str | None, version: str, reason: str, actor: str) -> bool:
        """Make a version the champion if `champion` still is; False, with nothing changed, if another one is by now."""
        self._must_load(version)
        with self._alone():
            if self.champion_version() != champion:
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

    def keep_as_challenger(self, version: str, reason: str) -> None:
        """The version did not pass the gate: alias `challenger`, the reason as a tag."""
        self._record(REGISTERED, version, "trainer", reason)
        client = mlflow.MlflowClient()
        client.set_model_version_tag(MODEL_NAME, version, "reason", reason)
        client.set_registered_model_alias(MODEL_NAME, CHALLENGER, version)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with self.database.transaction() as session:
            session.execute(select(func.pg_advisory_xact_lock(MOVE_LOCK)))
            yield

    def _move(self, version: str, reason: str, actor: str, event: str) -> None:
        """Record the event, then move the alias; if it does not move, the event is taken back."""
        recorded = self._record(event, version, actor, reason)
        client = mlflow.MlflowClient()
        try:
            client.set_model_version_tag(MODEL_NAME, version, "reason", reason)
            client.set_registered_model_alias(MODEL_NAME, CHAMPION, version)
        except MlflowException as error:
            with self.database.transaction() as session:
                session.execute(delete(ModelEvent).where(ModelEvent.id == recorded))
            raise RegistryUnavailable(self.tracking.url, error.error_code) from error
        if self._at(CHALLENGER) == version:
            client.delete_registered_model_alias(MODEL_NAME, CHALLENGER)

    def _before_present(self) -> str:
        present = self.champion_version()
        if present is None:
            raise InvalidInput("there is no champion yet: use `trainer promote VERSION`")
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
            raise InvalidInput(f"no champion before version {present} is on record: use `trainer promote VERSION`")
        return champions[-2]

    def _at(self, alias: str) -> str | None:
        try:
            return str(mlflow.MlflowClient().get_model_version_by_alias(MODEL_NAME, alias).version)
        except MlflowException as error:
            if error.error_code in MISSING:
                return None
            raise RegistryUnavailable(self.tracking.url, error.error_code) from error

    def _must_load(self, version: str) -> None:
        """InvalidInput unless the version's files can be downloaded and verified, as a gateway will do it."""
        if not self.exists(version):
            raise InvalidInput(f"{MODEL_NAME} has no version {version}: {self.tracking.url} shows those there are")
        try:
            self.bundles.verify(version)
        except (BundleMissing, DamagedBundle) as error:
            raise InvalidInput(f"version {version} cannot be champion, its files cannot be loaded: {error}") from error

    def _record(self, event: str, version: str, actor: str, reason: str) -> int:
        with self.database.transaction() as session:
            row = ModelEvent(event=event, model_version=version, actor=actor, reason=reason)
            session.add(row)
        return row.id
