"""The model in service: a new one is loaded and warmed beside it by a thread, and swapped in between two requests."""

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

from common.bundle import Bundle
from common.errors import DeliveryTimeError, ModelNotLoaded
from common.orders import Orders
from common.predictor import Predictor
from common.registry import Registry

logger = logging.getLogger(__name__)

Recorder = Callable[[str, str | None], None]
"""Told of a swap: the new version, and the one it replaced."""


class Champion:
    """Holds the predictor in service. Readers take `current()`; one thread polls the registry and replaces it."""

    def __init__(self, registry: Registry, poll_seconds: float, record_swap: Recorder) -> None:
        self._registry = registry
        self._poll_seconds = poll_seconds
        self._record_swap = record_swap
        self._predictor: Predictor | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._poll, name="champion", daemon=True)
        self.trouble: str | None = "the registry has not been asked yet"
        self.checked_at: float | None = None
        self.first_check_done = False

    def current(self) -> Predictor:
        """The champion's predictor; ModelNotLoaded, saying why, while there is none."""
        if self._predictor is None:
            raise ModelNotLoaded(self.trouble or "it is being loaded")
        return self._predictor

    @property
    def version(self) -> str | None:
        """The version that answers now."""
        return self._predictor.version if self._predictor else None

    @property
    def seconds_since_check(self) -> float | None:
        """Age of the last look-up of the alias that the registry answered."""
        return None if self.checked_at is None else time.monotonic() - self.checked_at

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()

    def check(self) -> None:
        """Look the alias up once; load, warm and swap if it points to another version."""
        try:
            version = self._registry.resolve().version
            if version != self.version:
                self._swap(self._registry.bundle(version))
                self._registry.remember_champion(version)
            self.checked_at, self.trouble = time.monotonic(), None
        except DeliveryTimeError as error:
            if self.trouble != str(error):
                logger.warning("%s", error)
            self.trouble = str(error)

    def _poll(self) -> None:
        self._serve_cached()
        while not self._stopping.is_set():
            try:
                self.check()
            except Exception:  # whatever it was, the thread must live: the next poll may succeed
                logger.exception("the champion could not be checked")
            self.first_check_done = True
            self._stopping.wait(self._poll_seconds)

    def _serve_cached(self) -> None:
        """Answer at once with the last champion that this host has seen, before the registry has been asked."""
        try:
            self._swap(self._registry.last_champion())
        except DeliveryTimeError:
            logger.info("no champion in the disk cache yet")

    def _swap(self, bundle: Bundle) -> None:
        predictor, replaced = Predictor(bundle), self.version
        _warm(predictor)
        self._predictor = predictor
        logger.info("serving version %s%s", bundle.version, f" in place of {replaced}" if replaced else "")
        self._record_swap(bundle.version, replaced)


def _warm(predictor: Predictor) -> None:
    now = datetime.now(UTC)
    for _ in range(20):
        predictor.predict_one(1001, -23.5, -46.6, now)
    predictor.predict(Orders.single(1001, -23.5, -46.6, now))
