"""Code of earlier commits, out of git, run with the present environment's packages."""

import io
import os
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
COMMIT = "d006984"
"""Of the release before; there is no tag yet."""


@dataclass(frozen=True)
class FormerRelease:
    """A checkout."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """By which Python finds its packages and the tests' support before the installed ones."""
        sources = [*self.folder.glob("libs/*/src"), *self.folder.glob("services/*/src"), self.folder / "tests"]
        return {"PYTHONPATH": os.pathsep.join(map(str, sources))}

    def run(self, *arguments: str, environment: dict[str, str]) -> str:
        """What Python prints, called so in its code; AssertionError with what it said if that fails."""
        done = subprocess.run(
            [sys.executable, *arguments],
            env=os.environ | environment | self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, f"{arguments}\n{done.stdout}\n{done.stderr}"
        return done.stdout


def checked_out(commit: str, folder: Path) -> FormerRelease | None:
    """The code of a commit in a folder; None if this clone has not got it."""
    archive = ["git", "-C", str(ROOT), "archive", commit, "libs", "services", "tests"]
    packed = subprocess.run(archive, capture_output=True)
    if packed.returncode:
        return None
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as tar:
        tar.extractall(folder, filter="data")
    return FormerRelease(folder)


def former_release(folder: Path) -> FormerRelease:
    """The release before in a folder; the test is skipped, and says so, in a clone that has not got it."""
    release = checked_out(COMMIT, folder)
    if release is None:
        pytest.skip(f"NO UPGRADE TEST RAN: this clone has no commit {COMMIT} (git fetch --unshallow)")
    return release
