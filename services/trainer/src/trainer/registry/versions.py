"""The registered versions as the gate meets them: who is champion, and who stays challenger."""

import logging
from dataclasses import dataclass

from common.errors import BundleMissing, DamagedBundle
from common.model.bundle import Bundle
from common.promotion import REASON, Promotion
from common.servers.registry import CHALLENGER
from trainer.tracking import Tracking

REGISTERED = "registered"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Versions(Promotion):
    """The registered versions, with the record of who was champion when, and why. tracking: where their runs are."""

    tracking: Tracking

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

    def keep_as_challenger(self, version: str, reason: str) -> None:
        """The version did not pass the gate: alias `challenger`, the reason as a tag."""
        self._record(REGISTERED, version, "trainer", reason)
        self.bundles.tag(version, REASON, reason)
        self.bundles.point(CHALLENGER, version)
