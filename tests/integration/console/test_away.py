"""What is away is said on the open page, with since when, and the rest works."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread

from playwright.sync_api import Browser, expect

from support.console_fixtures import running_console, visit

LOOPBACK = "127.0.0.1"


class Line:
    """A TCP line to a server that can be cut and mended."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listening = socket.create_server((LOOPBACK, 0))
        self.port = self._listening.getsockname()[1]
        self._open: list[socket.socket] = []
        self._cut = False
        Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        self._cut = True
        while self._open:
            end = self._open.pop()
            with end, suppress(OSError):  # closed by its other side meanwhile
                end.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        self._cut = False

    def close(self) -> None:
        self._listening.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            if self._cut:
                near.close()
                continue
            far = socket.create_connection((LOOPBACK, self._target))
            self._open += [near, far]
            for source, target in ((near, far), (far, near)):
                Thread(target=_pump, args=(source, target), daemon=True).start()


def _pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while block := source.recv(2**16):
            target.sendall(block)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return


@contextmanager
def line_to(url: str) -> Iterator[tuple[str, Line]]:
    """The address by way of a line."""
    port = url.rpartition(":")[2].partition("/")[0]
    line = Line(int(port))
    yield url.replace(f":{port}", f":{line.port}"), line
    line.cut()
    line.close()


def test_a_database_and_a_gateway_that_die_while_the_page_is_open_are_named_and_come_back(
    chromium: Browser, console_env: dict[str, str], tmp_path: Path
) -> None:
    with (
        line_to(console_env["DATABASE_URL"]) as (database_url, database),
        line_to(console_env["CONSOLE_GATEWAY_URL"]) as (gateway_url, gateway),
        running_console(console_env, tmp_path, DATABASE_URL=database_url, CONSOLE_GATEWAY_URL=gateway_url) as console,
        visit(chromium, console.url) as seen,
    ):
        seen.open("/")
        away = seen.page.locator(".away")
        expect(seen.page.get_by_text("No alert is open.")).to_be_visible()
        database.cut()
        expect(away).to_contain_text("The database is away since 2")
        expect(seen.page.get_by_text("Version 1")).to_be_visible()
        expect(seen.page.locator(".verdict")).to_contain_text("the database is away")
        seen.open("/ask")
        seen.page.get_by_role("button", name="Ask", exact=True).click()
        expect(seen.page.locator("pre")).to_be_visible()
        gateway.cut()
        expect(away).to_contain_text("The gateway is away since 2")
        seen.open("/orders")
        expect(seen.page.get_by_text("does not answer").first).to_be_visible()
        seen.open("/models")
        seen.page.get_by_label("Why").fill("it promises too much")
        seen.page.get_by_role("button", name="Roll back").click()
        expect(seen.page.locator(".refused")).to_contain_text("does not answer")
        seen.open("/alerts")
        expect(seen.page.get_by_text("the database does not answer").first).to_be_visible()
        database.mend()
        expect(seen.page.get_by_text("No alert is open.")).to_be_visible()
        expect(away).not_to_contain_text("The database")
        gateway.mend()
        expect(away).not_to_contain_text("The gateway is away")
