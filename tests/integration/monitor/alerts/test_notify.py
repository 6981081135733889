"""The webhook hears of every alert, in order, whatever dies in between."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from sqlalchemy import select, text

from common.database.session import Database
from common.database.tables import Alert, Notification, Retraining
from common.servers.prediction_log import LoggedPrediction
from common.servers.queue import MONITORING, Queue
from monitor.alerts import notify
from monitor.log.store import store
from monitor.tasks import Tasks
from support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("monitoring")


@dataclass
class Receiver:
    """A webhook: what it got, what it answers (the last for ever), and whether it answers at all."""

    url: str = ""
    bodies: list[dict[str, Any]] = field(default_factory=list)
    answers: list[int] = field(default_factory=lambda: [204])
    answering: threading.Event = field(default_factory=threading.Event)

    @property
    def heard(self) -> list[tuple[str, str]]:
        return [(body["rule"], body["status"]) for body in self.bodies]


@pytest.fixture
def webhook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    receiver = Receiver()
    receiver.answering.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            receiver.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            receiver.answering.wait(30)
            self.send_response(receiver.answers.pop(0) if len(receiver.answers) > 1 else receiver.answers[0])
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # the one that asked was killed
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_port}/"
    monkeypatch.setenv("MONITOR_WEBHOOK_URL", receiver.url)
    yield receiver
    receiver.answering.set()
    server.shutdown()
    thread.join()
    server.server_close()


def open_alert(database: Database, rule: str = "low-coverage") -> Alert:
    """An alert with its notification, as a check leaves them."""
    with database.transaction() as session:
        alert = Alert(rule=rule, subject="1", severity="critical", message="bad", opened_at=datetime.now(UTC))
        session.add(alert)
        session.flush()
        notify.write(session, [alert])
    return alert


def close(database: Database, alert: Alert) -> None:
    with database.transaction() as session:
        found = session.get_one(Alert, alert.id)
        found.status, found.closed_at = "closed", datetime.now(UTC)
        notify.write(session, [found])


def waiting(database: Database) -> int:
    with database.transaction() as session:
        return len(session.scalars(select(Notification).where(Notification.sent_at.is_(None))).all())


def later(database: Database) -> None:
    """The wait of those that failed is over."""
    with database.transaction() as session:
        session.execute(text("UPDATE notifications SET due_at = now()"))


def test_what_the_receiver_does_not_take_is_sent_again_and_in_order(database: Database, webhook: Receiver) -> None:
    webhook.answers = [500, 204]
    close(database, open_alert(database))
    open_alert(database, "input-drift")
    assert notify.send_waiting(database, webhook.url) == 1
    assert webhook.heard == [("low-coverage", "open"), ("input-drift", "open")]
    assert notify.send_waiting(database, webhook.url) == 0
    later(database)
    assert notify.send_waiting(database, webhook.url) == 2
    assert webhook.heard[2:] == [("low-coverage", "open"), ("low-coverage", "closed")]
    assert webhook.bodies[0]["runbook"] == "docs/runbook.md#low-coverage"
    assert waiting(database) == 0


def test_what_nobody_took_for_days_is_given_up(database: Database, webhook: Receiver) -> None:
    open_alert(database)
    with database.transaction() as session:
        session.execute(text("UPDATE notifications SET created_at = now() - interval '4 days'"))
    assert notify.send_waiting(database, webhook.url) == 0
    assert webhook.bodies == []


def test_a_check_notes_what_to_tell_with_the_alert_itself(
    database: Database,
    webhook: Receiver,
    logged: Callable[..., list[LoggedPrediction]],
    make_tasks: Callable[..., Tasks],
) -> None:
    store(database.engine, logged(1))
    make_tasks(webhook_url=webhook.url).check()
    with database.transaction() as session:
        bodies = [notification.body for notification in session.scalars(select(Notification))]
    assert ("no-predictions", "open") in [(body["rule"], body["status"]) for body in bodies]
    assert notify.send_waiting(database, webhook.url) == len(bodies)


@contextmanager
def dripping(seconds: float) -> Iterator[str]:
    """A webhook that answers a byte at a time, for that long; its address."""
    ended = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            begin = time.monotonic()
            while time.monotonic() - begin < seconds and not ended.wait(0.1):
                self.wfile.write(b"z")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # the one that asked has gone
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        ended.set()
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_webhook_that_drips_its_answer_is_given_up_in_time(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notify, "TIMEOUT_SECONDS", 1.0)
    open_alert(database)
    with dripping(seconds=10) as url:
        begin = time.monotonic()
        assert notify.send_waiting(database, url) == 0
        assert time.monotonic() - begin < 3
    assert waiting(database) == 1


def test_the_webhooks_address_stands_in_no_log(
    database: Database, webhook: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    webhook.answers = [500]
    open_alert(database)
    notify.send_waiting(database, webhook.url + "secret-token")
    assert "status 500" in caplog.text
    assert "secret-token" not in caplog.text


def test_a_webhook_that_hangs_stops_no_check(
    database: Database, webhook: Receiver, make_tasks: Callable[..., Tasks]
) -> None:
    webhook.answering.clear()
    for number in range(4):
        open_alert(database, f"rule-{number}")
    notifier = notify.Notifier(database, webhook.url)
    sending = threading.Thread(target=notifier.run)
    sending.start()
    wait_until(lambda: bool(webhook.bodies))
    with database.transaction() as session:
        for _ in range(2):
            session.add(Retraining(reason="test", status="failed", finished_at=datetime.now(UTC)))
    make_tasks(webhook_url=webhook.url).check()
    assert "retrainings-fail" in rules(database)
    assert sending.is_alive()
    notifier.stop()
    webhook.answering.set()
    sending.join()


def rules(database: Database) -> set[str]:
    with database.transaction() as session:
        return set(session.scalars(select(Alert.rule)))


@pytest.fixture
def no_old_tasks(monitoring: dict[str, str], celery_queue: Queue) -> None:
    with celery_queue.app("test").connection_for_write() as connection:
        connection.default_channel.queue_declare(MONITORING)
        connection.default_channel.queue_purge(MONITORING)


@pytest.mark.usefixtures("no_old_tasks")
def test_a_worker_killed_while_it_tells_loses_nothing(database: Database, webhook: Receiver) -> None:
    webhook.answering.clear()
    open_alert(database)
    worker = start_worker()
    try:
        wait_until(lambda: bool(webhook.bodies), 60)
    finally:
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
    webhook.answering.set()
    assert waiting(database) == 1
    wait_until(lambda: notify.send_waiting(database, webhook.url), what="the dead worker's lock to be gone")
    assert waiting(database) == 0
    assert webhook.heard == [("low-coverage", "open")] * 2


def start_worker() -> subprocess.Popen[bytes]:
    """A monitor worker, its child with it in one process group."""
    environment = os.environ | {"MONITOR_ALERT_SECONDS": "1"}
    return subprocess.Popen([sys.executable, "-m", "monitor.cli", "worker"], env=environment, start_new_session=True)
