"""The commands of `monitor` about alerts and orders at risk."""

import subprocess
from datetime import UTC, datetime

import pytest

from common.database.session import Database
from common.database.tables import Alert, OrderAtRisk
from monitor import cli
from support.command_lines import called

pytestmark = pytest.mark.usefixtures("monitoring")

MESSAGE = "orders of 21 to 35 days ago are off by 5.6 days; on the training data it was 4.2 (limit 4.8)"


def monitor(*arguments: str) -> subprocess.CompletedProcess[str]:
    return called(cli.main, *arguments, environment={"COLUMNS": "40"})


def test_alerts_are_listed_whole_a_line_each_and_acknowledged(database: Database) -> None:
    assert monitor("alerts", "list").stdout == "no alerts\n"
    with database.transaction() as session:
        names = {"rule": "worse-than-trained", "subject": "2", "severity": "critical"}
        session.add(alert := Alert(**names, message=MESSAGE, opened_at=datetime(2018, 3, 30, tzinfo=UTC)))
    assert "open" in listed(alert.id)
    done = monitor("alerts", "ack", str(alert.id), "--by", "ana")
    assert done.stdout == f"alert {alert.id} (worse-than-trained) acknowledged by ana\n"
    assert "acknowledged" in listed(alert.id)


def listed(alert: int) -> list[str]:
    """What the list says of the alert, its message left out."""
    header, line = monitor("alerts", "list").stdout.splitlines()
    assert header.split() == ["id", "status", "severity", "rule", "subject", "opened", "message"]
    told = line.removesuffix(MESSAGE).split()
    assert told[0] == str(alert)
    assert told[2:] == ["critical", "worse-than-trained", "2", "2018-03-30", "00:00"]
    return told


def test_an_alert_that_is_not_there_is_named() -> None:
    done = monitor("alerts", "ack", "999999")
    assert done.returncode == 1
    assert done.stderr == "monitor: there is no alert 999999; `monitor alerts list` shows them\n"


def test_orders_at_risk_are_listed_worst_first_as_a_table_or_csv(database: Database) -> None:
    assert monitor("orders", "at-risk").stdout == "no orders at risk\n"
    moment = datetime(2018, 3, 30, tzinfo=UTC)
    names = ("purchase_timestamp", "promised_at", "expected_at", "since", "computed_at")
    with database.transaction() as session:
        for order_id, probability, at_risk in (("some", 0.51234, True), ("most", 0.9, True), ("calm", 0.4, False)):
            session.add(
                OrderAtRisk(
                    order_id=order_id, owner="", probability=probability, at_risk=at_risk, model_version="1",
                    **dict.fromkeys(names, moment),
                )
            )  # fmt: skip
    header, *rows = monitor("orders", "at-risk").stdout.splitlines()
    assert header.split() == ["order", "probability", "promised", "expected", "shipped", "since"]
    assert [row.split()[:2] for row in rows] == [["most", "0.90"], ["some", "0.51"]]
    lines = monitor("orders", "at-risk", "--csv").stdout.splitlines()
    assert lines[0].startswith("order_id,late_probability,promised_at")
    assert lines[2].startswith("some,0.5123,2018-03-30T00:00:00+00:00,")
    assert len(lines) == 3
