"""`make bench-compare REV=v0.1.0 ONLY=realtime`: benchmarks of an earlier commit and of this code, in turn in one run.

What else the machine does falls on both alike. The earlier code runs with the packages installed here.
"""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.former.release import ROOT, checked_out

ROUNDS = 3


def main(revision: str, only: list[str]) -> None:
    """Print the median of each figure on both sides, and the second over the first."""
    with TemporaryDirectory() as folder:
        former = checked_out(revision, Path(folder))
        if former is None:
            sys.exit(f"bench-compare: this clone has no commit {revision}: git fetch --unshallow, or name another")
        sides = {revision: (former.folder, former.environment), "here": (ROOT, {})}
        runs: dict[str, list[dict[str, float]]] = {side: [] for side in sides}
        for number in range(ROUNDS):
            for side, (where, environment) in sides.items():
                print(f"round {number + 1} of {ROUNDS}: {side}", flush=True)
                runs[side].append(_run(where, environment, only))
    before, now = (_medians(runs[side]) for side in sides)
    print(f"\n{'':36} {revision:>12} {'here':>12} {'ratio':>8}")
    for name in sorted(before.keys() & now.keys()):
        ratio = f"{now[name] / before[name]:8.3f}" if before[name] else f"{'-':>8}"
        print(f"{name:36} {before[name]:12.3f} {now[name]:12.3f} {ratio}")


def _run(folder: Path, environment: dict[str, str], only: list[str]) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.bench", *only]
    subprocess.run(command, cwd=folder, env=os.environ | environment, check=True, stdout=subprocess.DEVNULL)
    figures: dict[str, float] = json.loads((folder / "bench" / "results.json").read_text())
    return figures


def _medians(runs: list[dict[str, float]]) -> dict[str, float]:
    return {name: statistics.median(run[name] for run in runs) for name in runs[0] if all(name in run for run in runs)}


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
