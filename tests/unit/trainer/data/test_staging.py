from contextlib import suppress
from pathlib import Path

from trainer.data.staging import staged_folder


def test_a_folder_appears_only_when_the_block_ends(tmp_path: Path) -> None:
    with staged_folder(tmp_path / "made") as staging:
        (staging / "file").write_text("new")
        assert not (tmp_path / "made").exists()
    assert (tmp_path / "made" / "file").read_text() == "new"


def test_a_failure_leaves_the_earlier_folder_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "file").write_text("old")
    with suppress(ZeroDivisionError), staged_folder(tmp_path / "made") as staging:
        (staging / "file").write_text("half")
        raise ZeroDivisionError
    assert (tmp_path / "made" / "file").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["made"]


def test_a_folder_is_replaced_whole(tmp_path: Path) -> None:
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "stale").touch()
    with staged_folder(tmp_path / "made") as staging:
        (staging / "file").touch()
    assert [path.name for path in tmp_path.rglob("*")] == ["made", "file"]


def test_a_failure_leaves_no_folder_above_it_that_was_not_there(tmp_path: Path) -> None:
    with suppress(ZeroDivisionError), staged_folder(tmp_path / "store" / "made"):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []
