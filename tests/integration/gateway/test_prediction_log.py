"""Every prediction reaches the stream, and nobody waits for it."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import redis
from redis.exceptions import ConnectionError as NoConnection

from common.servers.prediction_log import STREAM, CountedRequests, LoggedPrediction, decode, decode_invalid
from devstack.servers import valkey
from devstack.stack import Stack
from devstack.supervision.child import running
from support.example import ORDER
from support.gateway_fixtures import Gateway, running_gateway
from support.stack_fixtures import free_settings
from support.waiting import wait_until


class Queue:
    """A Valkey of one test, to be killed and started at will."""

    def __init__(self, folder: Path) -> None:
        self.stack = Stack(free_settings(folder))
        self.stack.create()
        self.client = redis.Redis.from_url(self.stack.queue_url)
        self._running = ExitStack()

    def start(self) -> None:
        self._running.enter_context(running(valkey.process(self.stack), self.stack.directory))

    def stop(self) -> None:
        self._running.close()

    def logged(self) -> list[LoggedPrediction]:
        """What the stream holds."""
        return [row for _, fields in self.client.xrange(STREAM) for row in decode(fields)]

    def has(self, count: int) -> bool:
        try:
            return len(self.logged()) == count
        except NoConnection:
            return False


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[Queue]:
    made = Queue(tmp_path / "stack")
    made.start()
    yield made
    made.stop()
    made.client.close()


@pytest.fixture
def logging_gateway(queue: Queue, gateway_env: dict[str, str], tmp_path: Path) -> Iterator[Gateway]:
    environment = {**gateway_env, "QUEUE_URL": queue.stack.queue_url, "GATEWAY_LOG_CAPACITY": "1000"}
    with running_gateway(environment, tmp_path) as running_one:
        running_one.wait_ready()
        yield running_one


def test_a_prediction_is_logged_as_it_was_answered(queue: Queue, logging_gateway: Gateway) -> None:
    order = {**ORDER, "order_id": "order-1", "purchase_timestamp": "2018-05-01T10:00:00+02:00"}
    answer = logging_gateway.client.post("/delivery_time", json=order, headers={"X-Request-ID": "request-1"}).json()
    wait_until(lambda: queue.has(1))
    (row,) = queue.logged()
    assert (row.request_id, row.order_id, row.role, row.model_version) == ("request-1", "order-1", "champion", "1")
    assert (row.seller_zip_code_prefix, row.customer_lat, row.customer_lng) == (9350, -23.577, -46.587)
    assert row.purchase_timestamp.isoformat() == "2018-05-01T08:00:00+00:00"
    assert round(row.delivery_time_days, 2) == answer["delivery_time_days"]
    assert round(row.lower_days, 2) == answer["lower_days"]
    assert row.seller_known is answer["seller_known"]
    assert 0 < row.latency_ms < 1_000
    assert abs(row.predicted_at.timestamp() - time.time()) < 10


def test_of_many_orders_each_is_logged(queue: Queue, logging_gateway: Gateway) -> None:
    orders = [{**ORDER, "seller_zip_code_prefix": prefix, "order_id": f"order-{prefix}"} for prefix in range(1, 801)]
    answers = logging_gateway.client.post("/delivery_times", json={"orders": orders}).json()
    wait_until(lambda: queue.has(800))
    rows = queue.logged()
    assert len({row.id for row in rows}) == 800
    assert [row.order_id for row in rows] == [order["order_id"] for order in orders]
    assert [round(row.delivery_time_days, 2) for row in rows] == [answer["delivery_time_days"] for answer in answers]


def test_invalid_requests_are_counted_in_the_log(queue: Queue, logging_gateway: Gateway) -> None:
    for order in ({**ORDER, "customer_lat": None}, {**ORDER, "customer_lng": "west"}, {}):
        assert logging_gateway.client.post("/delivery_time", json=order).status_code == 422
    assert logging_gateway.client.post("/delivery_times", json={"orders": [{}, ORDER]}).status_code == 422
    assert logging_gateway.client.post("/delivery_time", json=ORDER).status_code == 200

    def counted() -> list[CountedRequests]:
        entries = [decode_invalid(fields) for _, fields in queue.client.xrange(STREAM)]
        return [entry for entry in entries if entry is not None]

    wait_until(lambda: sum(entry.requests for entry in counted()) == 4)
    assert abs(counted()[-1].counted_at.timestamp() - time.time()) < 10
    assert queue.client.xlen(STREAM) == len(counted()) + 1


def test_while_the_queue_is_away_predictions_wait_in_memory_and_then_flow(
    queue: Queue, logging_gateway: Gateway
) -> None:
    queue.stop()
    for number in range(50):
        answer = logging_gateway.client.post("/delivery_time", json={**ORDER, "order_id": str(number)})
        assert answer.status_code == 200
        assert answer.elapsed.total_seconds() < 1
    time.sleep(1)
    queue.start()
    wait_until(lambda: queue.has(50))
    assert [row.order_id for row in queue.logged()] == [str(number) for number in range(50)]


def test_what_does_not_fit_into_memory_is_dropped_and_counted(queue: Queue, logging_gateway: Gateway) -> None:
    queue.stop()
    for _ in range(3):
        assert logging_gateway.client.post("/delivery_times", json={"orders": [ORDER] * 600}).status_code == 200
    wait_until(lambda: "gateway_log_dropped_total 1200.0" in logging_gateway.client.get("/metrics").text)
    assert logging_gateway.client.get("/readyz").json()["prediction_log"] == {"buffered": 600, "dropped": 1200}


def test_at_the_end_what_waits_is_sent(queue: Queue, logging_gateway: Gateway) -> None:
    for _ in range(20):
        logging_gateway.client.post("/delivery_time", json=ORDER)
    started = time.monotonic()
    logging_gateway.stop()
    assert time.monotonic() - started < 10
    assert queue.has(20)
