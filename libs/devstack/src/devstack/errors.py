"""What can go wrong with the embedded stack; each message is one line that names the way out.

StackError
├── NotSetUp
├── PortTaken
├── CannotRun
├── DidNotStart
├── BackupUnderWay
├── DamagedBackup
├── OtherRelease
├── NotEmpty
└── HalfRestored
"""

from pathlib import Path

from common.errors import DeliveryTimeError, first_line


class StackError(DeliveryTimeError):
    title = "Stack error"


class NotSetUp(StackError):
    def __init__(self, directory: Path) -> None:
        super().__init__(f"there is no stack in {directory}: run `make up` first (or set STACK_DIR to its folder)")


class PortTaken(StackError):
    def __init__(self, port: int, role: str, variable: str | None) -> None:
        way_out = f"set {variable} to another" if variable else "end what uses it, or run `devstack up` again"
        super().__init__(f"port {port} is taken ({role}): {way_out}")


class CannotRun(StackError):
    """A server's program is missing or may not be run here."""


class DidNotStart(StackError):
    def __init__(self, name: str, cause: str, last_line: str, log: Path) -> None:
        said = f"; it said last: {last_line}" if last_line else ""
        super().__init__(f"{name} did not start: {cause}{said} (log: {log})")


class BackupUnderWay(StackError):
    def __init__(self, file: Path) -> None:
        super().__init__(f"another process is just writing {file}: wait for its end, or name another file")


class DamagedBackup(StackError):
    def __init__(self, file: Path, cause: object) -> None:
        super().__init__(
            f"{file} is no whole backup ({first_line(cause)}): nothing was touched by it; take another one"
        )


class OtherRelease(StackError):
    def __init__(self, file: Path, made_by: str, present: str) -> None:
        super().__init__(
            f"{file} was made by release {made_by}, whose tables or format this one ({present}) does not know: "
            "restore it with that release or a later one"
        )


class NotEmpty(StackError):
    def __init__(self, directory: Path, what: str) -> None:
        super().__init__(
            f"the stack in {directory} is not empty (it has {what}): set STACK_DIR to a new folder, or say --replace, "
            "and all that it has is lost"
        )


class HalfRestored(StackError):
    def __init__(self, directory: Path) -> None:
        super().__init__(f"a restore into {directory} was cut off: run `devstack restore FILE` again")
