"""Where the objects of a result are written."""

from pathlib import Path

import pytest

from common.errors import InvalidInput
from scorer.commands.downloading import _inside


def test_no_object_is_written_outside_the_folder(tmp_path: Path) -> None:
    assert _inside(tmp_path, "a/b.csv") == tmp_path / "a" / "b.csv"
    for name in ("../x.csv", "a/../../x.csv", "/etc/x.csv"):
        with pytest.raises(InvalidInput, match="outside"):
            _inside(tmp_path, name)
