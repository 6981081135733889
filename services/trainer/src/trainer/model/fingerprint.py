"""Which data a model was made from."""

import hashlib
from pathlib import Path


def fingerprint(data_dir: Path) -> str:
    """sha256 of the prepared orders."""
    with (data_dir / "prepared" / "orders.parquet").open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
