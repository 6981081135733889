"""The data set from Kaggle, by kagglehub in a process of its own: it retries for minutes when Kaggle is away."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from common.errors import Unavailable
from trainer.data.files import TABLES

HANDLE = "olistbr/brazilian-ecommerce"
PROBE = "import urllib.request as r; r.urlopen(r.Request('https://www.kaggle.com', method='HEAD'), timeout=6)"
FETCH = f"import kagglehub; print(kagglehub.dataset_download({HANDLE!r}))"

PROBE_SECONDS = 10
FETCH_SECONDS = 900


class KaggleUnreachable(Unavailable):
    def __init__(self, cause: str) -> None:
        super().__init__(f"Kaggle cannot be reached ({cause}): set OLIST_DIR to a folder with its nine files")


def fetch(folder: Path) -> None:
    """Copy the nine files into the folder; KaggleUnreachable within 10 s when there is no way to Kaggle."""
    _python(PROBE, PROBE_SECONDS)
    with TemporaryDirectory(prefix="kagglehub-") as cache:
        downloaded = Path(_python(FETCH, FETCH_SECONDS, cache).splitlines()[-1])
        for table in TABLES:
            if table.path(downloaded).is_file():
                shutil.copy(table.path(downloaded), folder)


def _python(code: str, seconds: float, cache: str | None = None) -> str:
    environment = os.environ | ({"KAGGLEHUB_CACHE": cache} if cache else {})
    command = [sys.executable, "-c", code]
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=seconds, check=True)
    except subprocess.TimeoutExpired:
        raise KaggleUnreachable(f"no answer within {seconds} s") from None
    except subprocess.CalledProcessError as error:
        lines = error.stderr.strip().splitlines()
        raise KaggleUnreachable(lines[-1] if lines else f"exit code {error.returncode}") from None
    return done.stdout
