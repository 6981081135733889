"""The registered versions as the gate meets them: who is champion, and who stays challenger."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from common.database.tables import ModelEvent
from common.errors import BundleMissing, DamagedBundle
from common.model.bundle import Bundle
from common.promotion import PROMOTED, REASON, ROLLED_BACK, Promotion
from common.servers.registry import CHALLENGER
from common.servers.signatures import SigningKey
from trainer.registry.logged_model import log_and_register
from trainer.tracking import Tracking

REGISTERED = "registered"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Versions(Promotion):
    """The registered versions, with the record of who was champion when, and why.

    tracking: where their runs are. key: by which new ones are signed; None, and they are not.
    """

    tracking: Tracking
    key: SigningKey | None = None

    def log_and_register(self, folder: Path, facts: Sequence[str] = ()) -> str:
        """Sign a sealed bundle and register it in the running MLflow run; the new version. facts: the shop's."""
        if self.key:
            self.key.sign(folder)
        return log_and_register(folder, facts)

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

    def was_judged(self, version: str) -> bool:
        """Whether it is on record what became of the version, and that has come about."""
        with self.database.transaction() as session:
            events = session.scalars(select(ModelEvent.event).where(ModelEvent.model_version == version)).all()
            moves = select(ModelEvent.model_version).where(ModelEvent.event.in_([PROMOTED, ROLLED_BACK]))
            newest = session.scalars(moves.order_by(ModelEvent.id.desc()).limit(1)).first()
        return REGISTERED in events or (bool(events) and (newest != version or self.champion_version() == version))

    def keep_as_challenger(self, version: str, reason: str) -> None:
        """The version did not pass the gate: alias `challenger`, the reason as a tag.

        The record comes last: `was_judged` goes by it, and what has no alias is deleted for its age.
        """
        self.bundles.tag(version, REASON, reason)
        self.bundles.point(CHALLENGER, version)
        self._record(REGISTERED, version, "trainer", reason)
