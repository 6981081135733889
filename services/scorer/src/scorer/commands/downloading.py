"""A job's result as a file, or a data set's as a folder, of this machine."""

from collections.abc import Iterable
from pathlib import Path
from uuid import UUID

from rich.console import Console
from rich.progress import DownloadColumn, Progress, TransferSpeedColumn

from common.batch.jobs import BatchJobs
from common.errors import InvalidInput
from common.servers.objects import ObjectStore, StoredObject


def download(jobs: BatchJobs, store: ObjectStore, job_id: UUID, to: Path | None) -> Path:
    """Fetch the result of a job that succeeded; where it is now. None of its files is ever there in part.

    to: the file, which is replaced, or the folder of a data set; inside it, if it is a folder that exists. None: the
    working folder.
    JobNotFound, JobStateConflict, InvalidInput, the store's errors.
    """
    jobs.result_address(job_id)  # refuses a job that has none
    output = store.address(jobs.get(job_id).output_uri)
    target = to or Path()
    if target.is_dir():
        target /= output.key.rstrip("/").rpartition("/")[2]
        if target.exists():  # a result has its input's name, and may be fetched beside it
            raise InvalidInput(f"{target} is there already: name the file with --to")
    if output.is_prefix:
        if target.is_file():
            raise InvalidInput(f"{target} is a file: the result is a data set of several, name a folder")
        found = [each for each in store.objects_under(output) if not each.address.is_prefix]
        _fetch(store, [(each, _inside(target, each.address.key.removeprefix(output.key))) for each in found])
    else:
        _fetch(store, [(store.stat(output), target)])
    return target


def _inside(folder: Path, name: str) -> Path:
    """Where an object of a data set goes; a key may be called `../x`, which is no place in the folder."""
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise InvalidInput(f"{name!r} would be written outside {folder}: fetch it by its address")
    return path


def _fetch(store: ObjectStore, wanted: Iterable[tuple[StoredObject, Path]]) -> None:
    console, wanted = Console(stderr=True), list(wanted)
    columns = (*Progress.get_default_columns(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        bar = progress.add_task("download", total=sum(found.size for found, _ in wanted))
        for found, path in wanted:
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_name(f"{path.name}.part")
            try:
                with part.open("wb") as file:
                    for block in store.stream(found.address, found.etag):
                        file.write(block)
                        progress.advance(bar, len(block))
                part.replace(path)
            finally:
                part.unlink(missing_ok=True)
