"""Slows down what costs a client nothing to ask: open routes, and requests that are refused."""

import asyncio
import time

ADDRESSES = 10_000


class Brake:
    """Lets each address have `rate` answers a second; beyond that each waits its turn, `longest` seconds at most.

    A delay binds a client far better than a refusal, which it can ask for again at once, and costs nothing here.
    """

    def __init__(self, rate: float, burst: float, longest: float) -> None:
        self._rate = rate
        self._burst = burst
        self._longest = longest
        self._due: dict[str, float] = {}

    def wait(self, address: str, cost: float, now: float) -> float:
        """Seconds until an answer of this cost is due: `longest` where its turn comes later still."""
        if len(self._due) >= ADDRESSES:
            self._due.clear()
        due = max(self._due.get(address, 0.0), now - self._burst / self._rate) + cost / self._rate
        self._due[address] = min(due, now + self._longest)
        return min(max(due - now, 0.0), self._longest)

    async def slow(self, address: str, cost: float = 1.0) -> bool:
        """Wait for the turn; False if it comes too late."""
        wait = self.wait(address, cost, time.monotonic())
        if wait:
            await asyncio.sleep(wait)
        return wait < self._longest
