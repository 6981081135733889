"""Our command lines, called in this process: to start one costs seconds of imports."""

import logging
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from subprocess import CompletedProcess
from unittest.mock import patch


def called(
    main: Callable[[], None], *arguments: str, environment: Mapping[str, str] | None = None, folder: Path | None = None
) -> CompletedProcess[str]:
    """What a command prints, and its exit code. environment: further variables. folder: where it is called."""
    out, err = StringIO(), StringIO()
    with (
        patch.dict(os.environ, environment or {}),
        patch.object(sys, "argv", [main.__module__, *arguments]),
        chdir(folder or Path.cwd()),
        fresh_logging(),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        code = _ended(main)
    return CompletedProcess(arguments, code, out.getvalue(), err.getvalue())


def _ended(main: Callable[[], None]) -> int:
    try:
        main()
    except SystemExit as ended:
        if isinstance(ended.code, str):
            print(ended.code, file=sys.stderr)
            return 1
        return ended.code or 0
    return 0


@contextmanager
def fresh_logging() -> Iterator[None]:
    """The root logger as a new process has it, and as it was after the block, whatever the block configures."""
    handlers, level = logging.root.handlers[:], logging.root.level
    logging.root.handlers[:] = []
    try:
        yield
    finally:
        logging.root.handlers[:] = handlers
        logging.root.setLevel(level)
