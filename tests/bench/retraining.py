"""A retraining on a history of HISTORY_MILLIONS (10) orders: how long it takes, and in how much memory.

Not part of a plain `make bench`: with preparing ten million made-up orders it takes half an hour. With HISTORY_FOLDER
the prepared orders are kept there: the next run trains on them.
"""

import os
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from tests.bench.monitor import object_store
from tests.bench.search import registry

from common.servers.history import HistoryStore
from trainer.data.synthetic.shops.generate import synthesize_shop
from trainer.published.publish import publish_prepared

ON_REQUEST = True


def measure() -> dict[str, float]:
    """retraining_s, retraining_mb: of search, gate and registration. retraining_publish_s: of the history before."""
    kept = os.environ.get("HISTORY_FOLDER")
    with nullcontext(kept) if kept else TemporaryDirectory() as name, registry(Path(name) / "stack") as stack:
        folder = Path(name)
        environment = os.environ | stack.environment | {"DATA_DIR": str(folder / "data")}
        figures = {} if (folder / "data" / "prepared").exists() else _prepared(folder, environment)
        begin = perf_counter()
        version = publish_prepared(folder / "data" / "prepared", HistoryStore(object_store(stack)))
        figures |= {"retraining_publish_s": perf_counter() - begin, "retraining_orders": version.orders}
        begin = perf_counter()
        command = [sys.executable, "-m", "tests.bench.large_log.retraining"]
        megabytes = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout
        return figures | {"retraining_s": perf_counter() - begin, "retraining_mb": float(megabytes.split()[-1])}


def _prepared(folder: Path, environment: dict[str, str]) -> dict[str, float]:
    shop = folder / "shop"
    synthesize_shop("letters", round(float(os.environ.get("HISTORY_MILLIONS", "10")) * 1e6), 7, shop)
    begin = perf_counter()
    environment = environment | {"SHOP_FILE": str(shop / "shop.toml"), "OBJECT_STORE_ENDPOINT": ""}
    subprocess.run([sys.executable, "-m", "trainer.cli", "prepare-data"], env=environment, check=True)
    return {"retraining_prepare_s": perf_counter() - begin}
