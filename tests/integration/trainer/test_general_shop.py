"""A shop of two countries with postal codes of letters, from its export to answers by request and file."""

import csv
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from common.batch.formats.csv_text import parse_header
from common.model.bundle import load
from common.model.predictor import Predictor
from common.servers.registry import CHAMPION, MODEL_NAME
from scorer.csv.needed_columns import Layout
from scorer.csv.scoring import score_text
from support.command_lines import called
from support.gateway_fixtures import NOWHERE, Gateway, running_gateway
from trainer import cli
from trainer.data.history import end_of
from trainer.data.prepared import read_prepared
from trainer.data.synthetic.shops.generate import synthesize_shop
from trainer.model.bundling import write_bundle
from trainer.model.fit import fit
from trainer.model.params import Params
from trainer.model.table import TrainingTable

ORDERS = 1_500
ORDER = {
    "purchase_timestamp": "2023-05-06T10:14:22",
    "origin_id": "3",
    "destination_country": "NL",
    "destination_postal_code": "1017 ab",
    "facts": {"weight_kg": 1.59, "carrier": "Polderpost", "service": "express"},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The export, its drafted shop file, and what was prepared by it."""
    folder = tmp_path_factory.mktemp("letters")
    synthesize_shop("letters", ORDERS, 7, folder / "export")
    shop_file = folder / "shop.toml"
    _run("inspect", str(folder / "export" / "orders.csv"), "--out", str(shop_file))
    shop_file.write_text(shop_file.read_text() + '\n[places]\nsource = "export/places.csv"\n')
    assert "fits its data" in _run("inspect", str(shop_file)).stdout
    _run("prepare-data", SHOP_FILE=str(shop_file), DATA_DIR=str(folder))
    return folder


def _run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    done = called(cli.main, *arguments, environment={"COLUMNS": "200", **environment})
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture(scope="module")
def cache(folder: Path) -> Path:
    """A registry cache with a model of the shop as its champion."""
    table = TrainingTable.of(read_prepared(folder / "prepared"))
    model = fit(table, end_of(table.history), Params.usual(ORDERS, table.scale))
    cache = folder / "models"
    write_bundle(cache / MODEL_NAME / "1", model, table, {}, "")
    (cache / MODEL_NAME / CHAMPION).write_text("1")
    return cache


@pytest.fixture(scope="module")
def gateway(service_env: dict[str, str], cache: Path, folder: Path) -> Iterator[Gateway]:
    environment = {**service_env, "REGISTRY_URL": NOWHERE, "REGISTRY_CACHE_DIR": str(cache)}
    with running_gateway(environment, folder) as running:
        running.wait_ready()
        yield running


def test_an_order_of_the_shop_is_answered_in_its_own_words(gateway: Gateway) -> None:
    answer = gateway.client.post("/delivery_time", json=ORDER).raise_for_status().json()
    assert answer["destination_postal_code"] == "1017AB"
    assert answer["seller_known"]
    assert 0 < answer["lower_days"] < answer["delivery_time_days"] < answer["upper_days"]


def test_facts_and_countries_count(gateway: Gateway) -> None:
    orders = [ORDER, ORDER | {"facts": {"carrier": "Northern Van", "service": "standard"}}]
    fast, slow = gateway.client.post("/delivery_times", json={"orders": orders}).raise_for_status().json()
    assert fast["delivery_time_days"] < slow["delivery_time_days"]


def test_a_fact_that_the_shop_does_not_have_is_named(gateway: Gateway) -> None:
    refused = gateway.client.post("/delivery_time", json=ORDER | {"facts": {"colour": "red"}})
    assert refused.status_code == 422
    assert "facts.colour is no fact of this shop" in refused.text


def test_a_file_of_its_orders_gets_the_answers_that_requests_get(gateway: Gateway, folder: Path, cache: Path) -> None:
    rows = pl.read_csv(folder / "prepared" / "valid_dataset.csv", infer_schema=False).head(20).write_csv().encode()
    predictor = Predictor(load(cache / MODEL_NAME / "1", "1"))
    header = parse_header(rows, "valid_dataset.csv", whole=True)
    layout = replace(Layout.of(header.names), delimiter=header.delimiter)
    scored = score_text(rows[header.length :], layout, predictor, datetime(2023, 7, 1, tzinfo=UTC)).body.decode()
    asked = []
    for row in csv.DictReader(rows.decode().splitlines()):
        given = {name: value for name, value in row.items() if value and name != "delivery_time"}
        facts = {name: given.pop(name) for name in ("weight_kg", "carrier", "service")}
        asked.append(given | {"facts": facts | {"weight_kg": float(facts["weight_kg"])}})
    answers = gateway.client.post("/delivery_times", json={"orders": asked}).raise_for_status().json()
    of_file = [float(line.split(",")[len(header.names)]) for line in scored.splitlines()]
    assert of_file == pytest.approx([answer["delivery_time_days"] for answer in answers], abs=0.01)
