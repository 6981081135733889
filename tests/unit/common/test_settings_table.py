"""The page of all settings is the one that the code makes."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_the_table_of_settings_is_made_from_the_code_as_it_is() -> None:
    program = "import settings_table; print(settings_table.document(), end='')"
    made = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT / "tools", capture_output=True, text=True, check=True
    )
    assert made.stdout == (ROOT / "docs/settings.md").read_text(), "run `make docs`"
