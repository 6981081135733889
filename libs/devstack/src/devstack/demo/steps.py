"""`make demo`: the whole system once, from data to monitoring, with figures.

On Olist's orders, or on a shop's own (see `devstack.demo.shop`).

Starts the embedded stack if it is not up and stops only what it started; STACK=compose takes the containers that are
up. Ends with exit code 1 at the first step that fails.
"""

import csv
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import httpx
from sqlalchemy import func, select

from common.database.tables import ModelMetrics
from common.errors import DeliveryTimeError
from common.orders.shop.prepared_shop import PreparedShop
from common.servers.objects import ObjectAddress, ObjectStore
from common.settings import ObjectStoreSettings, load
from devstack.demo.models import best_trial, champion_version, newest_version
from devstack.demo.shop import OLISTS_ORDER, DemoShop, requested
from devstack.demo.stack import DemoStack, running

BATCH_ROWS = 5_000
TRIALS = "5"
UNITS = {"days": 1, "hours": 24, "minutes": 1_440, "seconds": 86_400}
GATE_REFUSED = 3
"""Exit code of `trainer register-model` when the candidate did not win: the champion stays, the demo goes on."""


class StepFailed(Exception):
    """A step of the demo did not do what it promises; the message says which and why."""


def main() -> None:
    """Run the demo; exit with 1 and one line at the first step that fails."""
    seconds: dict[str, float] = {}
    begin = time.monotonic()
    try:
        shop = DemoShop.of(os.environ)
        os.environ.update(shop.environment)
        with running() as stack:
            seconds["start the stack"] = time.monotonic() - begin
            figures = run(stack, shop, seconds)
    except subprocess.CalledProcessError as error:
        sys.exit(f"demo: `{' '.join(map(str, error.cmd))}` failed, see above")
    except (StepFailed, DeliveryTimeError, httpx.HTTPError) as error:
        sys.exit(f"demo: {error}")
    report(figures, seconds)
    if shop.file:
        print(f"\nto keep it running: SHOP_FILE={shop.file} make up")


def run(stack: DemoStack, shop: DemoShop, seconds: dict[str, float]) -> dict[str, Any]:
    """Every step in order; returns what was made, by name."""
    figures: dict[str, Any] = {}
    if shop.tables:
        timed(seconds, "inspect the orders", lambda: inspect(stack, shop))
    timed(seconds, "get the data", lambda: command(stack, "trainer", "download-data"))
    timed(seconds, "prepare it", lambda: command(stack, "trainer", "prepare-data"))
    figures["rows prepared"] = json.loads(stack.read("prepared/report.json"))["orders"]
    timed(seconds, "search parameters", lambda: command(stack, "trainer", "params-search", "--trials", TRIALS))
    figures["best trial"] = best_trial(int(TRIALS))
    timed(seconds, "register the model", lambda: register(stack))
    rows = stack.read("prepared/valid_dataset.csv").splitlines(keepends=True)
    with httpx.Client(base_url=stack.gateway, timeout=30) as gateway:
        prediction = timed(seconds, "predict one order", lambda: predict(gateway, stack, shop, rows))
        figures |= {"prediction": prediction, "registered version": prediction["model_version"]}
        figures["batch job"] = timed(seconds, "score a batch file", lambda: score(gateway, rows[: BATCH_ROWS + 1]))
        figures["mean error"] = errors(gateway.get("/model").json()["metrics"])
    timed(seconds, "backfill monitoring", lambda: command(stack, "monitor", "backfill"))
    figures["weeks backfilled"] = weeks_backfilled(stack, figures["registered version"])
    return figures


def inspect(stack: DemoStack, shop: DemoShop) -> None:
    """Draft the shop file from its orders, completed with what is said to be assumed."""
    assert shop.file is not None  # noqa: S101 - tables are drafted into it
    shop.file.parent.mkdir(parents=True, exist_ok=True)
    command(stack, "trainer", "inspect", *map(str, shop.tables), "--complete", "--out", str(shop.file))


def register(stack: DemoStack) -> None:
    """Register the best trial. The gate keeps a champion against one that did not win; where there is none yet, the
    refused one is promoted for the rest of the demo, and this is said."""
    command(stack, "trainer", "register-model", refused=GATE_REFUSED)
    if not champion_version():
        print("\nthe gate refused the first model, see above: it is promoted all the same, to show the rest")
        reason = "make demo: to show the rest, although the gate refused it"
        command(stack, "trainer", "promote", newest_version(), "--reason", reason)


def errors(metrics: dict[str, float]) -> dict[str, str]:
    """Mean absolute errors on the newest holdout, which the model had not seen: its own, and what it has to beat."""
    own = {"delivery-time": metrics["mae"]}
    rivals = {name: days for name, days in metrics.items() if name.startswith("mae_of_")}
    every = own | {name.removeprefix("mae_of_").replace("_", " "): days for name, days in rivals.items()}
    unit, per_day = unit_of(max(every.values()))
    return {name: f"{days * per_day:.2f} {unit}" for name, days in every.items()}


def unit_of(days: float) -> tuple[str, int]:
    """The largest unit of which so many days are one or more, and how many of it are a day."""
    return next(((unit, per_day) for unit, per_day in UNITS.items() if days * per_day >= 1), ("seconds", 86_400))


def command(stack: DemoStack, *arguments: str, refused: int = 0) -> None:
    """Run one of the project's commands as a user would; StepFailed unless it ends with 0 or `refused`."""
    line = " ".join(arguments)
    print(f"\n$ {line}", flush=True)
    if stack.run(*arguments) not in (0, refused):
        raise StepFailed(f"`{line}` failed, see above")


def predict(gateway: httpx.Client, stack: DemoStack, shop: DemoShop, rows: list[bytes]) -> dict[str, Any]:
    """The answer to one of the shop's orders, as soon as the gateway has the champion."""
    champion = champion_version()
    wait_until(lambda: served_by(gateway) == champion, "the gateway to load the champion", timeout=60)
    body, days = OLISTS_ORDER, None
    if shop.file:
        prepared = PreparedShop.model_validate_json(stack.read("prepared/shop.json"))
        body, days = requested(rows[0] + rows[(1 + len(rows)) // 2], prepared)
    answer = gateway.post("/delivery_time", json=body)
    if answer.status_code != httpx.codes.OK:
        raise StepFailed(f"POST /delivery_time answered {answer.status_code}: {answer.text}")
    print(f"\nPOST /delivery_time {json.dumps(body)}\n→ {answer.text}")
    if days is not None:
        unit, per_day = unit_of(days)
        print(f"  it took {days * per_day:.3g} {unit}")
    made: dict[str, Any] = answer.json()
    return made


def served_by(gateway: httpx.Client) -> str | None:
    """The version that answers now; None while there is none."""
    ready = gateway.get("/readyz")
    return str(ready.json()["model_version"]) if ready.is_success else None


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
