import pytest

from console.files.preview import HEAD_BYTES, Preview, first_rows
from console.files.uploads import plain_name


def test_a_preview_has_header_and_first_rows_with_their_quotes_undone() -> None:
    head = b'\xef\xbb\xbfa,note\n1,"x, y"\n2,"two\nlines"\n'
    assert first_rows(head) == Preview(("a", "note"), (("1", "x, y"), ("2", "two\nlines")))


def test_a_row_that_the_head_cuts_is_left_out() -> None:
    head = (b"a,b\n" + b"1,2\n" * (HEAD_BYTES // 4))[:HEAD_BYTES]
    assert first_rows(head).rows[0] == ("1", "2")
    assert first_rows(b"a,b\n1,2\n3").rows == (("1", "2"),)


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("orders.csv", "orders.csv"),
        ("our orders (2).csv.gz", "our-orders-2-.csv.gz"),
        ("../../etc/passwd", "etc-passwd"),
        ("Bestellungen Köln.parquet", "Bestellungen-K-ln.parquet"),
        ("...", "file"),
    ],
)
def test_a_files_name_is_made_plain_and_keeps_its_ending(name: str, plain: str) -> None:
    assert plain_name(name) == plain
