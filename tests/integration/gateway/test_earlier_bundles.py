"""A gateway serves the bundles of earlier formats, and says what to do with one that is too old."""

import json
from datetime import datetime
from pathlib import Path

import httpx

from common.model import bundle
from common.model.bundle import MANIFEST, Bundle
from common.model.predictor import Predictor
from common.orders.fields import Order
from common.servers.registry import CHAMPION, MODEL_NAME
from support.example import ORDER
from support.former.bundles import arrays_of_4, write_format_4
from support.gateway_fixtures import running_gateway
from support.waiting import wait_until


def cached(tmp_path: Path, sample: Bundle) -> Path:
    """The folder of a champion of format 4 in a cache."""
    folder = tmp_path / MODEL_NAME / "1"
    folder.parent.mkdir()
    write_format_4(folder, sample, arrays_of_4())
    (folder.parent / CHAMPION).write_text("1")
    return folder


def test_a_champion_of_format_4_is_served(gateway_env: dict[str, str], sample_bundle: Bundle, tmp_path: Path) -> None:
    predictor = Predictor(bundle.load(cached(tmp_path, sample_bundle), "1"))
    order = Order(**ORDER)
    with running_gateway(gateway_env | {"REGISTRY_CACHE_DIR": str(tmp_path)}, tmp_path) as gateway:
        gateway.wait_ready()
        answer = gateway.client.post("/delivery_time", json=ORDER | {"purchase_timestamp": "2018-03-01T21:00:00"})
    expected = predictor.predict_one(order, datetime(2018, 3, 1, 21))  # noqa: DTZ001 (on the shop's clock)
    assert answer.json()["delivery_time_days"] == round(expected.days, predictor.decimals)


def test_one_that_is_too_old_is_named_with_the_way_out_and_kept_for_the_release_that_reads_it(
    gateway_env: dict[str, str], sample_bundle: Bundle, tmp_path: Path
) -> None:
    manifest = cached(tmp_path, sample_bundle) / MANIFEST
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"format": 3}))
    with running_gateway(gateway_env | {"REGISTRY_CACHE_DIR": str(tmp_path)}, tmp_path) as gateway:
        wait_until(lambda: "format 3" in gateway.log())
        assert "trainer migrate-bundle" in gateway.log()
        assert gateway.client.get("/readyz").status_code == httpx.codes.SERVICE_UNAVAILABLE
    assert manifest.exists()
