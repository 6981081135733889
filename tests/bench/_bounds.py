"""What figures must reach, and the history of what they were."""

import json
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

AT_MOST = {
    "bulk_vs_floor": 1.6,
    "restore_s": 180.0,
    "scale_checks_s": 5.0,
    "scale_pace_mb": 300.0,
    "scale_pace_s": 10.0,
}
AT_LEAST = {
    "bulk_vs_single": 24.0,
    "realtime_vs_bare": 0.28,
    "scale_ingest_rows_s": 15_000.0,
}


def missed(figures: Mapping[str, float]) -> list[str]:
    """A line for each figure that misses its bound."""
    lines = []
    for name, value in figures.items():
        if value > AT_MOST.get(name, value):
            lines.append(f"{name} is {value:.3g}, at most {AT_MOST[name]:g}")
        if value < AT_LEAST.get(name, value):
            lines.append(f"{name} is {value:.3g}, at least {AT_LEAST[name]:g}")
    return lines


def remember(history: Path, run: Mapping[str, float | str]) -> None:
    """Add a run to the history: a line of JSON, with its commit."""
    head = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    with history.open("a") as file:
        file.write(json.dumps({"at": datetime.now(UTC).isoformat(timespec="seconds"), "commit": head, **run}) + "\n")
