"""A process that kills itself before, or after, the n-th time that it changes anything outside of it."""

import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

import httpx
import requests
from botocore.httpsession import URLLib3Session
from sqlalchemy.engine.default import DefaultDialect

CHANGES = ("POST", "PUT", "PATCH", "DELETE")


class Deaths:
    """Counts the moments at which this process may die: two for each change of a server, one for each renamed file.

    dies_at: the moment at which it does; None: never.
    """

    def __init__(self, dies_at: int | None) -> None:
        self.moments = 0
        self._dies_at = dies_at
        self._lock = threading.Lock()
        self._surround(httpx.Client, "send", lambda request: request.method)
        self._surround(requests.Session, "send", lambda request: request.method)
        self._surround(URLLib3Session, "send", lambda request: request.method)
        self._surround(DefaultDialect, "do_commit", lambda _: "POST")
        sys.addaudithook(self._hear)

    def _surround(self, kind: type, name: str, method_of: Callable[[Any], str]) -> None:
        change = getattr(kind, name)

        def surrounded(this: object, what: Any, *rest: Any, **options: Any) -> Any:
            counts = method_of(what) in CHANGES and self._is_wanted()
            if counts:
                self._pass()
            done = change(this, what, *rest, **options)
            if counts:
                self._pass()
            return done

        setattr(kind, name, surrounded)

    def _hear(self, event: str, _: tuple[object, ...]) -> None:
        if event == "os.rename" and self._is_wanted():
            self._pass()

    @staticmethod
    def _is_wanted() -> bool:
        """The lease is renewed whenever its time has come: that is no moment of the work."""
        return threading.current_thread().name != "leases"

    def _pass(self) -> None:
        with self._lock:
            if self.moments == self._dies_at:
                os.kill(os.getpid(), signal.SIGKILL)
            self.moments += 1
