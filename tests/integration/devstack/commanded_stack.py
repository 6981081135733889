"""A stack driven as a user drives it: by the command."""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from devstack import cli, leftovers
from devstack.environment import stack_environment
from devstack.stack import Stack
from devstack.supervision import state
from devstack.supervision.state import ProcessState, StackState
from support.command_lines import called
from support.stack_fixtures import free_settings

SERVERS = ("postgres", "valkey", "seaweedfs")


@dataclass(frozen=True)
class Commanded:
    """A stack in its own folder and on its own ports; `prefix` stands before each command."""

    stack: Stack
    prefix: Sequence[str] = ()

    def devstack(self, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        """A finished command, called in this process unless it starts others or is another user's."""
        settings = self.stack.settings.model_dump()
        env = {name.upper(): str(value) for name, value in settings.items()} | variables
        if arguments[0] in ("status", "logs", "down", "backup") and not self.prefix:
            return called(cli.main, *arguments, environment=env)
        command = [*self.prefix, sys.executable, "-m", "devstack.cli", *arguments]
        return subprocess.run(command, env=os.environ | env, capture_output=True, text=True, timeout=120)

    def up(self, *names: str) -> None:
        done = self.devstack("up", *names)
        assert done.returncode == 0, done.stdout + done.stderr

    @property
    def environment(self) -> dict[str, str]:
        return stack_environment(self.stack)

    def state(self) -> StackState:
        found = state.observe(self.stack.state_file)
        assert found is not None
        return found

    def process(self, name: str) -> ProcessState:
        return next(process for process in self.state().processes if process.name == name)

    def living(self) -> list[psutil.Process]:
        return leftovers.find(self.stack.directory)


def commanded(directory: Path, prefix: Sequence[str] = ()) -> Commanded:
    return Commanded(Stack(free_settings(directory)), prefix)
