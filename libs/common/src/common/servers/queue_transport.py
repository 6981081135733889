"""Kombu's Redis transport, with channels that close although the server is gone, and with refusals waited out."""

from kombu.transport import redis
from redis.exceptions import InvalidResponse, ResponseError


class Channel(redis.Channel):
    """A channel whose close gets as far as its unacknowledged messages.

    Kombu's own gives up if it waits for a message when the connection is lost. When it is closed later, for good, that
    is an AttributeError, which ends the worker: one with a task in progress and a thread free.
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
    """What the setting `broker_transport` names.

    A server that refuses is as good as none: it became a replica in a fail-over, is loading, is out of memory, or
    cannot write its snapshots; or a proxy answers in its place. Kombu takes that for an error of the channel, at which
    Celery ends the worker; here it is a lost connection, tried again ever more seldom.
    """

    Channel = Channel
    connection_errors = (*redis.Transport.connection_errors, ResponseError, InvalidResponse)
