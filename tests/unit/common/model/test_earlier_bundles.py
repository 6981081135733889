"""Bundles of earlier formats answer what they answered then, and can be written anew."""

import json
import math
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pytest

from common.errors import OtherFormat
from common.model import bundle
from common.model.bundle import MANIFEST, Bundle
from common.model.bundle_format_4 import GROUP_OF, REST, STATES
from common.model.manifest import FORMAT
from common.model.predictor import SPREAD_WEIGHT, Predictor
from common.model.working_time import WorkingTime
from common.orders.distances import great_circle_km
from common.orders.fields import Order
from support.former.bundles import HOLIDAYS, PACES, arrays_of_4, write_first_format_5, write_format_4
from support.model_fixtures import made_up_orders
from trainer.registry.migration import rewritten


@pytest.fixture
def arrays() -> dict[str, np.ndarray]:
    return arrays_of_4()


@pytest.fixture
def earlier(sample_bundle: Bundle, arrays: dict[str, np.ndarray], tmp_path: Path) -> Path:
    write_format_4(tmp_path / "4", sample_bundle, arrays)
    return tmp_path / "4"


def test_it_answers_as_it_did(earlier: Path, arrays: dict[str, np.ndarray], sample_bundle: Bundle) -> None:
    predictor = Predictor(bundle.load(earlier, "1"))
    calendar = WorkingTime(map(date.fromisoformat, HOLIDAYS))
    rng, moment = np.random.default_rng(0), datetime(2018, 3, 1, 21)  # noqa: DTZ001
    for _ in range(100):
        prefix, lat, lng = int(rng.integers(1, 100_000)), float(rng.uniform(-40, 8)), float(rng.uniform(-80, -30))
        found = predictor.predict_one(Order(seller_zip_code_prefix=prefix, customer_lat=lat, customer_lng=lng), moment)
        row, column = (min(max(int(degrees * 5), 0), 199) for degrees in (lat + 34, lng + 74))
        state, own = arrays["places_state_grid"][row, column], arrays["places_state"][prefix]
        seller = arrays["places_lat"][prefix], arrays["places_lng"][prefix]
        km = great_circle_km(*(np.array([degrees]) for degrees in (lat, lng, *seller)))[0]
        columns = np.array([lat, lng, *seller, km, state == own, moment.weekday()], dtype=np.float32)
        raw, raw_spread = sample_bundle.trees.predict_row(columns)
        level = (PACES[GROUP_OF.get(STATES[state], REST)] * PACES[5 + (state == own)]) ** 0.45
        forecast = raw + arrays["seller_effect"][prefix] + math.log(level)
        curve = sample_bundle.residuals.curve(0, False)
        upper = forecast + curve.at(0.95) * math.exp(raw_spread / SPREAD_WEIGHT)
        start = calendar.start_of_one(moment)
        assert found.upper_days == pytest.approx(calendar.days_of_one(start, math.exp(upper)), rel=1e-9)
        assert found.seller_known == arrays["places_known"][prefix]


@pytest.mark.parametrize(
    ("other", "way_out"),
    [
        (
            3,
            "has format 3, this release reads 4 to 5: run `trainer migrate-bundle` of an earlier release that reads it",
        ),
        (6, "has format 6, this release reads 4 to 5: upgrade this service"),
        ("new", "or register a new model"),
    ],
)
def test_other_formats_are_refused_with_the_way_out(earlier: Path, other: object, way_out: str) -> None:
    manifest = json.loads((earlier / MANIFEST).read_text())
    (earlier / MANIFEST).write_text(json.dumps(manifest | {"format": other}))
    with pytest.raises(OtherFormat, match=way_out):
        bundle.load(earlier, "1")


@pytest.mark.parametrize("format_", ["4", "5 at first"])
def test_written_anew_it_answers_the_same_to_the_bit(
    format_: str, earlier: Path, sample_bundle: Bundle, tmp_path: Path
) -> None:
    if format_ != "4":
        write_first_format_5(tmp_path / "5", sample_bundle)
        earlier = tmp_path / "5"
    former = bundle.load(earlier, "1")
    anew = rewritten(former, tmp_path / "anew")
    assert bundle.format_of(anew.folder) == FORMAT
    assert {path.name for path in anew.folder.iterdir()} == {path.name for path in earlier.iterdir()}
    orders = made_up_orders(300)
    before, after = Predictor(former).predict(orders), Predictor(anew).predict(orders)
    for name in ("days", "lower_days", "upper_days", "seller_known"):
        assert np.array_equal(getattr(before, name), getattr(after, name))
