"""What a submission is made of: a local file, uploaded first, and on-time shares."""

from pathlib import Path
from uuid import uuid4

from rich.console import Console
from rich.progress import DownloadColumn, Progress, TransferSpeedColumn

from common.batch.formats import ENDINGS, format_of
from common.errors import InvalidAddress, InvalidInput
from common.orders.promises import shares_of
from common.servers.objects import ObjectAddress, ObjectStore


def shares(given: list[float]) -> tuple[float, ...]:
    """The on-time shares that were asked for, if any; InvalidInput."""
    try:
        return shares_of(given) if given else ()
    except ValueError as error:
        raise InvalidInput(f"--on-time-share must be {error} (got {', '.join(map(str, given))})") from None


def upload(store: ObjectStore, file: Path) -> str:
    """Upload a local file into the batch bucket; its address."""
    if format_of(file.name) is None:
        raise InvalidAddress(str(file), f"a file ending in {', '.join(ENDINGS)}")
    if not file.is_file():
        raise InvalidInput(f"there is no file {file}")
    address = ObjectAddress(store.bucket, f"uploads/{uuid4()}/{file.name}")
    console = Console(stderr=True)
    columns = (*Progress.get_default_columns(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        bar = progress.add_task("upload", total=file.stat().st_size)
        store.upload(address, file, lambda sent: progress.advance(bar, sent))
    return str(address)
