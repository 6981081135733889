"""A shop in months, to countries alone, whose own promises are better than any forecast that does not know them."""

import pytest

from common.orders.shop.read import read_shop
from support.olist_folder import nowhere
from trainer.data.prepare import prepare
from trainer.data.prepared import read_prepared
from trainer.data.synthetic.shops.generate import synthesize_shop
from trainer.evaluation.gate import Evaluation, judge
from trainer.model.params import Params
from trainer.model.table import scale_of
from trainer.sources.raw.open import Sources

ORDERS = 2_500


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    folder = tmp_path_factory.mktemp("months")
    synthesize_shop("months", ORDERS, 7, folder / "export")
    prepare(read_shop(folder / "export" / "shop.toml"), Sources({}, nowhere), folder / "prepared")
    data = read_prepared(folder / "prepared")
    return judge(data, Params.usual(data.deliveries, scale_of(data.history)), champion=None)


def test_its_model_beats_the_known_median_and_passes_the_gate(evaluation: Evaluation) -> None:
    assert evaluation.objections == []
    assert evaluation.metrics["mae"] < 0.6 * evaluation.metrics["mae_of_constant_median"]


def test_it_beats_the_promise_because_it_knows_it(evaluation: Evaluation) -> None:
    metrics = evaluation.metrics
    assert evaluation.promises_help
    assert metrics["mae"] < 0.95 * metrics["mae_of_shops_promise"] < 0.95 * metrics["mae_without_promise"]
