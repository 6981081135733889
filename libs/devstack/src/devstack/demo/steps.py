"""`make demo`: the whole system once, from data to monitoring, with figures.

Starts the embedded stack if it is not up and stops only what it started; STACK=compose takes the containers that are
up. Ends with exit code 1 at the first step that fails.
"""

import csv
import io
import json
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import httpx
from sqlalchemy import func, select

from common.database.tables import ModelMetrics
from common.errors import DeliveryTimeError
from common.servers.objects import ObjectAddress, ObjectStore
from common.settings import ObjectStoreSettings, RegistrySettings, load
from devstack.demo.stack import DemoStack, running

EXAMPLE = {"seller_zip_code_prefix": 9350, "customer_lat": -23.577, "customer_lng": -46.587}
BATCH_ROWS = 5_000
TRIALS = "5"
GATE_REFUSED = 3
"""Exit code of `trainer register-model` when the candidate did not win: the champion stays, the demo goes on."""


class StepFailed(Exception):
    """A step of the demo did not do what it promises; the message says which and why."""


def main() -> None:
    seconds: dict[str, float] = {}
    begin = time.monotonic()
    try:
        with running() as stack:
            seconds["start the stack"] = time.monotonic() - begin
            figures = run(stack, seconds)
    except subprocess.CalledProcessError as error:
        sys.exit(f"demo: `{' '.join(map(str, error.cmd))}` failed, see above")
    except (StepFailed, DeliveryTimeError, httpx.HTTPError) as error:
        sys.exit(f"demo: {error}")
    report(figures, seconds)


def run(stack: DemoStack, seconds: dict[str, float]) -> dict[str, Any]:
    """Every step in order; returns what was made, by name."""
    figures: dict[str, Any] = {}
    timed(seconds, "get the data", lambda: command(stack, "trainer", "download-data"))
    timed(seconds, "prepare it", lambda: command(stack, "trainer", "prepare-data"))
    figures["rows prepared"] = json.loads(stack.read("prepared/report.json"))["orders"]
    timed(seconds, "search parameters", lambda: command(stack, "trainer", "params-search", "--trials", TRIALS))
    figures["best trial"] = best_trial()
    timed(seconds, "register the model", lambda: command(stack, "trainer", "register-model", refused=GATE_REFUSED))
    with httpx.Client(base_url=stack.gateway, timeout=30) as gateway:
        figures["prediction"] = timed(seconds, "predict one order", lambda: predict(gateway))
        figures["registered version"] = figures["prediction"]["model_version"]
        rows = stack.read("prepared/valid_dataset.csv").splitlines(keepends=True)[: BATCH_ROWS + 1]
        figures["batch job"] = timed(seconds, "score a batch file", lambda: score(gateway, rows))
    timed(seconds, "backfill monitoring", lambda: command(stack, "monitor", "backfill"))
    figures["weeks backfilled"] = weeks_backfilled(stack, figures["registered version"])
    return figures


def command(stack: DemoStack, *arguments: str, refused: int = 0) -> None:
    """Run one of the project's commands as a user would; StepFailed unless it ends with 0 or `refused`."""
    line = " ".join(arguments)
    print(f"\n$ {line}", flush=True)
    if stack.run(*arguments) not in (0, refused):
        raise StepFailed(f"`{line}` failed, see above")


def best_trial() -> dict[str, Any]:
    """Parameters and metrics of the best trial, as MLflow has them."""
    mlflow = f"{load(RegistrySettings).url.get_secret_value()}/api/2.0/mlflow"
    experiment = httpx.get(f"{mlflow}/experiments/get-by-name", params={"experiment_name": "delivery-time"}).json()
    wanted = {
        "experiment_ids": [experiment["experiment"]["experiment_id"]],
        "filter": "tags.step = 'params-search' and attributes.status = 'FINISHED'",
        "order_by": ["metrics.mae ASC"],
        "max_results": 1,
    }
    data = httpx.post(f"{mlflow}/runs/search", json=wanted).json()["runs"][0]["data"]
    return {"mae": round(next(m["value"] for m in data["metrics"] if m["key"] == "mae"), 3)} | {
        param["key"]: param["value"] for param in data["params"]
    }


def predict(gateway: httpx.Client) -> dict[str, Any]:
    """The answer to the example of the documentation, as soon as the gateway has the champion."""
    wait_until(lambda: gateway.get("/readyz").is_success, "the gateway to load the champion", timeout=60)
    answer = gateway.post("/delivery_time", json=EXAMPLE)
    if answer.status_code != httpx.codes.OK:
        raise StepFailed(f"POST /delivery_time answered {answer.status_code}: {answer.text}")
    print(f"\nPOST /delivery_time {json.dumps(EXAMPLE)}\n→ {answer.text}")
    body: dict[str, Any] = answer.json()
    return body


def score(gateway: httpx.Client, lines: list[bytes]) -> dict[str, Any]:
    """Upload these rows, header first, have them scored, check the result; the states seen and the rows scored."""
    settings = load(ObjectStoreSettings)
    ObjectStore(settings).put(ObjectAddress(settings.bucket, "demo/orders.csv"), b"".join(lines))
    submitted = gateway.post("/batch-jobs", json={"input_uri": f"s3://{settings.bucket}/demo/orders.csv"})
    if submitted.status_code != httpx.codes.ACCEPTED:
        raise StepFailed(f"POST /batch-jobs answered {submitted.status_code}: {submitted.text}")
    address = submitted.headers["Location"]
    states = [submitted.json()["status"]]

    def ended() -> bool:
        job = gateway.get(address).json()
        if job["status"] != states[-1]:
            states.append(job["status"])
        return job["finished_at"] is not None

    wait_until(ended, f"{address} to end", timeout=120)
    job = gateway.get(address).json()
    scored = list(csv.DictReader(io.StringIO(httpx.get(gateway.get(f"{address}/result").headers["Location"]).text)))
    filled = sum(bool(row["prediction"]) for row in scored)
    if job["status"] != "succeeded" or filled != len(lines) - 1 - job["rows_failed"]:
        raise StepFailed(f"{address} ended as {job['status']} with {filled} of {len(lines) - 1} rows: {job['error']}")
    print(f"\nPOST /batch-jobs {job['input_uri']}\n→ {' → '.join(states)}, {filled} rows in {job['output_uri']}")
    return {"states": states, "rows scored": filled, "output": job["output_uri"]}


def weeks_backfilled(stack: DemoStack, model_version: str) -> int:
    """Rows of this version's backfill in model_metrics."""
    wanted = (ModelMetrics.source == "backfill") & (ModelMetrics.model_version == model_version)
    return stack.count(select(func.count()).select_from(ModelMetrics).where(wanted))


def wait_until(condition: Callable[[], bool], what: str, timeout: float) -> None:
    """Ask every 50 ms; StepFailed after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise StepFailed(f"waited {timeout:.0f} s in vain for {what}: see `make logs`")
        time.sleep(0.05)


def timed(seconds: dict[str, float], step: str, action: Callable[[], Any]) -> Any:
    """Run a step and note how long it took."""
    begin = time.monotonic()
    result = action()
    seconds[step] = time.monotonic() - begin
    return result


def report(figures: dict[str, Any], seconds: dict[str, float]) -> None:
    """Print what was made and how long each step took."""
    print("\n── made " + "─" * 60)
    for name, value in figures.items():
        print(f"{name:20} {value if not isinstance(value, dict) else json.dumps(value)}")
    print("── seconds " + "─" * 57)
    for step, took in seconds.items():
        print(f"{step:20} {took:6.1f}")
    print(f"{'in all':20} {sum(seconds.values()):6.1f}")
