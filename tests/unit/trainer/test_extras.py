"""The extras `flow` and `spark`: who lacks one is told how to get it, and the flow carries out a retraining.

Neither is in the lock, so Prefect is a stand-in here: what these tests say of it is that our side is called in order.
"""

import importlib
import sys
from collections.abc import Callable
from datetime import datetime
from types import ModuleType
from typing import Any
from uuid import uuid4

import pytest

from common.database.retrainings import Claim
from common.errors import InvalidInput, Unavailable
from support.command_lines import called
from support.model_fixtures import made_up_data
from trainer import cli, wiring
from trainer.retraining.retrain import Trained
from trainer.retraining.training import Known
from trainer.search.spark import search_on_spark


def test_without_prefect_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "prefect", None)
    done = called(cli.main, "flow")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "delivery-time-trainer[flow]" in done.stderr


def test_without_pyspark_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hyperopt.spark._have_spark", False)
    data = made_up_data(100)
    with pytest.raises(
        InvalidInput, match=r"--spark needs pyspark: install the extra `delivery-time-trainer\[spark\]`"
    ):
        search_on_spark(data, trials=1, seed=0, jobs=1)


@pytest.mark.parametrize(("command", "says"), [("flow", "--cron"), ("params-search", "--spark")])
def test_the_extras_show_in_the_commands_help(command: str, says: str) -> None:
    assert says in called(cli.main, command, "--help").stdout


class Steps:
    """A training that notes which of its steps were called."""

    def __init__(self) -> None:
        self.called: list[str] = []

    def prepare(self) -> Known:
        self.called.append("prepare")
        return Known("a version", datetime(2018, 3, 1))  # noqa: DTZ001

    def search(self, known: Known) -> None:
        self.called.append(f"search {known.version}")

    def register(self, known: Known) -> Trained:
        self.called.append(f"register {known.version}")
        return Trained("7", "champion: won")


class Desk:
    """A retrainer with one retraining to give out, or none."""

    def __init__(self, claim: Claim | None) -> None:
        self.claim = claim

    def begin(self, reason: str) -> Claim | None:
        return self.claim

    def carry_out(self, claimed: Claim, train: Callable[[], Trained]) -> Trained:
        assert claimed is self.claim
        return train()


@pytest.fixture
def flow(monkeypatch: pytest.MonkeyPatch) -> Any:
    """`trainer.flow` on a stand-in for Prefect, whose flows and tasks are the functions themselves."""

    def decorated(function: Any = None, **_: object) -> Any:
        return function if function else decorated

    prefect, settings = ModuleType("prefect"), ModuleType("prefect.settings")
    prefect.flow, prefect.task = decorated, decorated  # type: ignore[attr-defined]
    settings.PREFECT_API_URL = type("Url", (), {"value": lambda self: "http://127.0.0.1:4200/api"})()  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "prefect", prefect)
    monkeypatch.setitem(sys.modules, "prefect.settings", settings)
    monkeypatch.delitem(sys.modules, "trainer.flow", raising=False)
    yield importlib.import_module("trainer.flow")
    sys.modules.pop("trainer.flow", None)


def test_the_flow_carries_out_a_retraining_in_three_tasks(flow: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = Steps()
    monkeypatch.setattr(wiring, "training", lambda: steps)
    monkeypatch.setattr(wiring, "retrainer", lambda: Desk(Claim(1, uuid4())))
    assert flow.retraining() == "version 7: champion: won"
    assert steps.called == ["prepare", "search a version", "register a version"]


def test_the_flow_does_nothing_beside_another_retraining(flow: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wiring, "retrainer", lambda: Desk(None))
    assert flow.retraining() == "another retraining is under way: nothing done"


def test_without_a_prefect_server_the_way_out_is_named(flow: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(**_: object) -> None:
        raise flow.ConnectError("Connection refused")

    monkeypatch.setattr(flow.retraining, "serve", refused, raising=False)
    with pytest.raises(Unavailable, match=r"no Prefect server answers at http://127\.0\.0\.1:4200/api"):
        flow.serve("0 4 * * 1")
