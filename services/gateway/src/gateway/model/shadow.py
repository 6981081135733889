"""The challenger: predicts a share of the orders after the champion has answered; logged, never answered."""

import logging
import random
from collections.abc import Sequence

import numpy as np

from common.errors import DeliveryTimeError, NoChampion
from common.model.predictor import Predictor
from common.orders.columns import Orders
from common.servers.prediction_log import LoggedPrediction, new_ids
from common.servers.registry import CHALLENGER, Registry
from gateway.routes.answers import Row

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
        chosen = [LoggedPrediction._make(row) for row in answered if random.random() < self._share]
        if not chosen:
            return []
        predictions = predictor.predict(_orders(chosen))
        columns = (predictions.days, predictions.lower_days, predictions.upper_days, predictions.seller_known)
        return [
            (
                new_id,
                row.predicted_at,
                row.request_id,
                row.order_id,
                predictor.version,
                CHALLENGER,
                row.seller_zip_code_prefix,
                row.customer_lat,
                row.customer_lng,
                row.purchase_timestamp,
                *prediction,
                row.latency_ms,
            )
            for new_id, row, *prediction in zip(
                new_ids(len(chosen)), chosen, *(column.tolist() for column in columns), strict=True
            )
        ]


def _orders(rows: Sequence[LoggedPrediction]) -> Orders:
    return Orders(
        np.array([row.seller_zip_code_prefix for row in rows], dtype=np.int64),
        np.array([row.customer_lat for row in rows], dtype=np.float64),
        np.array([row.customer_lng for row in rows], dtype=np.float64),
        np.array([row.purchase_timestamp for row in rows], dtype="datetime64[s]"),
    )
