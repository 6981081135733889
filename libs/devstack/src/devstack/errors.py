"""What can go wrong with the embedded stack; each message is one line that names the way out.

StackError
├── NotSetUp
├── PortTaken
├── CannotRun
└── DidNotStart
"""

from pathlib import Path

from common.errors import DeliveryTimeError


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
