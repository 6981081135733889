"""`trainer inspect` as a user runs it; on a real shop's file where one lies beside the project."""

import subprocess
from pathlib import Path

import pytest

from support.command_lines import called
from support.shop_files import HEADER
from trainer import cli

PARENTS = Path(__file__).resolve().parents
TRUCKS = next((path for parent in PARENTS if (path := parent / "shared/data/trucks/trucks.csv").exists()), None)

MADE_UP = "".join(
    f"o{row},2021-03-{1 + row % 28:02} 10:00,2021-04-{1 + row % 28:02} 10:00,{row % 5}\n" for row in range(100)
)


def trainer(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return called(cli.main, "inspect", *arguments, environment={"COLUMNS": "200"}, folder=folder)


def test_from_an_export_to_a_checked_shop_file(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(f"{HEADER},items\n{MADE_UP}")
    drafted = trainer(tmp_path, "orders.csv", "--out", "shop.toml", "--country", "IN")
    assert drafted.returncode == 0, drafted.stderr
    assert "check it against the data: trainer inspect shop.toml" in drafted.stdout
    checked = trainer(tmp_path, "shop.toml")
    assert checked.returncode == 0, checked.stderr
    assert "shop.toml fits its data: 100 orders" in checked.stdout
    assert {path.name for path in tmp_path.iterdir()} == {"orders.csv", "shop.toml"}


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["none.csv"], 1, "trainer: none.csv: holds no file that ends in .csv"),
        (["shop.toml"], 1, "  - the file does not exist: `trainer inspect FILE --out shop.toml` drafts one"),
        (["orders.csv", "--country", "ZZ"], 2, "must be a country's ISO 3166 code, such as DE or DEU (got 'ZZ')"),
        (["orders.csv", "--time-zone", "Berlin"], 2, "must be a time zone of the IANA list"),
    ],
)
def test_what_cannot_be_meant_is_one_clear_message(tmp_path: Path, arguments: list[str], code: int, said: str) -> None:
    done = trainer(tmp_path, *arguments)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(
    TRUCKS is None, reason="the real file is not here: shared/data/trucks/trucks.csv beside the project"
)
def test_the_dirt_of_a_real_file_is_reported_with_its_numbers(tmp_path: Path) -> None:
    done = trainer(tmp_path, str(TRUCKS), "--out", "shop.toml", "--country", "IN")
    assert done.returncode == 0, done.stderr
    for said in (
        "63 rows end before they begin: dropped",
        "6 of them were bought after the newest delivery",
        "(33%) promises are exactly 100 hours: a default",
        "163 orders all end on 2019-12-08",
        "449 of 6,617 (7%) delivered orders have the same coordinates at both ends",
        "1 month(s) without any order: 2020-04",
        "the promise misses by 4.6 days on average, one constant by 4.0 days: it is worse",
    ):
        assert said in done.stdout
    checked = trainer(tmp_path, "shop.toml")
    assert "shop.toml fits its data: 6,812 orders" in checked.stdout, checked.stderr
