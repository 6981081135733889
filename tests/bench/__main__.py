"""`make bench`: run every benchmark of this folder, print a table, write bench/results.json.

A benchmark is a module with `measure() -> dict[str, float]`; its keys are the figures of the product's contract and
what they were computed from. `make bench ONLY="realtime batch"` runs some and keeps the other figures of the file; one
that says ON_REQUEST runs only so. Each run is added to bench/history.jsonl, and says which bounds it missed.
"""

import json
import sys
import time
from pathlib import Path

from tests.bench._bounds import missed, remember
from tests.bench._process import measured

HERE = Path(__file__).parent
RESULTS = Path("bench/results.json")
HISTORY = RESULTS.with_name("history.jsonl")


def main(only: list[str]) -> None:
    names = sorted(path.stem for path in HERE.glob("[!_]*.py") if "def measure()" in path.read_text())
    if unknown := set(only) - set(names):
        sys.exit(f"bench: there is no benchmark {', '.join(sorted(unknown))}; there are: {', '.join(names)}")
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for name in only or [name for name in names if "ON_REQUEST = True" not in (HERE / f"{name}.py").read_text()]:
        print(f"── {name} " + "─" * (60 - len(name)), flush=True)
        begin = time.monotonic()
        figures = measured(name)
        for figure, value in figures.items():
            print(f"  {figure:36} {value:12.3f}")
        print(f"  ({time.monotonic() - begin:.0f} s)")
        results |= figures
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n")
        remember(HISTORY, {"benchmark": name, **figures})
    print(f"written to {RESULTS}, and added to {HISTORY}")
    for line in missed(results):
        print(f"MISSED: {line}")


if __name__ == "__main__":
    main(sys.argv[1:])
