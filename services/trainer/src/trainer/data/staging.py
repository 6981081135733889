"""Folders that appear whole or not at all."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp

ABANDONED_SECONDS = 86_400.0
"""What was last written to so long ago is nobody's any more: whoever began it was killed."""


@contextmanager
def staged_folder(target: Path) -> Iterator[Path]:
    """A new folder beside the target, which takes the target's place when the block ends well, else disappears.

    Folders above it are made if need be, and disappear with it.
    """
    made = [folder for folder in target.parents if not folder.exists()]
    target.parent.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(target)
    staging = Path(mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    staging.chmod(0o755)
    try:
        yield staging
        replace_folder(staging, target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        for folder in made:
            with suppress(OSError):  # it holds the target
                folder.rmdir()


def replace_folder(staging: Path, target: Path) -> None:
    """Rename the folder to the target's name; what was there is removed afterwards."""
    if not target.exists():
        staging.rename(target)
        return
    old = Path(mkdtemp(prefix=f".{target.name}-old-", dir=target.parent))
    target.rename(old / "folder")
    staging.rename(target)
    shutil.rmtree(old)


def _remove_abandoned(target: Path) -> None:
    """Delete what those left behind who were killed."""
    for left in target.parent.glob(f".{target.name}-*"):
        with suppress(OSError):  # another one deletes it
            if left.stat().st_mtime < time.time() - ABANDONED_SECONDS:
                shutil.rmtree(left)
