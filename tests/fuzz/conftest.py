import pytest

from common.model.bundle import Bundle
from common.model.predictor import Predictor


@pytest.fixture(scope="session")
def predictor(sample_bundle: Bundle) -> Predictor:
    """A small model at work."""
    return Predictor(sample_bundle)
