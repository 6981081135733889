"""`devstack`: the embedded stack from the command line."""

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

from common.command_line import versioned
from common.errors import DeliveryTimeError
from common.settings import load
from devstack.backup.running import refuse_half_restored
from devstack.environment import stack_environment
from devstack.errors import NotSetUp, StackError
from devstack.settings import StackSettings
from devstack.stack import Stack
from devstack.supervision import control, state
from devstack.supervision.logfiles import follow, tail
from devstack.supervision.state import HEALTHY, StackState
from devstack.table import duration, megabytes, table

Command: TypeAlias = Callable[[Stack, argparse.Namespace], int]


def main() -> None:
    """Run one command; exit 1 with one clear line when it cannot be done."""
    arguments = versioned(_parser()).parse_args()
    command: Command = arguments.command
    try:
        sys.exit(command(Stack(load(StackSettings)), arguments))
    except (DeliveryTimeError, OSError) as error:
        sys.exit(f"devstack: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="devstack", description=__doc__.partition("\n")[0])
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    up = commands.add_parser("up", help="start all servers and services and wait until they are healthy")
    up.add_argument("names", nargs="*", metavar="NAME", help="only these and what they need, e.g. mlflow")
    up.set_defaults(command=_up)
    commands.add_parser("down", help="stop everything, keep the data").set_defaults(command=_down)
    commands.add_parser("status", help="one line a process; exit code 1 unless all are healthy").set_defaults(
        command=_status
    )
    logs = commands.add_parser("logs", help="the newest log lines")
    logs.add_argument("name", nargs="?", help="of this process only")
    logs.add_argument("-f", "--follow", action="store_true", help="go on until interrupted")
    logs.set_defaults(command=_logs)
    run = commands.add_parser("run", help="run a command with the stack's variables: devstack run -- COMMAND")
    run.add_argument("argv", nargs=argparse.REMAINDER, metavar="-- COMMAND")
    run.set_defaults(command=_run)
    backup = commands.add_parser("backup", help="everything of the stack in one file, taken while it runs")
    backup.add_argument("file", type=Path, metavar="FILE", help="appears when it is whole, e.g. backup.tar.zst")
    backup.add_argument("--with-secrets", action="store_true", help="the stack's passwords and keys too")
    backup.set_defaults(command=_backup)
    back = commands.add_parser("restore", help="make a stack that is down and empty what it was at a backup")
    back.add_argument("file", type=Path, metavar="FILE", help="what `devstack backup` wrote")
    back.add_argument("--replace", action="store_true", help="a stack that is not empty: all that it has is lost")
    back.set_defaults(command=_restore)
    return parser


def _up(stack: Stack, arguments: argparse.Namespace) -> int:
    refuse_half_restored(stack)
    found = state.observe(stack.state_file)
    if found and found.alive and found.phase == "up":
        _require_running(found, arguments.names)
        say(f"the stack in {stack.directory} is already up")
        say(_addresses(found))
        return 0
    say(f"starting the stack in {stack.directory}")
    begin = time.monotonic()
    now = control.bring_up(stack, arguments.names, say)
    say(f"up after {time.monotonic() - begin:.1f} s")
    say(_addresses(now))
    return 0


def _require_running(found: StackState, names: Sequence[str]) -> None:
    missing = set(names) - {process.name for process in found.processes}
    if missing or (found.partial and not names):
        what = ", ".join(sorted(missing)) or "all of its processes"
        raise StackError(f"the stack is up, but without {what}: run `devstack down` first, then up again")


def _down(stack: Stack, _arguments: argparse.Namespace) -> int:
    if count := control.take_down(stack):
        say(f"the stack in {stack.directory} is down, {count} processes ended; its data stay there")
    else:
        say(f"the stack in {stack.directory} was not up")
    return 0


def _status(stack: Stack, _arguments: argparse.Namespace) -> int:
    found = state.observe(stack.state_file)
    if found is None:
        say(f"the stack in {stack.directory} is down: `make up` starts it")
        return 1
    header = ("process", "state", "pid", "uptime", "restarts", "address", "last restarted because")
    rows = [
        (
            process.name,
            process.condition,
            str(process.pid or "-"),
            duration(time.time() - process.ready_at) if process.ready_at else "-",
            str(process.restarts),
            process.address or "-",
            process.detail,
        )
        for process in found.processes
    ]
    say(table(header, rows))
    if not found.alive:
        say("the supervisor is dead, so nothing is restarted: `make up` puts everything right")
        return 1
    return 0 if all(process.condition in HEALTHY for process in found.processes) else 1


def _logs(stack: Stack, arguments: argparse.Namespace) -> int:
    if not stack.logs.exists():
        raise NotSetUp(stack.directory)
    logs = {path.stem: path for path in sorted(stack.logs.glob("*.log"))}
    if arguments.name and arguments.name not in logs:
        raise StackError(f"there is no log of {arguments.name!r}: choose from {', '.join(logs)}")
    if arguments.name:
        logs = {arguments.name: logs[arguments.name]}
    for name, path in logs.items():
        for line in tail(path, 50 if arguments.name else 10):
            say(f"{name:<10} | {line}")
    if arguments.follow:
        follow(logs)
    return 0


def _run(stack: Stack, arguments: argparse.Namespace) -> int:
    argv = arguments.argv[1:] if arguments.argv[:1] == ["--"] else arguments.argv
    if not argv:
        raise StackError("say what to run: devstack run -- COMMAND [ARGUMENT...]")
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    environment = {**os.environ, "PATH": programs, **stack_environment(stack)}
    try:
        os.execvpe(argv[0], argv, environment)  # noqa: S606  # the user's own command, replacing this process
    except OSError as error:
        raise StackError(f"{argv[0]} cannot be run: {error.strerror}") from error


def _backup(stack: Stack, arguments: argparse.Namespace) -> int:
    from devstack.backup.take import take  # the other commands start without Alembic

    begin = time.monotonic()
    take(stack, arguments.file, arguments.with_secrets, say)
    size = megabytes(arguments.file.stat().st_size)
    say(f"{arguments.file} holds the stack in {stack.directory}: {size}, after {time.monotonic() - begin:.1f} s")
    return 0


def _restore(stack: Stack, arguments: argparse.Namespace) -> int:
    from devstack.backup.restore import restore

    begin = time.monotonic()
    restore(stack, arguments.file, arguments.replace, say)
    say(f"restored into {stack.directory} after {time.monotonic() - begin:.1f} s: `make up` starts it")
    return 0


def _addresses(found: StackState) -> str:
    return table(("process", "address"), [(each.name, each.address) for each in found.processes if each.address])


def say(line: str) -> None:
    """One line to the user, at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
