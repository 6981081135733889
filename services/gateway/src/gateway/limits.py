"""How much one client may ask for: token buckets."""

from dataclasses import dataclass


@dataclass(slots=True)
class Bucket:
    """Tokens left at a moment (seconds of any clock that only goes forward)."""

    tokens: float
    at: float


class RateLimit:
    """Allows each client `rate` requests a second on average, and `burst` at once."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = max(burst, 1.0)
        self._buckets: dict[str, Bucket] = {}

    def take(self, client: str, now: float) -> float:
        """Take one token; 0, or the seconds until there will be one."""
        bucket = self._buckets.get(client)
        if bucket is None:
            bucket = self._buckets[client] = Bucket(self._burst, now)
        bucket.tokens = min(self._burst, bucket.tokens + (now - bucket.at) * self._rate)
        bucket.at = now
        if bucket.tokens < 1.0:
            return (1.0 - bucket.tokens) / self._rate
        bucket.tokens -= 1.0
        return 0.0
