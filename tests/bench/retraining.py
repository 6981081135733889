"""A retraining on HISTORY_MILLIONS (10) orders, from the shop's file to the gate: how long, and in how much memory.

Not part of a plain `make bench`: it takes half an hour. With HISTORY_FOLDER the made-up orders are kept there for the
next run.
"""

import json
import os
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.large_log.memory import watched_memory
from tests.bench.search import registry

from trainer.data.synthetic.shops.generate import synthesize_shop

ON_REQUEST = True


def measure() -> dict[str, float]:
    """Seconds of each step and of all; the most megabytes of one process, and of all with their servers together."""
    kept = os.environ.get("HISTORY_FOLDER")
    with nullcontext(kept) if kept else TemporaryDirectory() as name, registry(Path(name) / "stack") as stack:
        folder = Path(name)
        environment = os.environ | stack.environment | {"DATA_DIR": str(folder / "data")}
        if not (folder / "shop" / "shop.toml").exists():
            millions = float(os.environ.get("HISTORY_MILLIONS", "10"))
            synthesize_shop("letters", round(millions * 1e6), 7, folder / "shop")
        environment |= {"SHOP_FILE": str(folder / "shop" / "shop.toml")}
        with watched_memory() as megabytes:
            printed = subprocess.run(
                [sys.executable, "-m", "tests.bench.large_log.retraining"],
                env=environment,
                check=True,
                stdout=subprocess.PIPE,
                text=True,
            ).stdout
        print(dict(megabytes))
        figures: dict[str, float] = json.loads(printed.splitlines()[-1])
        return figures | {f"retraining_{name}_mb": megabytes[name] for name in ("largest", "all")}
