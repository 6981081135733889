from dataclasses import replace

import pytest

from common.model.bundle import Bundle
from common.model.predictor import Predictor
from support.fuzzed_columns import FACTS


@pytest.fixture(scope="session")
def predictor(sample_bundle: Bundle) -> Predictor:
    """A small model at work, of a shop with two facts that have an effect."""
    weight, carrier = (field.name for field in FACTS)
    shop = replace(sample_bundle.manifest.shop, numeric=(weight,), category=(carrier,))
    effects = replace(sample_bundle.effects, facts={carrier: {"sloth": 0.5, "SP": 0.7}})
    return Predictor(replace(sample_bundle, manifest=replace(sample_bundle.manifest, shop=shop), effects=effects))
