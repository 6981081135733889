"""Metrics for Prometheus. With several worker processes each writes to files, and any of them answers for all."""

import os
from collections.abc import Iterable
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from gateway.settings import SHARED_FOLDER

SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30)
DAYS = (2, 4, 6, 8, 10, 12, 15, 20, 25, 30, 45, 60)


class Metrics:
    """The gateway's metrics, in a registry of their own."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self._requests = Counter("gateway_requests", "Requests", ["route", "status"], registry=registry)
        self._seconds = Histogram(
            "gateway_request_seconds", "Time to answer", ["route"], buckets=SECONDS, registry=registry
        )
        self._days = Histogram("gateway_predicted_days", "Predictions of the champion", buckets=DAYS, registry=registry)
        self._serving = Gauge(
            "gateway_workers_serving",
            "Workers that answer with this model version",
            ["version"],
            multiprocess_mode="livesum",
            registry=registry,
        )
        self._checked = Gauge(
            "gateway_champion_checked_timestamp_seconds",
            "When the registry last answered which version the champion is (the worker with the oldest answer)",
            multiprocess_mode="livemin",
            registry=registry,
        )
        self._log_buffered = Gauge(
            "gateway_log_buffered",
            "Predictions that wait to be logged",
            multiprocess_mode="livesum",
            registry=registry,
        )
        self._log_dropped = Counter("gateway_log_dropped", "Predictions that could not be logged", registry=registry)
        self._waiting = Gauge(
            "gateway_requests_waiting", "Requests in progress", multiprocess_mode="livesum", registry=registry
        )
        self.in_progress = 0
        self._counters: dict[tuple[str, int], Counter] = {}
        self._histograms: dict[str, Histogram] = {}
        self._version: str | None = None

    def answered(self, route: str, status: int, seconds: float) -> None:
        """A request was answered."""
        counter = self._counters.get((route, status))
        if counter is None:
            counter = self._counters[route, status] = self._requests.labels(route, str(status))
        histogram = self._histograms.get(route)
        if histogram is None:
            histogram = self._histograms[route] = self._seconds.labels(route)
        counter.inc()
        histogram.observe(seconds)

    def predicted(self, days: Iterable[float]) -> None:
        """The champion predicted."""
        for value in days:
            self._days.observe(value)

    def serving(self, version: str) -> None:
        """This worker answers with this version from now on."""
        if self._version is not None:
            self._serving.labels(self._version).set(0)
        self._serving.labels(version).set(1)
        self._version = version

    def checked(self, timestamp: float) -> None:
        """The registry answered."""
        self._checked.set(timestamp)

    def log(self, buffered: int, dropped: int) -> None:
        """The state of the prediction log: predictions that wait, predictions newly dropped.

        This is called several times a second, so the requests in progress are set with it.
        """
        self._waiting.set(self.in_progress)
        self._log_buffered.set(buffered)
        self._log_dropped.inc(dropped)

    def exposition(self) -> bytes:
        """All metrics in Prometheus' text format."""
        if SHARED_FOLDER not in os.environ:
            return generate_latest(self._registry)
        _forget_dead_workers(Path(os.environ[SHARED_FOLDER]))
        merged = CollectorRegistry()
        MultiProcessCollector(merged)  # type: ignore[no-untyped-call]
        return generate_latest(merged)


def _forget_dead_workers(folder: Path) -> None:
    for file in folder.glob("gauge_live*_*.db"):
        pid = int(file.stem.rpartition("_")[2])
        if not Path(f"/proc/{pid}").exists():
            mark_process_dead(pid)  # type: ignore[no-untyped-call]
