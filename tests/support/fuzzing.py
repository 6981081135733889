"""How many examples `make fuzz` makes up, and how."""

import os

from hypothesis import HealthCheck, settings
from hypothesis.database import InMemoryExampleDatabase

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "10000"))


def made_up(examples: int = EXAMPLES) -> settings:
    """Settings of a test with so many examples."""
    return settings(
        max_examples=examples,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=InMemoryExampleDatabase(),
        print_blob=True,
    )
