"""A backup's file is whole, or there is none; a damaged one is refused."""

import fcntl
import io
from pathlib import Path

import pytest

from devstack.backup import archive
from devstack.backup.archive import new_archive, read_parts
from devstack.errors import BackupUnderWay, DamagedBackup

FACTS = {"key": "ärger/../ \n", "parts": [1, 2]}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "backup.tar.zst"
    with new_archive(path) as backup:
        backup.put("about.json", b"{}")
        backup.copy("objects/one", FACTS, 5, io.BytesIO(b"bytes"))
        backup.copy("objects/none", {"key": "none"}, 0, io.BytesIO())
        backup.pour("postgres/database", io.BytesIO(bytes(range(256)) * 40))
    return path


def content(path: Path) -> list[tuple[str, object, bytes]]:
    return [(part.name, part.facts, part.read()) for part in read_parts(path)]


def test_it_gives_back_what_was_written(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert content(file) == [
        ("about.json", {}, b"{}"),
        ("objects/one", FACTS, b"bytes"),
        ("objects/none", {"key": "none"}, b""),
        ("postgres/database/00000", {}, bytes(range(256)) * 40),
    ]
    assert file.stat().st_mode & 0o077 == 0


def test_what_has_no_known_length_is_kept_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "PIECE_BYTES", 4)
    with new_archive(tmp_path / "it") as backup:
        assert backup.pour("stream", io.BytesIO(b"0123456789")) == 10
        assert backup.pour("empty", io.BytesIO()) == 0
    assert [(name, body) for name, _, body in content(tmp_path / "it")] == [
        ("stream/00000", b"0123"),
        ("stream/00001", b"4567"),
        ("stream/00002", b"89"),
    ]


def test_a_file_that_is_cut_off_is_refused(file: Path, tmp_path: Path) -> None:
    whole, cut = file.read_bytes(), tmp_path / "cut"
    for size in (0, 1, *range(20, len(whole) - 20, 17)):
        cut.write_bytes(whole[:size])
        with pytest.raises(DamagedBackup):
            content(cut)


def test_a_file_with_a_byte_changed_is_refused_or_gives_back_the_same(file: Path, tmp_path: Path) -> None:
    whole, changed, expected = file.read_bytes(), tmp_path / "changed", content(file)
    places = range(3, len(whole), 17)
    refused = 0
    for place in places:
        changed.write_bytes(whole[:place] + bytes([whole[place] ^ 0x10]) + whole[place + 1 :])
        try:
            assert content(changed) == expected
        except DamagedBackup:
            refused += 1
    assert refused > 0.9 * len(places)


def test_another_file_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "orders.csv"
    other.write_text("order_id\n1\n")
    with pytest.raises(DamagedBackup, match=r"orders\.csv is no whole backup"):
        content(other)


def test_a_backup_that_fails_leaves_the_one_before_it(file: Path) -> None:
    before = file.read_bytes()
    with pytest.raises(OSError, match="unexpected end"), new_archive(file) as backup:
        backup.copy("objects/short", {}, 10, io.BytesIO(b"short"))
    assert file.read_bytes() == before
    assert list(file.parent.iterdir()) == [file]


def test_a_draft_that_was_left_behind_is_no_backup_and_in_nobodys_way(file: Path) -> None:
    draft = file.with_name(f".{file.name}.part")
    draft.write_bytes(b"of a process that was killed" * 1_000)
    with new_archive(file) as backup:
        backup.put("about.json", b"new")
    assert content(file) == [("about.json", {}, b"new")]
    assert list(file.parent.iterdir()) == [file]


def test_two_do_not_write_one_file(file: Path) -> None:
    with new_archive(file) as first:
        with pytest.raises(BackupUnderWay, match="just writing"), new_archive(file):
            pass
        first.put("about.json", b"first")
    assert content(file) == [("about.json", {}, b"first")]


def test_a_draft_that_gets_its_name_in_this_moment_is_not_written_over(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, lock = file.read_bytes(), fcntl.flock
    draft = file.with_name(f".{file.name}.part")
    draft.write_bytes(whole)

    def renamed_first(descriptor: int, how: int) -> None:
        draft.replace(file)
        lock(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", renamed_first)
    with pytest.raises(BackupUnderWay), new_archive(file):
        pass
    assert file.read_bytes() == whole
