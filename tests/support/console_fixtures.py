"""A real console and a real Chromium for tests."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from devstack.servers.ports import pick_free
from support.gateway_fixtures import Gateway, end
from support.stack_fixtures import TestServers
from support.waiting import wait_until

WAIT_MS = 20_000
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
NO_BROWSER = "NO BROWSER TEST RAN: there is no chromium on this machine (apt-get install chromium)"


@dataclass(frozen=True)
class Console:
    """A running console."""

    url: str
    client: httpx.Client
    process: subprocess.Popen[bytes]
    log_file: Path


@contextmanager
def running_console(environment: dict[str, str], folder: Path, **changes: str) -> Iterator[Console]:
    """A console process with these variables; it answers when the block begins and is gone after it."""
    port, log_file = pick_free(), folder / f"console-{time.monotonic_ns()}.log"
    url = f"http://127.0.0.1:{port}"
    with ExitStack() as stack:
        log = stack.enter_context(log_file.open("wb"))
        process = subprocess.Popen(
            [sys.executable, "-m", "console.cli", "serve"],
            env={**os.environ, **environment, **changes, "CONSOLE_PORT": str(port)},
            stderr=log,
        )
        stack.callback(end, process)
        client = stack.enter_context(httpx.Client(base_url=url, timeout=20))
        wait_until(lambda: process.poll() is not None or client.get("/livez").is_success)
        assert process.poll() is None, log_file.read_text()
        yield Console(url, client, process, log_file)


@pytest.fixture(scope="session")
def console_env(gateway: Gateway, gateway_env: dict[str, str]) -> dict[str, str]:
    """Variables of a console in front of the shared gateway, whose registry is away."""
    return {**gateway_env, "CONSOLE_GATEWAY_URL": gateway.url}


@pytest.fixture(scope="session")
def console(
    servers: TestServers, console_env: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Console]:
    """One console for all tests that do not disturb it, with its own role in the database."""
    role = servers.stack.environment_of("console")["DATABASE_URL"]
    with running_console(console_env, tmp_path_factory.mktemp("console"), DATABASE_URL=role) as running:
        yield running


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The machine's own Chromium; without one the test is skipped and says so, and in CI it fails.

    For one file of tests: while it runs this thread has an event loop, and `asyncio.run` works in no other test.
    """
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None and os.environ.get("CI"):
        pytest.fail(NO_BROWSER)
    if path is None:
        pytest.skip(NO_BROWSER)
    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@dataclass
class Visit:
    """A browser page, and what should not have happened on it."""

    page: Page
    home: str
    faults: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        """Go to a page of the console and wait until it takes clicks."""
        self.page.goto(self.home + path)
        self.page.locator("h1").wait_for()
        self.page.wait_for_function("() => window.did_handshake === true")


@contextmanager
def visit(browser: Browser, home: str, width: int = 1440, dark: bool = False) -> Iterator[Visit]:
    """A fresh browser; at the end no error may stand in its console, and no request may have left the site."""
    context: BrowserContext = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light", accept_downloads=True
    )
    context.set_default_timeout(WAIT_MS)
    seen = Visit(context.new_page(), home)
    page = seen.page
    page.on("console", lambda message: seen.faults.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: seen.faults.append(str(error)))
    page.on("request", lambda request: seen.faults.append(request.url) if _elsewhere(request.url, home) else None)
    try:
        yield seen
        assert seen.faults == [], seen.faults
    finally:
        context.close()


def _elsewhere(url: str, home: str) -> bool:
    return not url.startswith((home + "/", home.replace("http", "ws") + "/", "data:", "blob:"))
