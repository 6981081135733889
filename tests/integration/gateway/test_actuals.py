"""Late labels over HTTP."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from common.database.session import Database
from common.database.tables import Actual
from support.gateway_fixtures import Gateway

KINDS = ("delivered_at", "shipped_at", "cancelled_at", "lost_at")
NOON = {kind: datetime(2018, 5, day, 12, tzinfo=UTC) for day, kind in enumerate(KINDS, 1)}


def known(database: Database, order_id: str) -> dict[str, datetime]:
    """What is known of an order, by kind."""
    with database.transaction() as session:
        actual = session.get(Actual, order_id)
    moments = {kind: getattr(actual, kind, None) for kind in KINDS}
    return {kind: moment for kind, moment in moments.items() if moment is not None}


def delivered(database: Database, order_id: str) -> datetime | None:
    return known(database, order_id).get("delivered_at")


def report(gateway: Gateway, order_id: str, **words: datetime | None) -> None:
    said = {kind: moment and moment.isoformat() for kind, moment in words.items()}
    answer = gateway.client.post("/actuals", json={"actuals": [{"order_id": order_id, **said}]})
    assert (answer.status_code, answer.json()) == (202, {"accepted": 1})


def test_kinds_come_in_any_order_and_leave_each_other_alone(gateway: Gateway, database: Database) -> None:
    order_id = uuid4().hex
    for kind in KINDS:  # delivered before it was shipped
        report(gateway, order_id, **{kind: NOON[kind]})
    assert known(database, order_id) == NOON


def test_the_newest_word_of_a_kind_counts_and_null_takes_it_back(gateway: Gateway, database: Database) -> None:
    order_id = uuid4().hex
    report(gateway, order_id, **NOON)
    report(gateway, order_id, cancelled_at=None, lost_at=None, delivered_at=NOON["lost_at"])
    assert known(database, order_id) == {"delivered_at": NOON["lost_at"], "shipped_at": NOON["shipped_at"]}


def test_of_two_words_in_one_request_the_later_counts(gateway: Gateway, database: Database) -> None:
    order_id = uuid4().hex
    words = [{"shipped_at": "2018-05-02T12:00:00Z"}, {"delivered_at": "2018-05-01T12:00:00Z"}, {"shipped_at": None}]
    answer = gateway.client.post("/actuals", json={"actuals": [{"order_id": order_id, **word} for word in words]})
    assert (answer.status_code, answer.json()) == (202, {"accepted": 1})
    assert known(database, order_id) == {"delivered_at": NOON["delivered_at"]}


def test_the_orders_own_names_are_taken_too(gateway: Gateway, database: Database) -> None:
    order_id = uuid4().hex
    report(gateway, order_id, delivered_timestamp=NOON["delivered_at"], shipped_timestamp=NOON["shipped_at"])
    assert known(database, order_id) == {kind: NOON[kind] for kind in ("delivered_at", "shipped_at")}


@pytest.mark.parametrize(
    ("item", "says"),
    [
        ({}, "must be a report with at least one of delivered_at, shipped_at, cancelled_at, lost_at"),
        (
            {"delivered_at": "2018-05-01", "delivered_timestamp": "2018-05-01"},
            "must be a report with either delivered_at or delivered_timestamp",
        ),
    ],
    ids=["without a word", "with a name and its old name"],
)
def test_a_report_that_says_nothing_or_twice_is_refused(gateway: Gateway, item: dict[str, str], says: str) -> None:
    items = [{"order_id": "a", "lost_at": None}, {"order_id": "b", **item}]
    answer = gateway.client.post("/actuals", json={"actuals": items})
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["pointer"] == "#/actuals/1"
    assert says in error["detail"]


def test_the_latest_report_of_a_delivery_is_kept(gateway: Gateway, database: Database) -> None:
    order_id = uuid4().hex
    reports = [("2018-05-01T10:00:00Z", 1), ("2018-05-02T10:00:00", 1), ("2018-05-03T10:00:00+02:00", 1)]
    for delivered_at, accepted in reports:
        actual = {"order_id": order_id, "delivered_at": delivered_at}
        answer = gateway.client.post("/actuals", json={"actuals": [actual, actual]})
        assert (answer.status_code, answer.json()) == (202, {"accepted": accepted})
    assert delivered(database, order_id) == datetime(2018, 5, 3, 8, tzinfo=UTC)


def test_a_report_without_a_moment_is_refused(gateway: Gateway) -> None:
    answer = gateway.client.post("/actuals", json={"actuals": [{"order_id": "a", "delivered_at": "yesterday"}]})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "#/actuals/0/delivered_at"


def test_deliveries_that_cannot_be_are_refused_each_with_its_reason(gateway: Gateway, database: Database) -> None:
    now, ids = datetime.now(UTC), [uuid4().hex for _ in range(5)]
    moments = [
        now - timedelta(days=3),
        now + timedelta(days=14),
        datetime(2099, 1, 1, tzinfo=UTC),
        datetime(1999, 1, 1, tzinfo=UTC),
        now + timedelta(hours=14),  # a clock somewhere else, sent without its zone
    ]
    actuals = [{"order_id": id_, "delivered_at": moment.isoformat()} for id_, moment in zip(ids, moments, strict=True)]
    answer = gateway.client.post("/actuals", json={"actuals": actuals})
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    errors = {error["pointer"]: error["detail"] for error in answer.json()["errors"]}
    assert set(errors) == {f"#/actuals/{number}/delivered_at" for number in (1, 2, 3)}
    assert "must be a moment that has come, at most a day from now" in errors["#/actuals/1/delivered_at"]
    assert delivered(database, ids[0]) is None
    kept = gateway.client.post("/actuals", json={"actuals": [actuals[0], actuals[4]]})
    assert kept.json() == {"accepted": 2}


def escaped(text: str) -> str:
    """The text in JSON's longest writing."""
    return '"' + "".join(f"\\u{ord(letter):04x}" for letter in text) + '"'


def test_ten_thousand_are_taken_however_they_are_written(gateway: Gateway) -> None:
    moment = escaped("2018-05-01T10:00:00.123456-03:00")
    words = ", ".join(f'"{kind}": {moment}' for kind in KINDS)
    items = [f'{{"order_id": {escaped(f"{uuid4()}-{number:027d}")}, {words}}}' for number in range(10_000)]
    body = f'{{"actuals": [{", ".join(items)}]}}'
    assert len(body) > 10_000_000
    headers = {"Content-Type": "application/json"}
    answer = gateway.client.post("/actuals", content=body, headers=headers, timeout=60)
    assert (answer.status_code, answer.json()) == (202, {"accepted": 10_000})
    one_more = {"actuals": [{"order_id": str(number), "lost_at": None} for number in range(10_001)]}
    assert gateway.client.post("/actuals", json=one_more, timeout=60).status_code == 422


def test_two_senders_of_the_same_orders_in_opposite_order_do_not_lock_each_other_out(gateway: Gateway) -> None:
    actuals = [{"order_id": uuid4().hex, "delivered_at": "2018-05-01T10:00:00"} for _ in range(4_000)]
    ready = threading.Barrier(2)

    def send(sent: list[dict[str, str]]) -> set[int]:
        statuses = set()
        for _ in range(6):
            ready.wait()
            statuses.add(gateway.client.post("/actuals", json={"actuals": sent}, timeout=60).status_code)
        return statuses

    with ThreadPoolExecutor(2) as pool:
        assert set.union(*pool.map(send, (actuals, actuals[::-1]))) == {202}
