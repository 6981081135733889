"""No text that leaves a process shows a secret: every setting carries a mark, and the mark is looked for everywhere."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx
import pytest

import gateway.cli
import monitor.cli
import scorer.cli
import trainer.cli
from common.database import migrate
from common.servers import fetch_champion
from common.servers.signatures import SigningKey
from devstack.servers.ports import pick_free
from support.command_lines import called
from support.example import ORDER
from support.waiting import wait_until

MARK = "s3cr3t-m4rk"
SIGNING = "5e" * 32
JOB = "5a9d7c1e-7a52-4a5e-8a43-0d6a2f7e9c11"
COMMANDS = (
    (migrate.main, ""),
    (fetch_champion.main, ""),
    (gateway.cli.main, "keys list"),
    (scorer.cli.main, f"watch {JOB}"),
    (scorer.cli.main, "submit s3://delivery-time/a.csv"),
    (monitor.cli.main, "alerts list"),
    (monitor.cli.main, "backfill"),
    (monitor.cli.main, "replay"),
    (trainer.cli.main, "rollback --reason why"),
    (trainer.cli.main, "params-search --trials 1"),
)
SERVING = ((gateway.cli.main, "serve"), *((cli.main, "worker") for cli in (scorer.cli, monitor.cli, trainer.cli)))


class Broken(BaseHTTPRequestHandler):
    """A server that answers everything with an error and its reason."""

    def answer(self) -> None:
        self.send_response(500)
        self.end_headers()
        self.wfile.write(b"the disk is full")

    do_GET = do_POST = do_PUT = do_HEAD = answer

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def broken() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Broken) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def marked(broken: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Every setting that can carry a secret does; servers are away, or answer with errors."""
    folder = tmp_path_factory.mktemp("marked")
    return {
        **os.environ,
        "MODE": "production",
        "DATABASE_URL": f"postgresql://shop:{MARK}@127.0.0.1:9/shop",
        "QUEUE_URL": f"redis://:{MARK}@127.0.0.1:9/0",
        "OBJECT_STORE_ENDPOINT": f"http://{broken}",
        "OBJECT_STORE_ACCESS_KEY": "shop",
        "OBJECT_STORE_SECRET_KEY": MARK,
        "REGISTRY_URL": f"http://shop:{MARK}@{broken}",
        "MLFLOW_TRACKING_URI": f"http://shop:{MARK}@{broken}",
        "MONITOR_WEBHOOK_URL": f"http://{broken}/services/{MARK}",
        "GATEWAY_API_KEY": MARK,
        "TRAINER_SIGNING_KEY": SIGNING,
        "REGISTRY_TRUSTED_KEYS": SigningKey(SIGNING).public,
        "GATEWAY_PORT": str(pick_free()),
        "REGISTRY_CACHE_DIR": str(folder / "models"),
        "DATA_DIR": str(folder / "data"),
        "WORKER_HEARTBEAT_FILE": str(folder / "heartbeat"),
    }


def said(environment: dict[str, str], main: Callable[[], None], arguments: str) -> str:
    """What a command that cannot succeed prints."""
    done = called(main, *arguments.split(), environment=environment)
    assert done.returncode != 0, main
    return done.stdout + done.stderr


@pytest.mark.parametrize(("main", "arguments"), COMMANDS)
def test_no_command_line_shows_a_secret_and_none_a_traceback(
    marked: dict[str, str], main: Callable[[], None], arguments: str
) -> None:
    text = said(marked, main, arguments)
    assert MARK not in text
    assert SIGNING not in text
    assert "Traceback" not in text


@pytest.mark.parametrize("variable", ["DATABASE_URL", "QUEUE_URL", "REGISTRY_URL", "OBJECT_STORE_ENDPOINT"])
def test_a_setting_that_cannot_be_meant_is_one_line_without_its_secret_in_every_process(
    marked: dict[str, str], variable: str
) -> None:
    environment = marked | {variable: f"nonsense://shop:{MARK}@[host"}
    for main, arguments in SERVING[:1] if variable == "OBJECT_STORE_ENDPOINT" else SERVING:
        text = said(environment, main, arguments)
        assert MARK not in text, main
        assert "Traceback" not in text, main
        assert sum(variable in line for line in text.splitlines()) == 1, text


def test_no_answer_of_the_gateway_and_no_line_of_any_log_shows_a_secret(marked: dict[str, str], tmp_path: Path) -> None:
    environment = marked | {"MODE": "local", "WORKER_METRICS_PORT": str(pick_free()), "MONITOR_ALERT_SECONDS": "1"}
    address = f"http://127.0.0.1:{environment['GATEWAY_PORT']}"
    log = tmp_path / "log"
    with ExitStack() as running, log.open("wb") as file:
        for program in ("gateway.cli serve", "scorer.cli worker", "monitor.cli worker"):
            command = [sys.executable, "-m", *program.split()]
            process = subprocess.Popen(command, env=environment, stdout=file, stderr=file, start_new_session=True)
            running.callback(process.wait)
            running.callback(os.killpg, process.pid, signal.SIGKILL)
        with httpx.Client(base_url=address, timeout=30) as client:
            wait_until(lambda: client.get("/livez").is_success, what="the gateway")
            answered = [client.get(path) for path in ("/readyz", "/metrics", "/model", "/openapi.json", "/batch-jobs")]
            answered.append(client.post("/delivery_time", json=ORDER))
            answered.append(client.post("/batch-jobs", json={"input_uri": "s3://delivery-time/a.csv"}))
        wait_until(lambda: log.read_text().count("Cannot connect to") >= 2, 60, what="the workers to miss their queue")
    shown = "\n".join([*(answer.text + str(answer.headers) for answer in answered), log.read_text()])
    assert "the disk is full" in shown
    assert MARK not in shown, [line for line in shown.splitlines() if MARK in line][:3]
    assert all(answer.status_code != 500 for answer in answered), [json.dumps(answer.text) for answer in answered]
