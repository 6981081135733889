"""Which release of the product this is; every member of the workspace has the same version."""

from functools import cache
from importlib.metadata import version


@cache
def release() -> str:
    """As in CHANGELOG.md, e.g. `0.1.0`."""
    return version("delivery-time-common")
