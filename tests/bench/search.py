"""How long the search of 15 trials takes, as a user runs it, tracked by a real MLflow server."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from tests.support.olist_folder import prepare_olist
from tests.support.stack_fixtures import free_settings

from common.database.migrate import migrate
from common.settings import load
from devstack.servers import mlflow_server, postgres, seaweedfs
from devstack.stack import Stack
from devstack.supervision.child import running
from trainer.data.settings import DataSettings
from trainer.data.synthetic.generate import Wanted, synthesize
from trainer.sources.olist.check import missing_files_and_columns


def measure() -> dict[str, float]:
    """search_s: seconds from start to end of `trainer params-search` on the data set in use."""
    with TemporaryDirectory() as folder, registry(Path(folder) / "stack") as stack:
        dataset = load(DataSettings).dataset
        if missing_files_and_columns(dataset):
            dataset = Path(folder) / "dataset"
            synthesize(Wanted(), dataset)
        prepare_olist(dataset, Path(folder) / "data" / "prepared")
        environment = os.environ | stack.environment | {"DATA_DIR": str(Path(folder) / "data")}
        begin = perf_counter()
        subprocess.run([sys.executable, "-m", "trainer.cli", "params-search"], env=environment, check=True)
        return {"search_s": perf_counter() - begin}


@contextmanager
def registry(directory: Path) -> Iterator[Stack]:
    stack = Stack(free_settings(directory))
    stack.create()
    with (
        running(postgres.process(stack), directory),
        running(seaweedfs.process(stack), directory),
        running(mlflow_server.process(stack), directory),
    ):
        migrate(stack.database_url)
        yield stack
