"""The Prefect flow is an extra: who does not have it is told how to get it."""

import subprocess
import sys


def test_without_prefect_one_line_says_what_to_install() -> None:
    hidden = "import sys; sys.modules['prefect'] = None; sys.argv = ['trainer', 'flow']"
    done = subprocess.run(
        [sys.executable, "-c", f"{hidden}; from trainer.cli import main; main()"], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "delivery-time-trainer[flow]" in done.stderr
