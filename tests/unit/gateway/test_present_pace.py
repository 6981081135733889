"""A gateway predicts with the pace as the database has it now, also where it was corrected or taken back."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from common.model.bundle import Bundle
from common.model.pace import PaceTable
from common.model.predictor import Predictor
from gateway.model import present_pace
from gateway.model.present_pace import PresentPace


class NoDatabase:
    """Whatever is asked in its transactions is answered by the test."""

    @contextmanager
    def transaction(self) -> Iterator[None]:
        yield


def table(bundle: Bundle, last: date, days: float) -> PaceTable:
    groups = bundle.pace.groups
    return PaceTable(groups, last, np.full((1, len(groups)), days), np.ones((1, len(groups)), dtype=np.int64))


def test_a_pace_that_was_corrected_or_went_back_is_followed(
    sample_bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    newest = sample_bundle.pace.last + timedelta(days=9)
    poisoned, corrected, earlier = (
        table(sample_bundle, newest - timedelta(days=ago), days) for ago, days in ((0, 25.0), (0, 9.0), (3, 8.0))
    )
    said: list[PaceTable] = [poisoned, corrected, corrected, earlier]
    monkeypatch.setattr(present_pace, "read_pace", lambda _session: said.pop(0))
    monkeypatch.setattr(present_pace, "READ_AGAIN_SECONDS", 0.0)
    database: Any = NoDatabase()
    pace, predictor = PresentPace(database), Predictor(sample_bundle)
    followed = []
    for _ in range(4):
        changed = pace.refresh()
        predictor = predictor.with_present_pace(pace.table)
        followed.append((changed, predictor.pace))
    assert followed == [(True, poisoned), (True, corrected), (False, corrected), (True, earlier)]


def test_a_pace_older_than_the_models_own_is_not_used(sample_bundle: Bundle) -> None:
    stale = table(sample_bundle, sample_bundle.pace.last - timedelta(days=1), 25.0)
    assert Predictor(sample_bundle).with_present_pace(stale).pace is sample_bundle.pace
