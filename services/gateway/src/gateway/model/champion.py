"""The model in service: a new one is loaded and warmed beside it by a thread, and swapped in between two requests."""

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np

from common.errors import DeliveryTimeError, ModelNotLoaded
from common.model.bundle import Bundle
from common.model.manifest import Manifest
from common.model.predictor import Predictor
from common.orders.fields import Order
from common.orders.orders import Orders
from common.servers.registry import ModelVersion, Registry
from gateway.model.present_pace import PresentPace

logger = logging.getLogger(__name__)

SwapListener = Callable[[str, str | None], None]
"""Called after a swap with the new version and the one it replaced."""


class Champion:
    """Holds the predictor in service. Requests take `current()`; one thread calls `refresh()` and replaces it."""

    def __init__(
        self, registry: Registry, pace: PresentPace, on_swap: SwapListener, on_check: Callable[[float], None]
    ) -> None:
        """`on_check` is called with the time (seconds since 1970) whenever the registry has answered."""
        self._registry = registry
        self._pace = pace
        self._on_swap = on_swap
        self._on_check = on_check
        self._predictor: Predictor | None = None
        self._manifest: Manifest | None = None
        self._found: ModelVersion | None = None
        self.trouble: str | None = None
        self.registry_asked = False
        self.checked_at: float | None = None

    def current(self) -> Predictor:
        """The champion's predictor; ModelNotLoaded, saying why, while there is none."""
        if self._predictor is None:
            raise ModelNotLoaded(self.trouble or "the gateway has just started")
        return self._predictor

    @property
    def version(self) -> str | None:
        """The version that answers now."""
        return self._predictor.version if self._predictor else None

    def refresh(self) -> None:
        """Look the alias up; load, warm and swap if it points to another version.

        The first call serves the last champion that this host has seen before it asks the registry.
        """
        if not self.registry_asked:
            self._serve_cached()
        self._follow_pace()
        try:
            found = self._registry.resolve()
            if found != self._found:
                self._follow(found)
            self._note(None)
            self.checked_at = time.time()
            self._on_check(self.checked_at)
        except (DeliveryTimeError, OSError) as error:  # OSError: the disk cache takes no new bundle
            self._note(str(error))
        finally:
            self.registry_asked = True

    def _serve_cached(self) -> None:
        try:
            self._swap(self._registry.last_champion())
        except DeliveryTimeError as error:
            logger.info("no champion from the disk cache: %s", error.__cause__ or error)

    def _follow(self, found: ModelVersion) -> None:
        """Serve what the registry has found, unless it is what is served: another registry's version may have the
        number of this one's."""
        bundle = self._registry.bundle(found.version)
        if (bundle.version, bundle.manifest) != (self.version, self._manifest):
            self._swap(bundle)
        self._registry.remember_champion(found.version)
        self._found = found

    def _swap(self, bundle: Bundle) -> None:
        predictor, replaced = Predictor(bundle).with_present_pace(self._pace.table), self.version
        _warm(predictor)
        self._predictor, self._manifest = predictor, bundle.manifest
        logger.info("serving version %s%s", bundle.version, f" in place of {replaced}" if replaced else "")
        self._on_swap(bundle.version, replaced)

    def _follow_pace(self) -> None:
        if self._pace.refresh() and self._predictor:
            self._predictor = self._predictor.with_present_pace(self._pace.table)

    def _note(self, trouble: str | None) -> None:
        if trouble and trouble != self.trouble:
            logger.warning("%s", trouble)
        elif self.trouble and not trouble:
            logger.info("the registry answers again")
        self.trouble = trouble


def _warm(predictor: Predictor) -> None:
    order = Order(origin_id="warm-up", origin_postal_code="1", destination_lat=0.0, destination_lng=0.0)
    now = datetime.now(UTC).replace(tzinfo=None)
    for _ in range(20):
        predictor.predict_one(order, now)
    columns = order.model_dump(exclude_none=True) | {"purchase_timestamp": np.datetime64(now, "s")}
    predictor.predict(Orders.of_columns({name: [value] for name, value in columns.items()}))
