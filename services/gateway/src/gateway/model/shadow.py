"""The challenger: predicts a share of the orders after the champion has answered; logged, never answered."""

import logging
import random
from collections.abc import Sequence
from typing import Any

from common.errors import DeliveryTimeError, NoChampion
from common.model.predictor import Predictor
from common.orders.logged import logged_orders
from common.servers.prediction_log import LoggedPrediction, Row, new_ids, predicted_columns, rows_of
from common.servers.registry import CHALLENGER, Registry

logger = logging.getLogger(__name__)


class Shadow:
    """Holds the challenger's predictor while the alias `challenger` exists."""

    def __init__(self, registry: Registry, share: float) -> None:
        self._registry = registry
        self._share = share
        self._predictor: Predictor | None = None

    @property
    def version(self) -> str | None:
        """The challenger's version, if there is one."""
        return self._predictor.version if self._predictor else None

    def refresh(self) -> None:
        """Look the alias up; load another version, or none, if it has changed. Keeps what it has if that fails."""
        if not self._share:
            return
        try:
            version = self._registry.resolve(CHALLENGER).version
            if version != self.version:
                self._predictor = Predictor(self._registry.bundle(version))
                logger.info("challenger: version %s", version)
        except NoChampion:
            self._predictor = None
        except DeliveryTimeError as error:
            logger.debug("the challenger could not be looked up: %s", error)

    def rows(self, answered: Sequence[Row]) -> list[Row]:
        """The challenger's predictions for a share of these rows of the log, as further rows."""
        predictor = self._predictor
        if predictor is None:
            return []
        chosen = [row for row in answered if random.random() < self._share]
        if not chosen:
            return []
        columns = dict(zip(LoggedPrediction._fields, zip(*chosen, strict=True), strict=True))
        ids, keys = new_ids(len(chosen)), columns["key_id"]
        shadowed: dict[str, Sequence[Any]] = {
            **columns,
            "model_version": [predictor.version] * len(chosen),
            "role": [CHALLENGER] * len(chosen),
            **predicted_columns(predictor.predict(logged_orders(columns, predictor.reading))),
        }
        return [(id_, *row, key) for id_, row, key in zip(ids, rows_of(shadowed), keys, strict=True)]
