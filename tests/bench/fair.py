"""What a client that behaves keeps beside a hostile one of each kind: its requests a second and its 99th percentile.

The gateway, its servers stood in for, runs on one core; both clients on another, the hostile one with the least
priority, so that what the good one waits for is the gateway. The bounds: 90 % of the calm rate, 3 times the calm p99.
"""

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.model_fixtures import write_sample_bundle
from tests.support.stand_ins.gateway import gateway_in_process

from common.model import bundle
from gateway.access.keys import new_key

CLIENTS = Path(__file__).parent / "hostile/clients.py"
SECONDS, AHEAD = 6.0, 1.5
SERVER_CORE, CLIENT_CORE = 0, 1
LEAST_RATE, MOST_P99 = 0.9, 3.0
KINDS = (
    "metrics",
    "documents",
    "wrong keys",
    "connections",
    "pipelines",
    "slow senders",
    "polls",
    "singles",
    "bulk",
    "faults",
)


def measure() -> dict[str, float]:
    """For each kind the share of the calm rate that is left, and the p99 as a multiple of the calm one; the worst."""
    good, good_text = new_key("good", "good", ["predict", "jobs"])
    bad, bad_text = new_key("bad", "bad", ["predict", "jobs", "actuals"])
    with TemporaryDirectory() as folder:
        write_sample_bundle(Path(folder))
        os.sched_setaffinity(0, {SERVER_CORE})
        with gateway_in_process(bundle.load(Path(folder), "1"), [good, bad]) as gateway:
            calm_rate, calm_p99 = _good(gateway.port, good_text)
            figures = {"fair_calm_rate": calm_rate, "fair_calm_p99_ms": calm_p99}
            for kind in KINDS:
                with _client(kind, gateway.port, bad_text, SECONDS + 2 * AHEAD, niceness=19):
                    rate, p99 = _good(gateway.port, good_text, AHEAD)
                name = kind.replace(" ", "_")
                figures |= {f"fair_rate_{name}": rate / calm_rate, f"fair_p99_{name}": p99 / calm_p99}
    rates = [value for name, value in figures.items() if name.startswith("fair_rate_")]
    waits = [value for name, value in figures.items() if name.startswith("fair_p99_")]
    print(f"  bounds: rate >= {LEAST_RATE} (least {min(rates):.2f}), p99 <= {MOST_P99} (most {max(waits):.1f})")
    return figures | {"fair_least_rate": min(rates), "fair_most_p99": max(waits)}


def _good(port: int, key: str, ahead: float = 0.0) -> tuple[float, float]:
    with _client("good", port, key, SECONDS, niceness=0, after=ahead) as client:
        said, _ = client.communicate(timeout=60)
    rate, p99 = map(float, said.split())
    return rate, p99


def _client(
    kind: str, port: int, key: str, seconds: float, niceness: int, after: float = 0.0
) -> "subprocess.Popen[str]":
    argv = [sys.executable, str(CLIENTS), kind, str(port), key, str(seconds)]
    prepared = ["taskset", "-c", str(CLIENT_CORE), "nice", "-n", str(niceness), *argv]
    command = ["sh", "-c", f'sleep {after}; exec "$@"', "client", *prepared]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


if __name__ == "__main__":
    for figure, value in measure().items():
        print(f"{figure:36} {value:10.3f}")
