"""Kombu's Redis transport, with channels that close although the server is gone."""

from kombu.transport import redis


class Channel(redis.Channel):
    """A channel whose close gets as far as its unacknowledged messages.

    Kombu's own gives up if it waits for a message when the connection is lost. When it is closed later, for good, that
    is an AttributeError, which ends the worker: one with a task in work and a thread free.
    """

    def close(self) -> None:
        """Close; once more if the first try ended at the lost connection."""
        try:
            super().close()  # type: ignore[no-untyped-call]
        except self.connection_errors:
            if self.closed:
                raise
            super().close()  # type: ignore[no-untyped-call]


class Transport(redis.Transport):
    """What the setting `broker_transport` names."""

    Channel = Channel
