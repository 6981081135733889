"""How many connections there are. Beyond the limit a new one takes the place of the one that matters least."""

from collections import OrderedDict
from typing import Protocol

MOST_CONNECTIONS = 1_000


class Connection(Protocol):
    """What is to be known of one."""

    @property
    def idle(self) -> bool: ...
    def cut(self) -> None: ...


class Connections:
    """The connections of a process, oldest first: strangers, none of whose requests was let in yet, and guests."""

    def __init__(self) -> None:
        self._most = MOST_CONNECTIONS
        self._strangers: OrderedDict[Connection, None] = OrderedDict()
        self._guests: OrderedDict[Connection, None] = OrderedDict()

    def enter(self, connection: Connection) -> None:
        """Count a new connection; where there are too many, cut the oldest stranger, else the oldest idle guest."""
        self._strangers[connection] = None
        if len(self._strangers) + len(self._guests) > self._most:
            least = next(iter(self._strangers))
            if least is connection:
                least = next((guest for guest in self._guests if guest.idle), connection)
            self.leave(least)
            least.cut()

    def welcome(self, connection: Connection) -> None:
        """A stranger becomes a guest."""
        if self._strangers.pop(connection, self) is None:
            self._guests[connection] = None

    def leave(self, connection: Connection) -> None:
        """The connection is gone."""
        self._strangers.pop(connection, None)
        self._guests.pop(connection, None)
