"""Real-time serving against a bare FastAPI route, against the original's way, and against itself in bulk.

Every server has one uvicorn worker on one core; the client, 32 connections that each send the next request when the
answer is there, runs on another, with all that is not measured. Five rounds go over all servers in turn; figures are
medians of the rounds. While the champion is swapped it is so at every poll, twice a second.

BENCH_ENDURANCE_SECONDS sets how long the load lasts under which memory may not grow (600 for the bound of 5 MB).
"""

import json
import math
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import httpx
import redis
from packaging.requirements import Requirement
from tests.bench.serving.alias import Alias, serving
from tests.support.model_fixtures import made_up_data

from common.servers.prediction_log import STREAM
from common.servers.registry import CHAMPION, MODEL_NAME
from devstack.servers import valkey
from devstack.servers.ports import pick_free
from devstack.settings import StackSettings
from devstack.stack import Stack
from devstack.supervision.child import running
from trainer.data.history import end_of
from trainer.model.bundling import write_bundle
from trainer.model.fit import fit
from trainer.model.params import Params
from trainer.model.table import TrainingTable

SERVING = Path(__file__).parent / "serving"
SERVER_CORE, CLIENT_CORE = 0, 1
ROUNDS, SECONDS, CONNECTIONS = 5, 4.0, 32
BULK = 1_000
POLL_SECONDS = 0.5
ENDURANCE_SECONDS = float(os.environ.get("BENCH_ENDURANCE_SECONDS", "30"))
ENDURANCE_PART_SECONDS = 30.0
VERSIONS = ["1", "2"]
MODEL_SIZE = Params(iterations=400, depth=6, learning_rate=0.1)
ORDER = {"seller_zip_code_prefix": 9350, "customer_lat": -23.577, "customer_lng": -46.587}
ONE, MANY = json.dumps(ORDER).encode(), json.dumps({"orders": [ORDER] * BULK}).encode()
PROMISED = json.dumps({**ORDER, "on_time_share": [0.8, 0.9, 0.95]}).encode()
UVICORN = [
    "-m",
    "uvicorn",
    "--factory",
    "--log-level",
    "warning",
    "--no-access-log",
    "--app-dir",
    str(SERVING),
    "--port",
]


def measure() -> dict[str, float]:
    """The figures of the contract, and the rates (requests a second) and latencies (ms) behind them."""
    with ExitStack() as stack:
        stack.enter_context(_pinned(CLIENT_CORE))
        environment = stack.enter_context(_environment())
        queue = stack.enter_context(redis.Redis.from_url(environment["QUEUE_URL"]))
        ports, processes = {}, {}
        for name in ("constant", "original", "gateway"):
            ports[name], processes[name] = stack.enter_context(_server(name, environment))
        rounds = []
        for _ in range(ROUNDS):
            measured = {name: _load(port, "/delivery_time", ONE) for name, port in ports.items()}
            queue.delete(STREAM)  # in place of the consumer
            measured["with_promises"] = _load(ports["gateway"], "/delivery_time", PROMISED)
            queue.delete(STREAM)
            measured["bulk"] = _load(ports["gateway"], "/delivery_times", MANY)
            queue.delete(STREAM)
            rounds.append(measured)
        resident_mb = _resident_mb(processes["gateway"].pid)
        for _ in range(math.ceil(ENDURANCE_SECONDS / ENDURANCE_PART_SECONDS)):
            _load(ports["gateway"], "/delivery_time", ONE, min(ENDURANCE_SECONDS, ENDURANCE_PART_SECONDS))
            queue.delete(STREAM)
        growth_mb = _resident_mb(processes["gateway"].pid) - resident_mb
        swapping = _swapping(environment, queue)
        starts = [_start_seconds(environment) for _ in range(ROUNDS)]
    rate = {name: median(measured[name]["rate"] for measured in rounds) for name in rounds[0]}
    p99_ms = {name: median(measured[name]["p99_ms"] for measured in rounds) for name in rounds[0]}
    return {
        "realtime_vs_constant": rate["gateway"] / rate["constant"],
        "realtime_vs_original": rate["gateway"] / rate["original"],
        "realtime_with_promises_ratio": rate["with_promises"] / rate["gateway"],
        "realtime_p99_vs_constant": p99_ms["gateway"] / p99_ms["constant"],
        "bulk_vs_single": rate["bulk"] * BULK / rate["gateway"],
        "gateway_start_s": median(starts),
        "gateway_rss_mb": resident_mb,
        "gateway_growth_mb": growth_mb,
        "gateway_deps_mb": dependencies_mb("delivery-time-gateway"),
        **swapping,
        **{f"realtime_{name}_rate": value for name, value in rate.items()},
        **{f"realtime_{name}_p99_ms": value for name, value in p99_ms.items()},
    }


def _swapping(environment: dict[str, str], queue: redis.Redis) -> dict[str, float]:
    """Latency while the champion changes at every poll, against the same gateway's while it stays; no request fails."""
    calm, swapped = [], []
    alias = Alias(VERSIONS)
    with serving(alias) as url:
        polling = {**environment, "REGISTRY_URL": url, "REGISTRY_POLL_SECONDS": str(POLL_SECONDS)}
        with _server("gateway", polling) as (port, _):
            for _ in range(ROUNDS):
                alias.moving = False
                calm.append(_load(port, "/delivery_time", ONE)["p99_ms"])
                alias.moving = True
                swapped.append(_load(port, "/delivery_time", ONE)["p99_ms"])
                queue.delete(STREAM)
    return {
        "swap_p99_vs_calm": median(swapped) / median(calm),
        "swap_p99_ms": median(swapped),
        "swaps": alias.moves,
    }


def dependencies_mb(root: str) -> float:
    """Size of everything that installing a distribution brings, bytecode left out."""
    found: set[str] = set()
    waiting = [root]
    size = 0
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        try:
            installed = distribution(name)
        except PackageNotFoundError:
            continue
        paths = (Path(str(installed.locate_file(file))) for file in installed.files or [] if file.suffix != ".pyc")
        size += sum(path.stat().st_size for path in paths if path.is_file())
        wanted = [Requirement(text) for text in installed.requires or []]
        waiting += [part.name for part in wanted if part.marker is None or part.marker.evaluate({"extra": ""})]
    return size / 1e6


@contextmanager
def _pinned(core: int) -> Iterator[None]:
    """This process, and those that it starts, on one core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    yield
    os.sched_setaffinity(0, before)


@contextmanager
def _environment() -> Iterator[dict[str, str]]:
    """A Valkey for the log, a model in the disk cache, and nothing else running."""
    with TemporaryDirectory(prefix="bench-") as folder:
        stack = Stack(StackSettings(stack_dir=Path(folder) / "stack", valkey_port=pick_free()))
        stack.create()
        model = Path(folder) / "models" / MODEL_NAME / VERSIONS[0]
        model.mkdir(parents=True)
        table = TrainingTable.of(made_up_data(20_000))
        write_bundle(model, fit(table, end_of(table.history), MODEL_SIZE, 0), table, {"mae": 3.0}, "made up")
        for version in VERSIONS[1:]:
            shutil.copytree(model, model.parent / version)
        (model.parent / CHAMPION).write_text(VERSIONS[0])
        with running(valkey.process(stack), stack.directory):
            yield {
                **os.environ,
                **stack.environment,
                "REGISTRY_URL": "http://127.0.0.1:9",
                "REGISTRY_TRUSTED_KEYS": "",  # nobody has signed the made-up model
                "REGISTRY_CACHE_DIR": str(model.parent.parent),
                "BENCH_MODEL": str(model / "model.cbm"),
            }


@contextmanager
def _server(name: str, environment: dict[str, str]) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """A server on its core, ready; its port and process."""
    port = pick_free()
    served = ["-m", "gateway.cli", "serve"] if name == "gateway" else [*UVICORN, str(port), f"servers:{name}"]
    variables = {**environment, "GATEWAY_PORT": str(port)}
    process = subprocess.Popen([sys.executable, *served], env=variables, stderr=subprocess.DEVNULL)
    os.sched_setaffinity(process.pid, {SERVER_CORE})
    try:
        path = "/readyz" if name == "gateway" else "/openapi.json"
        while process.poll() is None and not _answers(f"http://127.0.0.1:{port}{path}"):
            time.sleep(0.01)
        yield port, process
    finally:
        process.terminate()
        process.wait(timeout=20)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).is_success
    except httpx.TransportError:
        return False


def _load(port: int, path: str, body: bytes, seconds: float = SECONDS) -> dict[str, float]:
    argv = [sys.executable, SERVING / "load.py", str(CLIENT_CORE), str(port), path, str(CONNECTIONS), str(seconds)]
    ended = subprocess.run(argv, input=body, capture_output=True, check=False)
    if ended.returncode:
        raise RuntimeError(f"load on {path}: {ended.stderr.decode().strip()}")
    measured: dict[str, float] = json.loads(ended.stdout)
    return measured


def _start_seconds(environment: dict[str, str]) -> float:
    """From starting the process until /readyz says 200, with the model in the disk cache."""
    started = time.perf_counter()
    with _server("gateway", environment):
        return time.perf_counter() - started


def _resident_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) * 1024 / 1e6
