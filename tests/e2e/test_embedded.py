"""What the embedded stack promises beside the product: it heals itself and keeps its secrets."""

import os
import re
import signal
from pathlib import Path
from typing import Any

import psutil

from support.waiting import wait_until


def test_a_killed_gateway_shows_in_status_and_comes_back(system: Any) -> None:
    port = int(system.environment["GATEWAY_PORT"])
    (victim,) = {c.pid for c in psutil.net_connections("tcp") if c.status == "LISTEN" and c.laddr.port == port}
    os.kill(victim, signal.SIGKILL)

    def noticed() -> bool:
        shown = system.run("devstack", "status", check=False)
        return bool(re.search(r"^gateway .*killed by signal 9", shown.stdout, re.MULTILINE))

    wait_until(noticed, what="status to show why the gateway was restarted")
    wait_until(lambda: system.gateway.get("/readyz").is_success, 30, what="the gateway to come back")
    wait_until(lambda: system.run("devstack", "status", check=False).returncode == 0, 30, what="a healthy status")


def test_secrets_are_readable_by_their_owner_alone(system: Any) -> None:
    secrets = Path(system.environment["STACK_DIR"]) / "env"
    assert secrets.stat().st_mode & 0o077 == 0
