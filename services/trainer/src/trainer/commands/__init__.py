"""What `trainer` can do: each module adds its commands to the command line.

A command is a function of the parsed arguments that imports what it needs when it runs, so that `--help` and the
light commands do not wait for CatBoost and MLflow.
"""

import argparse
from typing import TypeAlias

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
