"""The gate moves the champion only over the one that it judged."""

from dataclasses import dataclass, field, replace
from typing import Any, cast

from common.model.bundle import Bundle
from common.model.time_scale import TimeScale
from support.model_fixtures import made_up_history
from trainer.evaluation.gate import Evaluation
from trainer.evaluation.holdouts import gate_holdout
from trainer.registry.register import let_through
from trainer.registry.versions import Versions

HISTORY = made_up_history(2_000)
WON = Evaluation(gate_holdout(HISTORY, TimeScale(10.0)), HISTORY, cast(Any, None), {"mae": 3.0}, [])
LOST = replace(WON, metrics={"mae": 5.0}, objections=["MAE 5.000 is not 0.5% below the champion's 4.000"])


@dataclass
class Registry:
    """Versions whose champion somebody else moves before the first promotion, if `meanwhile` names another one."""

    now: Bundle
    meanwhile: Bundle | None = None
    promoted: list[str] = field(default_factory=list)
    challengers: list[str] = field(default_factory=list)

    def champion(self) -> Bundle:
        return self.now

    def promote_over(self, champion: str | None, version: str, reason: str, actor: str) -> bool:
        if self.meanwhile:
            self.now, self.meanwhile = self.meanwhile, None
        if champion != self.now.version:
            return False
        self.promoted.append(version)
        return True

    def keep_as_challenger(self, version: str, reason: str) -> None:
        self.challengers.append(version)


def through_the_gate(registry: Registry, against_the_next: Evaluation) -> str:
    rivals: list[str] = []

    def against(rival: Bundle | None) -> Evaluation:
        assert rival is not None
        rivals.append(rival.version)
        return against_the_next

    registered = let_through("9", registry.now, WON, against, 0.0, cast(Versions, registry))
    assert rivals == ([registry.now.version] if registry.now.version != "1" else [])
    return registered.alias


def test_a_candidate_that_won_takes_the_place_of_the_champion_it_beat(sample_bundle: Bundle) -> None:
    registry = Registry(sample_bundle)
    assert through_the_gate(registry, LOST) == "champion"
    assert registry.promoted == ["9"]


def test_a_rollback_meanwhile_is_not_overwritten_by_a_candidate_that_loses_to_it(sample_bundle: Bundle) -> None:
    registry = Registry(sample_bundle, meanwhile=replace(sample_bundle, version="2"))
    assert through_the_gate(registry, LOST) == "challenger"
    assert (registry.promoted, registry.challengers) == ([], ["9"])


def test_a_candidate_that_beats_the_new_champion_too_is_promoted(sample_bundle: Bundle) -> None:
    registry = Registry(sample_bundle, meanwhile=replace(sample_bundle, version="2"))
    assert through_the_gate(registry, WON) == "champion"
    assert registry.promoted == ["9"]
