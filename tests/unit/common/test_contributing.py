"""What CONTRIBUTING.md names is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "CONTRIBUTING.md").read_text()
FOLDERS = {"common": "libs/common/src/common"} | {
    name: f"services/{name}/src/{name}" for name in ("gateway", "scorer", "trainer", "monitor", "console")
}


@pytest.mark.parametrize("named", sorted(set(re.findall(r"`(?:…/)?([\w-]+/[\w./-]+)`", PAGE))))
def test_every_path_is_there(named: str) -> None:
    first, _, rest = named.partition("/")
    places = [ROOT / named, ROOT / FOLDERS.get(first, first) / rest]
    assert any(place.exists() for place in places), named


def test_every_target_is_in_the_makefile() -> None:
    targets = set(re.findall(r"^([a-z-]+)[a-z -]*:", (ROOT / "Makefile").read_text(), re.MULTILINE))
    every = set(re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE))
    known = targets | {name for line in every for name in line.split()}
    assert set(re.findall(r"make ([a-z-]+)", PAGE)) <= known
