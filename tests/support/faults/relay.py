"""Carries connections between TCP ports and Unix sockets: a socket's file can be reached from another network."""

import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Thread

LOOPBACK = "127.0.0.1"


def outside(folder: Path, port: int) -> socket.socket:
    """Take connections at the socket folder/PORT and carry them to the server on that port, until it is closed."""
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(folder / str(port)))
    return _carried(listening, lambda: socket.create_connection((LOOPBACK, port)))


def inside(path: Path) -> socket.socket:
    """Listen on the port that the socket is named by, and carry connections to it."""

    def connect() -> socket.socket:
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(str(path))
        return connection

    return _carried(socket.create_server((LOOPBACK, int(path.name))), connect)


def encrypted(port: int, certificate: Path, key: Path) -> socket.socket:
    """A port that speaks TLS with this certificate, carried to the server on `port`, which does not."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    listening = context.wrap_socket(socket.create_server((LOOPBACK, 0)), server_side=True)
    return _carried(listening, lambda: socket.create_connection((LOOPBACK, port)))


class Switch:
    """A port of its own, carried to the server on one port or, from some moment on, to that on another."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._open: list[socket.socket] = []
        self._listening = _carried(socket.create_server((LOOPBACK, 0)), self._connect)
        self.port: int = self._listening.getsockname()[1]

    def turn(self, target: int) -> None:
        """Carry new connections there and cut those that are open."""
        self._target = target
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _connect(self) -> socket.socket:
        self._open.append(socket.create_connection((LOOPBACK, self._target)))
        return self._open[-1]


def _carried(listening: socket.socket, connect: Callable[[], socket.socket]) -> socket.socket:
    listening.listen(64)
    Thread(target=_accept, args=(listening, connect), daemon=True).start()
    return listening


def _accept(listening: socket.socket, connect: Callable[[], socket.socket]) -> None:
    while True:
        try:
            near, _ = listening.accept()
        except ssl.SSLError:
            continue  # a client that does not trust us
        except OSError:
            return
        Thread(target=_carry, args=(near, connect), daemon=True).start()


def _carry(near: socket.socket, connect: Callable[[], socket.socket]) -> None:
    with near, suppress(OSError), connect() as far:
        back = Thread(target=_pump, args=(far, near), daemon=True)
        back.start()
        _pump(near, far)
        back.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    """Carry bytes one way until the source has no more."""
    with suppress(OSError):
        while block := source.recv(2**16):
            target.sendall(block)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
