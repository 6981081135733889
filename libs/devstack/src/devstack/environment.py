"""How a command finds the stack: the variables in the stack's env file."""

import shlex

from devstack.errors import NotSetUp
from devstack.settings import StackSettings
from devstack.stack import Stack


def stack_environment(stack: Stack | None = None) -> dict[str, str]:
    """The variables of the stack in STACK_DIR, by name; NotSetUp if it was never brought up."""
    stack = stack or Stack(StackSettings())
    if not stack.env_file.exists():
        raise NotSetUp(stack.directory)
    pairs = (line.partition("=") for line in stack.env_file.read_text().splitlines())
    return {name: "".join(shlex.split(value)) for name, _, value in pairs}
