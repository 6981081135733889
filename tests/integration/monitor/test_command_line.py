"""The commands of `monitor` about alerts."""

import subprocess
from datetime import UTC, datetime

import pytest

from common.database.session import Database
from common.database.tables import Alert
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
