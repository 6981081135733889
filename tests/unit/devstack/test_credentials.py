import json
import stat
from dataclasses import asdict
from pathlib import Path

from devstack.credentials import Credentials, load_or_create, write_private


def test_secrets_are_made_once_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "credentials.json"
    assert load_or_create(path) == load_or_create(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_no_two_secrets_and_no_two_stacks_are_alike() -> None:
    one, two = asdict(Credentials()), asdict(Credentials())
    assert len({*one.values(), *two.values()}) == 2 * len(one)
    assert all(len(secret) >= 20 for secret in one.values())


def test_secrets_do_not_show_when_an_object_is_printed() -> None:
    made = Credentials()
    assert not any(secret in repr(made) for secret in asdict(made).values())


def test_a_private_file_replaces_an_open_one_and_becomes_private(tmp_path: Path) -> None:
    path = tmp_path / "env"
    path.write_text("old")
    path.chmod(0o644)
    write_private(path, "new")
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_secrets_of_an_older_stack_are_kept_and_the_new_ones_made_once(tmp_path: Path) -> None:
    path = tmp_path / "credentials.json"
    old = {"queue_password": "s3cret", "access_key": "also"}
    path.write_text(json.dumps(old))
    first = load_or_create(path)
    assert (first.queue_password, first.access_key) == ("s3cret", "also")
    assert load_or_create(path) == first
