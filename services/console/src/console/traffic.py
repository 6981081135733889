"""Predictions asked for per minute and their errors, from the gateway's own counters."""

import time
from collections import deque
from dataclasses import dataclass

import httpx

from console.gateway import Gateway

KEPT_SECONDS = 70.0
ROUTES = ("/delivery_time", "/delivery_times")


@dataclass(frozen=True)
class Rate:
    """Of the last minute, or of as much of it as was seen."""

    requests_per_minute: float
    errors_per_minute: float


class Traffic:
    """Samples of the counters over the last minute."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._samples: deque[tuple[float, float, float]] = deque()

    async def sample(self) -> None:
        """Read the counters; GatewayAway, Refused."""
        requests, errors = counted(await self._gateway.get(None, "/metrics"))
        now = time.monotonic()
        if self._samples and requests < self._samples[-1][1]:
            self._samples.clear()  # the gateway was started anew
        self._samples.append((now, requests, errors))
        while self._samples[0][0] < now - KEPT_SECONDS:
            self._samples.popleft()

    @property
    def rate(self) -> Rate | None:
        """None until two samples are there."""
        if len(self._samples) < 2:
            return None
        first, last = self._samples[0], self._samples[-1]
        minutes = (last[0] - first[0]) / 60
        return Rate(round((last[1] - first[1]) / minutes, 1), round((last[2] - first[2]) / minutes, 1))


def counted(exposition: httpx.Response) -> tuple[float, float]:
    """Requests for predictions so far, and those that ended in a server error."""
    requests = errors = 0.0
    for line in exposition.text.splitlines():
        labels, _, value = line.rpartition(" ")
        if not labels.startswith("gateway_requests_total{") or not any(f'"{path}"' in labels for path in ROUTES):
            continue
        requests += float(value)
        errors += float(value) if 'status="5' in labels else 0.0
    return requests, errors
