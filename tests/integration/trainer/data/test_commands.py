"""The data commands as a user runs them, with no way to Kaggle."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from support.command_lines import called
from trainer import cli
from trainer.sources.build import ORDERS
from trainer.sources.olist.check import missing_files_and_columns

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a trainer command; the proxy leads nowhere, so nothing leaves the machine."""

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        nowhere = {"HTTPS_PROXY": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9", "NO_PROXY": ""}
        ours = {"OLIST_DIR": "", "DATA_DIR": str(tmp_path / "store"), "COLUMNS": "200"}
        return called(cli.main, *arguments, environment=nowhere | ours | environment)

    return run


def test_without_kaggle_made_up_orders_are_used_and_said_loudly(run: Run, tmp_path: Path) -> None:
    first = run("download-data")
    assert first.returncode == 0, first.stderr
    assert "SYNTHETIC DATA" in first.stdout
    assert "Kaggle cannot be reached" in first.stdout
    assert missing_files_and_columns(tmp_path / "store" / "dataset") == []
    assert [path.name for path in (tmp_path / "store").iterdir()] == ["dataset"]
    again = run("download-data")
    assert "complete from an earlier run (MADE UP)" in again.stdout
    prepared = run("prepare-data")
    assert prepared.returncode == 0, prepared.stderr
    assert "synthetic orders" in prepared.stdout


def test_in_production_nothing_is_made_up(run: Run, tmp_path: Path) -> None:
    refused = run("download-data", MODE="production")
    assert refused.returncode == 1
    assert "Kaggle cannot be reached" in refused.stderr
    assert "OLIST_DIR" in refused.stderr
    assert not (tmp_path / "store" / "dataset").exists()


def test_a_wrong_kaggle_key_is_an_error_and_no_made_up_orders(run: Run, tmp_path: Path) -> None:
    """Kaggle answers, and refuses: kagglehub's own error, raised by a stand-in for it."""
    (tmp_path / "kagglehub.py").write_text(
        "class KaggleApiHTTPError(OSError): pass\n"
        "def dataset_download(handle): raise KaggleApiHTTPError('401 Client Error.\\n\\nYou are not authenticated')\n"
    )
    (tmp_path / "sitecustomize.py").write_text(
        "import urllib.request\nurllib.request.urlopen = lambda *_, **__: None\n"
    )
    done = run("download-data", KAGGLE_USERNAME="ana", KAGGLE_KEY="wrong", PYTHONPATH=str(tmp_path))
    assert done.returncode == 1
    assert (
        "Kaggle does not give olistbr/brazilian-ecommerce (401 Client Error. You are not authenticated)" in done.stderr
    )
    assert "KAGGLE_KEY" in done.stderr
    assert "SYNTHETIC" not in done.stdout
    assert not (tmp_path / "store" / "dataset").exists()


def test_a_folder_of_the_user_s_is_used_in_place(run: Run, generated: Path, tmp_path: Path) -> None:
    done = run("download-data", OLIST_DIR=str(generated))
    assert done.returncode == 0
    assert f"{generated} (OLIST_DIR), used in place" in done.stdout
    assert not (tmp_path / "store").exists()
    prepared = run("prepare-data", "--cutoff", "2018-05-01T03:00Z", OLIST_DIR=str(generated))
    assert "training (delivered before 2018-05-01 00:00:00)" in prepared.stdout
    assert {path.name for path in (tmp_path / "store" / "prepared").iterdir()} == {
        "orders.parquet", "places.parquet", "shop.json", "train_dataset.csv", "valid_dataset.csv", "report.json",
    }  # fmt: skip


@pytest.mark.parametrize("command", ["download-data", "prepare-data"])
def test_an_incomplete_folder_ends_with_one_clear_message(
    run: Run, generated: Path, tmp_path: Path, command: str
) -> None:
    (generated / "olist_sellers_dataset.csv").unlink()
    done = run(command, OLIST_DIR=str(generated))
    assert done.returncode == 1
    assert "olist_sellers_dataset.csv: the file is missing" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "store").exists()


def test_an_incomplete_dataset_of_the_user_s_is_not_replaced(run: Run, generated: Path, tmp_path: Path) -> None:
    (generated / "olist_sellers_dataset.csv").unlink()
    (tmp_path / "store").mkdir()
    generated.rename(tmp_path / "store" / "dataset")
    assert "olist_sellers_dataset.csv: the file is missing" in run("download-data").stderr
    assert (tmp_path / "store" / "dataset" / "olist_orders_dataset.csv").exists()


def test_an_unwritable_folder_is_one_clear_line(run: Run, generated: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = run("prepare-data", OLIST_DIR=str(generated), DATA_DIR=str(tmp_path / "file"))
    assert done.returncode == 1
    assert done.stderr.startswith("trainer: ")
    assert len(done.stderr.splitlines()) == 1


def test_an_empty_variable_counts_as_unset(run: Run, generated: Path, tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    generated.rename(tmp_path / "store" / "dataset")
    assert "complete from an earlier run" in run("download-data", OLIST_DIR="").stdout


def test_synthesize_makes_as_many_orders_as_asked(run: Run, tmp_path: Path) -> None:
    days = ("--start", "2020-01-01", "--end", "2020-02-01")
    done = run("synthesize", "--orders", "50", *days, "--out", str(tmp_path / "x"))
    assert done.returncode == 0, done.stderr
    assert len((tmp_path / "x" / "olist_customers_dataset.csv").read_text().splitlines()) == 51


def test_a_wrong_option_is_named(run: Run, tmp_path: Path) -> None:
    done = run("synthesize", "--orders", "-5", "--out", str(tmp_path / "x"))
    assert done.returncode == 2
    assert done.stderr.endswith("error: argument --orders: must be a whole number from 1 (got '-5')\n")
    assert "Traceback" not in done.stderr


def test_a_shop_of_its_own_is_prepared_and_nothing_is_downloaded(run: Run, tmp_path: Path) -> None:
    shop = tmp_path / "shop"
    assert run("synthesize", "--shop", "minutes", "--orders", "400", "--out", str(shop)).returncode == 0
    file = str(shop / "shop.toml")
    downloaded = run("download-data", SHOP_FILE=file)
    assert downloaded.stdout == f"nothing to download: {file} (SHOP_FILE) names orders.csv\n"
    assert not (tmp_path / "store").exists()
    prepared = run("prepare-data", SHOP_FILE=file)
    assert prepared.returncode == 0, prepared.stderr
    assert "training (delivered before 2023-" in prepared.stdout
    assert {path.name for path in (tmp_path / "store" / "prepared").iterdir()} == {
        ORDERS, "shop.json", "train_dataset.csv", "valid_dataset.csv", "report.json"
    }  # fmt: skip


@pytest.mark.parametrize("command", ["download-data", "prepare-data"])
def test_a_shop_file_that_is_wrong_is_named_with_every_problem(run: Run, tmp_path: Path, command: str) -> None:
    file = tmp_path / "shop.toml"
    file.write_text('name = "x"\ncountry = "XX"\ntime_zone = "Mars/Base"\n[orders]\nsource = "none.csv"\n')
    done = run(command, SHOP_FILE=str(file))
    assert done.returncode == 1
    lines = done.stderr.splitlines()[1:]
    assert [line.split(":")[0].strip(" -") for line in lines] == ["country", "time_zone", "orders.source"]
    assert not (tmp_path / "store").exists()
