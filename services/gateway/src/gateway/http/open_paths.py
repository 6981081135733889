"""Paths that ask for no key and make no trace: health, metrics, documentation."""

HEALTH_PATHS = frozenset({"/livez", "/readyz"})
OPEN_PATHS = HEALTH_PATHS | {"/", "/metrics", "/docs", "/openapi.json"}
OPEN_FOLDER = "/docs/"


def is_open(path: str) -> bool:
    """Whether a path is one of them."""
    return path in OPEN_PATHS or path.startswith(OPEN_FOLDER)
