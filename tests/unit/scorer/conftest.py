"""Scoring in memory, for this folder."""

import pytest

from common.model.bundle import Bundle
from common.model.predictor import Predictor
from support.scorer.in_process import Result, scored
from support.scorer.inputs import Score
from support.stand_ins.memory_store import MemoryStore


@pytest.fixture
def score(sample_bundle: Bundle) -> Score:
    def score(key: str, **objects: bytes) -> Result:
        store = MemoryStore()
        for name, body in objects.items():
            store.keep(name, body)
        return scored(store, key, Predictor(sample_bundle))

    return score
