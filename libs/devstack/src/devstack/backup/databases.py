"""Databases as streams, written and read by Postgres' own programs."""

import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from tempfile import TemporaryFile
from typing import IO

from common.errors import first_line
from devstack.backup.archive import Readable
from devstack.errors import StackError
from devstack.servers import postgres
from devstack.stack import Stack

PLAIN = ("--no-owner", "--no-privileges")
"""Whoever restores owns it, and what others may is granted by the migrations."""

LOCK_WAIT_MS = 60_000
"""How long a dump waits for a table that a migration holds."""


@contextmanager
def dumped(stack: Stack, database: str) -> Iterator[Readable]:
    """A database as it is at one moment, by pg_dump. StackError if that fails."""
    options = ("--format=custom", "--compress=none", f"--lock-wait-timeout={LOCK_WAIT_MS}", *PLAIN)
    with _running(stack, "pg_dump", *options, database) as program:
        assert program.stdout is not None  # noqa: S101 (a pipe)
        yield program.stdout


def load(stack: Stack, database: str, dump: Iterable[bytes]) -> None:
    """Make a database anew from its dump, all of it in one transaction. StackError if that fails."""
    postgres.make_anew(stack, database)
    options = ("--single-transaction", "--exit-on-error", f"--role={database}", *PLAIN)
    with _running(stack, "pg_restore", *options, f"--dbname={database}") as program:
        assert program.stdin is not None  # noqa: S101 (a pipe)
        for block in dump:
            program.stdin.write(block)
        program.stdin.close()


@contextmanager
def _running(stack: Stack, name: str, *arguments: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A program of Postgres; the block reads or writes what it needs. StackError with what it said if it fails."""
    with TemporaryFile() as said:
        program = subprocess.Popen(
            [str(postgres.programs() / name), *arguments],
            env=postgres.client_environment(stack),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
        )
        try:
            yield program
        except BrokenPipeError:
            pass  # it has ended, and said why
        except BaseException:
            program.kill()
            raise
        finally:
            _close(program.stdin)
            _close(program.stdout)
            code = program.wait()
        if code:
            said.seek(0)
            raise StackError(f"{name} failed: {first_line(said.read().decode(errors='replace'))}")


def _close(pipe: IO[bytes] | None) -> None:
    if pipe:
        with suppress(BrokenPipeError):
            pipe.close()
