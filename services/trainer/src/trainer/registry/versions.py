"""Which version is champion: set by the gate, or by people who say why."""

import mlflow
from mlflow.exceptions import MlflowException
from sqlalchemy import select

from common.database.session import transaction
from common.database.tables import ModelEvent
from common.errors import InvalidInput
from common.servers.registry import CHALLENGER, CHAMPION, MODEL_NAME
from trainer.registry import tracking

PROMOTED = "promoted"
ROLLED_BACK = "rolled back"


def promote(version: str, reason: str, actor: str) -> None:
    """Make a registered version the champion; InvalidInput if there is no such version."""
    tracking.connect()
    _must_exist(version)
    point_champion(version, reason, actor)


def rollback(reason: str, actor: str) -> str:
    """Make the champion before the present one champion again; its version. InvalidInput if there was none."""
    tracking.connect()
    present = champion_version()
    with transaction() as session:
        events = session.scalars(
            select(ModelEvent).where(ModelEvent.event.in_([PROMOTED, ROLLED_BACK])).order_by(ModelEvent.id)
        ).all()
    line: list[str] = []
    for event in events:
        if event.event == ROLLED_BACK and len(line) > 1:
            line.pop()
        elif not line or line[-1] != event.model_version:
            line.append(event.model_version)
    if present is None:
        raise InvalidInput("there is no champion yet: use `trainer promote VERSION`")
    if len(line) < 2 or line[-1] != present:
        raise InvalidInput(f"no champion before version {present} is on record: use `trainer promote VERSION`")
    _must_exist(line[-2])
    point_champion(line[-2], reason, actor, event=ROLLED_BACK)
    return line[-2]


def champion_version() -> str | None:
    """The version that the alias points to, None before the first."""
    return _at(CHAMPION)


def point_champion(version: str, reason: str, actor: str, event: str = PROMOTED) -> None:
    """Move the alias, tag the version with the reason, and record the event. A champion is no challenger any more."""
    client = mlflow.MlflowClient()
    client.set_model_version_tag(MODEL_NAME, version, "reason", reason)
    client.set_registered_model_alias(MODEL_NAME, CHAMPION, version)
    if _at(CHALLENGER) == version:
        client.delete_registered_model_alias(MODEL_NAME, CHALLENGER)
    _record(event, version, actor, reason)


def keep_as_challenger(version: str, reason: str) -> None:
    """The version did not pass the gate: alias `challenger`, the reason as a tag."""
    client = mlflow.MlflowClient()
    client.set_model_version_tag(MODEL_NAME, version, "reason", reason)
    client.set_registered_model_alias(MODEL_NAME, CHALLENGER, version)
    _record("registered", version, "trainer", reason)


def _at(alias: str) -> str | None:
    try:
        return str(mlflow.MlflowClient().get_model_version_by_alias(MODEL_NAME, alias).version)
    except MlflowException:
        return None


def _must_exist(version: str) -> None:
    try:
        mlflow.MlflowClient().get_model_version(MODEL_NAME, version)
    except MlflowException as error:
        raise InvalidInput(f"{MODEL_NAME} has no version {version}: {error.message}") from error


def _record(event: str, version: str, actor: str, reason: str) -> None:
    with transaction() as session:
        session.add(ModelEvent(event=event, model_version=version, actor=actor, reason=reason))
