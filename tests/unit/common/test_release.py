"""One version: of every member, every command line and the list of changes."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from common.release import release

ROOT = Path(__file__).parents[3]
PROGRAMS = ("gateway", "scorer", "monitor", "trainer", "console", "devstack")


def test_every_member_has_the_version_of_the_release() -> None:
    found = {path: tomllib.loads(path.read_text())["project"]["version"] for path in ROOT.glob("*/*/pyproject.toml")}
    assert len(found) >= len(PROGRAMS)
    assert set(found.values()) == {release()}


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_command_line_says_which_release_it_is(program: str) -> None:
    asked = [Path(sys.executable).parent / program, "--version"]
    assert subprocess.run(asked, capture_output=True, text=True).stdout == f"{program} {release()}\n"


def test_the_newest_changes_come_first() -> None:
    headings = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(), re.M)
    assert headings[0] == "Not released yet"
    assert headings[1:] == sorted(headings[1:], reverse=True)
