"""Ports on the loopback address: what they are for, and whether they are free."""

import random
import socket
from collections.abc import Iterable
from dataclasses import dataclass

from devstack.errors import PortTaken
from devstack.settings import LOOPBACK


@dataclass(frozen=True)
class Port:
    """A port a server will listen on; `variable` is what the user sets to move it (None: chosen by devstack)."""

    number: int
    role: str
    variable: str | None = None


def require_free(ports: Iterable[Port]) -> None:
    """PortTaken for the first port that another program listens on or that two servers of the stack share."""
    seen: set[int] = set()
    for port in ports:
        if port.number in seen or not is_free(port.number):
            raise PortTaken(port.number, port.role, port.variable)
        seen.add(port.number)


def is_free(number: int) -> bool:
    """Whether a server could listen on the port now; a closed connection's leftover does not count."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, number))
            probe.listen(1)
        except OSError:
            return False
    return True


def pick_free(offset: int = 10_000) -> int:
    """A random port that is free, as is the one `offset` above it.

    Both lie below 32768: from there on the kernel takes ports for outgoing connections, and could steal them.
    """
    for _ in range(1000):
        number = random.randrange(10_240, 32_767 - offset)
        if is_free(number) and is_free(number + offset):
            return number
    raise PortTaken(number, "a server's internal port", None)
