"""What an image gives its containers, read off its Dockerfile."""

import json
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Image:
    """The configuration of an image: that of its stage, on a base that has a PATH."""

    environment: dict[str, str]
    entrypoint: list[str]
    command: list[str]
    folder: str

    @classmethod
    def of(cls, name: str) -> "Image":
        """By its name, whatever registry and tag stand around it."""
        short = name.rpartition("/")[2].partition(":")[0]
        (path,) = [*ROOT.glob(f"services/{short}/Dockerfile"), *ROOT.glob(f"deploy/{short}/Dockerfile")]
        text = path.read_text().replace("\\\n", " ")
        stage = re.split(r"^FROM .*\n", text.partition(f" AS {short}\n")[2], flags=re.M)[0]
        given = dict(re.findall(r"^(ENTRYPOINT|CMD|WORKDIR) (.*)$", stage, re.M))
        variables = [part for line in re.findall(r"^ENV (.*)$", stage, re.M) for part in shlex.split(line)]
        return cls(
            {name: value.replace("$PATH", PATH) for name, _, value in (each.partition("=") for each in variables)},
            json.loads(given.get("ENTRYPOINT", "[]")),
            json.loads(given.get("CMD", "[]")),
            given.get("WORKDIR", "/"),
        )
