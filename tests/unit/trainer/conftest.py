"""One folder per test."""

from pathlib import Path

import pytest

from support.shop_files import ShopFolder


@pytest.fixture
def made(tmp_path: Path) -> ShopFolder:
    """A folder for a shop file and its orders."""
    return ShopFolder(tmp_path)
