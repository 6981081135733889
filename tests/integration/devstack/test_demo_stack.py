"""The demo without the stack that it should run in."""

import os
import subprocess
import sys
from pathlib import Path


def test_a_demo_in_containers_without_docker_says_so_in_one_line(tmp_path: Path) -> None:
    environment = {**os.environ, "STACK": "compose", "PATH": str(tmp_path)}
    done = subprocess.run([sys.executable, "-m", "devstack.demo"], env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == "demo: STACK=compose needs Docker, and there is no `docker` here\n"
