"""Running a server that refuses to be root."""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from devstack.errors import CannotRun

NAMESPACE = ("unshare", "--user", "--map-user=1000", "--map-group=1000")


@dataclass(frozen=True)
class Account:
    """How to run without privileges: a command prefix, or another user's id (None: the present user)."""

    prefix: tuple[str, ...] = ()
    user: int | None = None

    def own(self, *paths: Path) -> None:
        """Make the account the owner of files and of folders with all that they hold. Only root can, and needs to."""
        if os.geteuid() != 0:
            return
        owner = self.user or 0
        for path in paths:
            if path.exists() and path.stat().st_uid != owner:
                for each in (path, *path.rglob("*")):
                    os.chown(each, owner, -1, follow_symlinks=False)


def account(*used: Path) -> Account:
    """An account that is not root and can reach the folders `used`; CannotRun if there is none.

    Root enters a user namespace, where it keeps the access of its files' owner but is user 1000 to the server. Where
    the kernel forbids that (some containers), the user nobody serves, if every parent folder lets others through.
    """
    if os.geteuid() != 0:
        return Account()
    if _namespaces_work():
        return Account(prefix=NAMESPACE)
    for path in used:
        for folder in (path, *path.parents):
            if folder.exists() and not folder.stat().st_mode & 0o001:
                raise CannotRun(
                    f"postgres refuses to run as root, and {folder} is closed to other users: "
                    "run as an ordinary user, or set STACK_DIR to a folder whose parents are open (mode 755)"
                )
    return Account(user=pwd.getpwnam("nobody").pw_uid)


def _namespaces_work() -> bool:
    if shutil.which(NAMESPACE[0]) is None:
        return False
    return subprocess.run([*NAMESPACE, "true"], capture_output=True).returncode == 0
