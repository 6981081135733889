"""Submit a job from the command line."""

from pathlib import Path
from uuid import UUID, uuid4

from rich.console import Console
from rich.progress import DownloadColumn, Progress, TransferSpeedColumn

from common.batch import jobs
from common.batch.inputs import FORMATS, format_of
from common.database.session import transaction
from common.errors import InvalidAddress, InvalidInput
from common.servers.objects import ObjectAddress, s3, store_errors
from common.servers.queue import wake
from common.settings import ObjectStoreSettings, load


def submit(input_uri: str, output_uri: str | None) -> UUID:
    """Write the job's row and wake the workers; the job's id. Raises what common.batch.jobs.submit raises."""
    with transaction() as session:
        job, _ = jobs.submit(session, input_uri, output_uri)
    wake(job.id)
    return job.id


def upload(file: Path) -> str:
    """Upload a local file into the batch bucket; its address."""
    if format_of(file.name) is None:
        raise InvalidAddress(str(file), f"a file ending in {', '.join(FORMATS)}")
    if not file.is_file():
        raise InvalidInput(f"there is no file {file}")
    address = ObjectAddress(load(ObjectStoreSettings).bucket, f"uploads/{uuid4()}/{file.name}")
    console = Console(stderr=True)
    columns = (*Progress.get_default_columns(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress, store_errors(address):
        bar = progress.add_task("upload", total=file.stat().st_size)
        s3().upload_file(str(file), address.bucket, address.key, Callback=lambda sent: progress.advance(bar, sent))
    return str(address)
