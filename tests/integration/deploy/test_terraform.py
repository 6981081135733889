"""The Terraform files parse, and name nothing that they do not declare. Never planned or applied here."""

import json
import re
from pathlib import Path
from typing import Any

import hcl2
import pytest

FOLDER = Path(__file__).parents[3] / "deploy/terraform"
FILES = {path.stem: path for path in sorted(FOLDER.glob("*.tf"))}


def parsed(name: str) -> dict[str, Any]:
    with FILES[name].open() as file:
        return dict(hcl2.load(file))


def declared(kind: str) -> set[str]:
    """`type.name` of every block of a kind, or `name` of the blocks with one label."""
    found = set()
    for name in FILES:
        for block in parsed(name).get(kind, []):
            for first, body in block.items():
                label = first.strip('"')
                if kind in ("resource", "data"):
                    found |= {f"{label}.{second.strip(chr(34))}" for second in body}
                else:
                    found.add(label)
    return found


TEXT = "\n".join(re.sub(r"#.*", "", path.read_text()) for path in FILES.values())


@pytest.mark.parametrize("name", FILES)
def test_a_file_parses(name: str) -> None:
    assert parsed(name)


def test_every_variable_is_declared_described_and_used() -> None:
    used = set(re.findall(r"\bvar\.(\w+)", TEXT))
    assert used == declared("variable")
    assert TEXT.count("description = ") >= len(used)


def test_every_resource_that_is_named_is_declared() -> None:
    named = set(re.findall(r"(?<![\w.\"])((?:aws|random)_\w+\.\w+)", TEXT))
    assert named <= declared("resource") | {name.removeprefix("data.") for name in declared("data")}
    assert set(re.findall(r"\bdata\.(\w+\.\w+)", TEXT)) <= declared("data")


def test_a_role_may_touch_the_objects_of_one_bucket_and_nothing_else() -> None:
    roles = FILES["roles"].read_text()
    actions = set(re.findall(r'"(\w+:\w+)"', roles))
    assert {action for action in actions if not action.startswith("s3:")} == {"sts:AssumeRoleWithWebIdentity"}
    assert '"*"' not in roles
    assert "s3:*" not in roles


def test_stores_are_private_and_encrypted() -> None:
    servers, storage = (json.dumps(parsed(name)) for name in ("servers", "storage"))
    for wanted in ('"publicly_accessible": false', '"storage_encrypted": true', '"transit_encryption_enabled": true'):
        assert wanted in servers
    assert storage.count('"restrict_public_buckets": true') == 1
    assert "aws:SecureTransport" in storage
