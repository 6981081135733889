"""A shop with too few deliveries: what it declares, or their medians by distance, becomes an ordinary bundle."""

from pathlib import Path

import numpy as np
import pytest

from common.model.predictor import Predictor
from common.orders.orders import Orders
from common.orders.shop.declared import Declared, Transit
from common.orders.shop.sections import Facts
from support.model_fixtures import SHOP, made_up_history, made_up_places
from trainer import wiring
from trainer.data.history import NO_PLACES, TrainingData, end_of
from trainer.data.prepared import history_of
from trainer.evaluation.holdouts import has_enough
from trainer.model.bundling import write_bundle
from trainer.model.declared import declared_of, made_up
from trainer.model.fit import fit
from trainer.model.params import Params
from trainer.model.table import TrainingTable
from trainer.published.read import EMPTY

NOW = np.datetime64("2026-03-02T12:00:00", "s")
DECLARED = Declared(
    handling_days=1,
    transit=(
        Transit(days=1, up_to_km=100, service="express"),
        Transit(days=2, up_to_km=100),
        Transit(days=4, up_to_km=500),
        Transit(days=9),
    ),
)


@pytest.fixture(scope="module")
def predictor(tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    shop = SHOP.model_copy(update={"declared": DECLARED, "facts": Facts(category=("service",))})
    nothing = history_of(EMPTY, shop.model_copy(update={"facts": Facts()})).as_of(NOW)
    data = TrainingData(nothing, shop, NO_PLACES)
    assert not has_enough(data)
    told = made_up(data, DECLARED, NOW)
    table = TrainingTable.of(told)
    model = fit(table, end_of(told.history), Params.usual(told.deliveries, table.scale))
    folder = tmp_path_factory.mktemp("declared") / "bundle"
    return Predictor(write_bundle(folder, model, table, {}, "declared", is_declared=True))


def test_it_answers_near_what_was_declared(predictor: Predictor) -> None:
    km = np.array([20.0, 60.0, 60.0, 300.0, 1_000.0])
    services = [None, None, "express", None, None]
    orders = Orders.of_columns(
        {
            "purchase_timestamp": np.full(len(km), NOW),
            "origin_lat": np.full(len(km), -20.0),
            "origin_lng": np.full(len(km), -50.0),
            "destination_lat": -20 + km / 111.19,
            "destination_lng": np.full(len(km), -50.0),
            "service": services,
        },
        (),
        ("service",),
    )
    answers = predictor.predict(orders)
    np.testing.assert_allclose(answers.days, DECLARED.days(km, services), rtol=0.25)
    assert (answers.lower_days < answers.days).all()
    assert (answers.upper_days > answers.days).all()
    assert predictor.manifest.is_declared
    assert predictor.manifest.training_orders == 0


def test_the_first_deliveries_give_medians_by_distance() -> None:
    data = TrainingData(made_up_history(150), SHOP, made_up_places())
    declared = declared_of(data)
    assert declared is not None
    edges = [line.up_to_km for line in declared.transit]
    assert edges == [*sorted(edge for edge in edges if edge), None]
    assert np.nanmin(data.history.days) < declared.transit[0].days < declared.transit[-1].days
    assert declared_of(TrainingData(made_up_history(20), SHOP, made_up_places())) is None


def test_what_the_shop_declares_comes_before_its_few_deliveries() -> None:
    shop = SHOP.model_copy(update={"declared": DECLARED})
    assert declared_of(TrainingData(made_up_history(150), shop, made_up_places())) == DECLARED


def test_a_worker_whose_shop_file_is_not_there_yet_asks_for_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_FILE", str(tmp_path / "shop.toml"))
    wiring.ask_for_first_model()
