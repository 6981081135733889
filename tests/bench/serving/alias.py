"""A registry that knows one thing: which version the champion is. The versions themselves lie in the disk cache."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import cycle
from urllib.parse import parse_qs, urlsplit

from common.servers.registry import CHAMPION


class Alias:
    """Names the champion: the same version each time, or, while `moving`, another each time."""

    def __init__(self, versions: list[str]) -> None:
        self._next = cycle(versions)
        self._champion = next(self._next)
        self.moving = False
        self.moves = 0

    def resolve(self) -> str:
        """The version that is the champion now."""
        if self.moving:
            self._champion = next(self._next)
            self.moves += 1
        return self._champion


@contextmanager
def serving(alias: Alias) -> Iterator[str]:
    """Answer as MLflow's REST interface does, on a free port; the address."""

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = parse_qs(urlsplit(self.path).query).get("alias")
            if asked == [CHAMPION]:
                self._answer(200, {"model_version": {"version": alias.resolve(), "source": ""}})
            else:
                self._answer(404, {"error_code": "RESOURCE_DOES_NOT_EXIST"})

        def _answer(self, status: int, body: object) -> None:
            text = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
