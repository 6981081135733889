"""`download-data`: the nine files from OLIST_DIR, else from Kaggle, else made up."""

from pathlib import Path

from rich.console import Console
from rich.panel import Panel

from common.settings import ModeSettings
from trainer.data.settings import DataSettings
from trainer.data.staging import staged_folder
from trainer.data.synthetic.generate import Wanted, synthesize
from trainer.sources.made_up import is_synthetic
from trainer.sources.olist.check import missing_files_and_columns
from trainer.sources.olist.errors import UnusableData
from trainer.sources.olist.kaggle import KaggleUnreachable, fetch


def download(settings: DataSettings, mode: ModeSettings, console: Console) -> Path:
    """The folder with the nine files, said on the console where they are from.

    A folder of the caller's is used in place; a complete one from an earlier run is used again. UnusableData when
    either lacks a file or a column. KaggleUnreachable outside local mode: made-up orders teach no model for customers.
    """
    if settings.olist_dir is not None:
        _require_complete(settings.olist_dir)
        console.print(f"data set: {settings.olist_dir} (OLIST_DIR), used in place", soft_wrap=True)
        return settings.olist_dir
    target = settings.downloaded
    if target.is_dir() and any(target.iterdir()):
        _require_complete(target)
        made_up = " (MADE UP)" if is_synthetic(target) else ""
        console.print(f"data set: {target}, complete from an earlier run{made_up}", soft_wrap=True)
        return target
    try:
        with console.status("downloading from Kaggle"), staged_folder(target) as staging:
            fetch(staging)
            _require_complete(staging)
        console.print(f"data set: {target}, from Kaggle", soft_wrap=True)
    except KaggleUnreachable as error:
        if mode.mode != "local":
            raise
        _make_up(target, error, console)
    return target


def _require_complete(folder: Path) -> None:
    problems = missing_files_and_columns(folder)
    if problems:
        raise UnusableData(folder, problems)


def _make_up(target: Path, reason: KaggleUnreachable, console: Console) -> None:
    wanted = Wanted()
    warning = (
        f"{reason}.\n\nUsing {wanted.orders:,} MADE-UP orders from the built-in generator instead. They have the "
        "files, formats and rough statistics of Olist's. No figure computed from them says anything about a real shop."
    )
    console.print(Panel(warning, title="SYNTHETIC DATA", style="bold yellow", width=min(console.width, 100)))
    synthesize(wanted, target)
    console.print(f"data set: {target} (MADE UP); remove the folder to try Kaggle again", soft_wrap=True)
