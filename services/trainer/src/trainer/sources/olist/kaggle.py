"""The data set from Kaggle, by kagglehub in a process of its own: it retries for minutes when Kaggle is away."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from common.errors import DeliveryTimeError, Unavailable
from trainer.sources.olist.files import FILES

HANDLE = "olistbr/brazilian-ecommerce"
PROBE = ("-c", "import urllib.request as r; r.urlopen(r.Request('https://www.kaggle.com', method='HEAD'), timeout=6)")
DOWNLOAD = ("-m", __name__)

PROBE_SECONDS = 10
DOWNLOAD_SECONDS = 900

NEEDED = re.compile(
    r"PATH|HOME|TMPDIR|LANG|(LC|PYTHON|COVERAGE|KAGGLE|KAGGLEHUB)_?.*|(http|https|no|all)_proxy|SSL_CERT_(FILE|DIR)"
    r"|REQUESTS_CA_BUNDLE",
    re.IGNORECASE,
)
"""Variables that the process is given: a downloader has no use for the keys of databases and stores."""

FAILED = 3
"""Exit code of the process when Kaggle answered, but not with the data set."""


class KaggleUnreachable(Unavailable):
    """There is no way to Kaggle from here."""

    def __init__(self, cause: str) -> None:
        super().__init__(f"Kaggle cannot be reached ({cause}): set OLIST_DIR to a folder with its nine files")


class KaggleFailed(DeliveryTimeError):
    """Kaggle answered, but not with the data set."""

    def __init__(self, cause: str) -> None:
        super().__init__(
            f"Kaggle does not give {HANDLE} ({cause}): check KAGGLE_USERNAME and KAGGLE_KEY, KAGGLE_API_TOKEN or "
            "~/.kaggle (without any, Kaggle is asked anonymously), or set OLIST_DIR to a folder with its nine files"
        )


def fetch(folder: Path) -> None:
    """Copy the nine files into the folder; KaggleUnreachable within 10 s when there is no way to Kaggle, KaggleFailed
    when it answers but does not give them, e.g. because of a wrong key."""
    _python(PROBE, PROBE_SECONDS)
    with TemporaryDirectory(prefix="kagglehub-") as cache:
        downloaded = Path(_python(DOWNLOAD, DOWNLOAD_SECONDS, cache).splitlines()[-1])
        for file in FILES:
            if file.path(downloaded).is_file():
                shutil.copy(file.path(downloaded), folder)


def _python(arguments: tuple[str, str], seconds: float, cache: str | None = None) -> str:
    environment = {name: value for name, value in os.environ.items() if NEEDED.fullmatch(name)}
    environment |= {"KAGGLEHUB_CACHE": cache} if cache else {}
    command = [sys.executable, *arguments]
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=seconds, check=True)
    except subprocess.TimeoutExpired:
        raise KaggleUnreachable(f"no answer within {seconds} s") from None
    except subprocess.CalledProcessError as error:
        lines = error.stderr.strip().splitlines()
        cause = lines[-1] if lines else f"exit code {error.returncode}"
        raise KaggleFailed(cause) if error.returncode == FAILED else KaggleUnreachable(cause) from None
    return done.stdout


def _download() -> None:
    """In the process of its own: print the folder of the data set, or say in one line why there is none."""
    import kagglehub
    from requests import ConnectionError, Timeout

    try:
        sys.stdout.write(f"{kagglehub.dataset_download(HANDLE)}\n")
    except (ConnectionError, Timeout):
        raise
    except Exception as error:
        sys.stderr.write(" ".join(str(error).split()) or type(error).__name__)
        sys.exit(FAILED)


if __name__ == "__main__":
    _download()
