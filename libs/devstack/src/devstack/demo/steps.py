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
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import Date, cast, select

from common.database.tables import ModelMetrics
from common.errors import DeliveryTimeError
from common.orders.shop.prepared_shop import PreparedShop
from common.servers.objects import ObjectAddress, ObjectStore
from common.settings import ObjectStoreSettings, load
from devstack.demo import page
from devstack.demo.figures import Figures, Week, unit_of
from devstack.demo.models import best_trial, champion_version, newest_version
from devstack.demo.shop import OLISTS_ORDER, DemoShop, requested
from devstack.demo.stack import DemoStack, NoComposeStack, running
from devstack.table import table

BATCH_ROWS = 5_000
TRIALS = "5"
SHARES = ([0.5, 0.6, 0.7, 0.8, 0.9], [0.95, 0.97, 0.99])
"""On-time shares of which the distribution is drawn, as many at once as the gateway takes."""
BACKTEST = "backtest.json"
PAGE = Path("build/demo.html")
TOO_FEW = 1
"""Exit code of `trainer backtest` where no month can be judged: the demo goes on."""
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
            made = run(stack, shop, seconds)
    except subprocess.CalledProcessError as error:
        sys.exit(f"demo: `{' '.join(map(str, error.cmd))}` failed, see above")
    except (StepFailed, DeliveryTimeError, httpx.HTTPError) as error:
        sys.exit(f"demo: {error}")
    report(made, seconds, next_steps(shop))


def run(stack: DemoStack, shop: DemoShop, seconds: dict[str, float]) -> Figures:
    """Every step in order; what was made."""
    made = Figures()
    if shop.tables:
        timed(seconds, "inspect the orders", lambda: inspect(stack, shop))
    timed(seconds, "get the data", lambda: command(stack, "trainer", "download-data"))
    timed(seconds, "prepare it", lambda: command(stack, "trainer", "prepare-data"))
    made.orders = json.loads(stack.read("prepared/report.json"))["orders"]
    timed(seconds, "search parameters", lambda: command(stack, "trainer", "params-search", "--trials", TRIALS))
    made.trial = best_trial(int(TRIALS))
    timed(seconds, "register the model", lambda: register(stack))
    made.backtest = timed(seconds, "judge it forward", lambda: backtest(stack))
    rows = stack.read("prepared/valid_dataset.csv").splitlines(keepends=True)
    with httpx.Client(base_url=stack.gateway, timeout=30) as gateway:
        body, made.answer = timed(seconds, "predict one order", lambda: predict(gateway, stack, shop, rows))
        made.version = made.answer["model_version"]
        made.distribution = distribution(gateway, body)
        job = timed(seconds, "score a batch file", lambda: score(gateway, rows[: BATCH_ROWS + 1]))
        made.rows_scored, made.output_uri = job["rows_done"] - job["rows_failed"], job["output_uri"]
        made.metrics = gateway.get("/model").json()["metrics"]
    timed(seconds, "backfill monitoring", lambda: command(stack, "monitor", "backfill"))
    made.weeks = weeks_backfilled(stack, made.version)
    return made


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


def backtest(stack: DemoStack) -> dict[str, Any]:
    """The figures of months judged forward; none where too few deliveries are known for that, which was said then."""
    command(stack, "trainer", "backtest", "--output", f"{stack.data}/{BACKTEST}", refused=TOO_FEW)
    try:
        values: dict[str, Any] = json.loads(stack.read(BACKTEST))
    except (OSError, NoComposeStack):
        return {}
    return values


def command(stack: DemoStack, *arguments: str, refused: int = 0) -> None:
    """Run one of the project's commands as a user would; StepFailed unless it ends with 0 or `refused`."""
    line = " ".join(arguments)
    print(f"\n$ {line}", flush=True)
    if stack.run(*arguments) not in (0, refused):
        raise StepFailed(f"`{line}` failed, see above")


def predict(
    gateway: httpx.Client, stack: DemoStack, shop: DemoShop, rows: list[bytes]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """One of the shop's orders and its answer, as soon as the gateway has the champion."""
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
    return body, answer.json()


def distribution(gateway: httpx.Client, body: dict[str, Any]) -> list[tuple[float, float]]:
    """Days with the share of such orders that has arrived by then, from the promises at these shares."""
    points = [(0.0, 0.0)]
    for shares in SHARES:
        answer = gateway.post("/delivery_time", json={**body, "on_time_share": shares}).raise_for_status().json()
        points += [(promise["days"], promise["on_time_share"]) for promise in answer["promises"]]
    return points


def served_by(gateway: httpx.Client) -> str | None:
    """The version that answers now; None while there is none."""
    ready = gateway.get("/readyz")
    return str(ready.json()["model_version"]) if ready.is_success else None


def score(gateway: httpx.Client, lines: list[bytes]) -> dict[str, Any]:
    """Upload these rows, header first, have them scored, check the result; the job as it ended."""
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
    job: dict[str, Any] = gateway.get(address).json()
    scored = list(csv.DictReader(io.StringIO(httpx.get(gateway.get(f"{address}/result").headers["Location"]).text)))
    filled = sum(bool(row["prediction"]) for row in scored)
    if job["status"] != "succeeded" or filled != len(lines) - 1 - job["rows_failed"]:
        raise StepFailed(f"{address} ended as {job['status']} with {filled} of {len(lines) - 1} rows: {job['error']}")
    print(f"\nPOST /batch-jobs {job['input_uri']}\n→ {' → '.join(states)}, {filled} rows in {job['output_uri']}")
    return job


def weeks_backfilled(stack: DemoStack, model_version: str) -> list[Week]:
    """This version's backfill in model_metrics, in the order of time."""
    wanted = (ModelMetrics.source == "backfill") & (ModelMetrics.model_version == model_version)
    columns = (cast(ModelMetrics.window_end, Date), ModelMetrics.mae, ModelMetrics.baseline_mae)
    found = stack.rows(select(*columns).where(wanted).order_by(ModelMetrics.window_end))
    return [Week(end, *(float(each) if each else None for each in errors)) for end, *errors in found]


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


def next_steps(shop: DemoShop) -> list[str]:
    """What a newcomer does now."""
    shop_file = f"SHOP_FILE={shop.file} " if shop.file else ""
    port = {name: os.environ.get(f"{name}_PORT", port) for name, port in (("CONSOLE", 8091), ("GATEWAY", 8090))}
    return [
        f"{shop_file}make up   # keeps it running, then:",
        f"  http://127.0.0.1:{port['CONSOLE']}        the console: all of it in a browser",
        f"  http://127.0.0.1:{port['GATEWAY']}/docs   the HTTP interface, to try out",
    ]


def report(made: Figures, seconds: dict[str, float], then: Sequence[str]) -> None:
    """Print what was made, how long each step took and what to do next; write the page."""
    page.write(PAGE, made, then)
    print("\n" + table(("made", ""), list(made.rows())))
    took = [(step, f"{each:6.1f}") for step, each in seconds.items()]
    print("\n" + table(("step", "seconds"), [*took, ("in all", f"{sum(seconds.values()):6.1f}")]))
    print(f"\nas a page, with charts: {PAGE}\n" + "\n".join(then))
