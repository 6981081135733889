"""The commands that make models and choose the champion: params-search, register-model, promote, rollback,
migrate-bundle."""

import argparse
import getpass
from typing import Any

from common.command_line import line, positive
from trainer import wiring
from trainer.arguments import moment
from trainer.commands import Commands

NOT_PROMOTED = 3
"""Exit code of `register-model` when the gate kept the candidate as challenger."""


def add_commands(commands: Commands) -> None:
    """params-search, register-model, promote, rollback, migrate-bundle."""
    _add_params_search(commands)
    _add_register_model(commands)
    _add_promote(commands)
    _add_rollback(commands)
    _add_migrate_bundle(commands)


def _add_params_search(commands: Commands) -> None:
    command = commands.add_parser("params-search", help="search the model's parameters, each trial an MLflow run")
    command.add_argument("--trials", type=positive, default=15, help="how many trials (default: 15)")
    command.add_argument("--seed", type=int, default=0, help="of Hyperopt and CatBoost (default: 0)")
    command.add_argument("--as-of", type=moment, metavar="DATE", help="search in what was known on that day")
    command.add_argument("--jobs", type=positive, default=1, help="trials at the same time (default: 1)")
    command.add_argument("--spark", action="store_true", help="on a Spark cluster (needs the extra trainer[spark])")
    command.set_defaults(run=_params_search)


def _params_search(arguments: argparse.Namespace) -> None:
    import numpy as np
    from tqdm import tqdm

    tracking, data = wiring.tracking(), wiring.training_data(with_seen=True)
    if arguments.as_of:
        data = data.known_at(np.datetime64(arguments.as_of, "s"))
    trials, seed, jobs = arguments.trials, arguments.seed, arguments.jobs
    if data.sampled_from:
        print(f"learning from {data.extent}")
    with tqdm(total=trials, unit="trial", disable=None) as bar:
        if arguments.spark:
            from trainer.search.spark import search_on_spark

            best = search_on_spark(data, trials, seed, jobs, bar.update)
        else:
            from trainer.search.search import search

            best = search(data, wiring.data_settings().searches, trials, seed, jobs, bar.update)
    print(f"best of {trials} trials: MAE {best.metrics['mae']:.4g} days, {_in_words(best.params)}; run {best.run_id}")
    print(f"all trials: {tracking.url}")


def _in_words(params: dict[str, Any]) -> str:
    return ", ".join(
        f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}" for name, value in params.items()
    )


def _add_register_model(commands: Commands) -> None:
    command = commands.add_parser("register-model", help="retrain the best trial and register it")
    command.add_argument("--seed", type=int, default=0, help="of CatBoost (default: 0)")
    command.add_argument("--as-of", type=moment, metavar="DATE", help="learn what was known on that day, nothing newer")
    command.add_argument(
        "--promote", type=line, metavar="REASON", help="make it champion whatever the gate says of it, for this reason"
    )
    command.set_defaults(run=_register_model)


def _register_model(arguments: argparse.Namespace) -> int:
    from common.servers.registry import CHAMPION, MODEL_NAME
    from trainer.evaluation.holdouts import has_enough
    from trainer.registry.register import register
    from trainer.registry.start import start

    versions = wiring.versions()
    data = wiring.training_data()
    if arguments.as_of is None and not has_enough(data):
        version, outcome = start(data, versions)
        print(f"{MODEL_NAME} version {version}: {outcome}")
        return 0
    registered = register(data, versions, arguments.seed, arguments.as_of)
    print(f"registered {MODEL_NAME} version {registered.version} as {registered.alias}: {registered.reason}")
    print(f"its model card and plots: {versions.tracking.url}/#/models/{MODEL_NAME}/versions/{registered.version}")
    if data.sampled_from:
        print(f"it has learned from {data.extent}")
    if registered.alias == CHAMPION:
        return 0
    if arguments.promote is None:
        return NOT_PROMOTED
    versions.promote(registered.version, arguments.promote, getpass.getuser())
    print(f"version {registered.version} is champion: {arguments.promote}")
    return 0


def _add_promote(commands: Commands) -> None:
    command = commands.add_parser("promote", help="make a registered version the champion")
    command.add_argument("version", metavar="VERSION")
    _add_reason(command)
    command.set_defaults(run=_promote)


def _promote(arguments: argparse.Namespace) -> None:
    wiring.versions().promote(arguments.version, arguments.reason, getpass.getuser())
    print(f"version {arguments.version} is champion: {arguments.reason}")


def _add_rollback(commands: Commands) -> None:
    command = commands.add_parser("rollback", help="make the champion before the present one champion again")
    _add_reason(command)
    command.set_defaults(run=_rollback)


def _rollback(arguments: argparse.Namespace) -> None:
    version = wiring.versions().rollback(arguments.reason, getpass.getuser())
    print(f"version {version} is champion again: {arguments.reason}")


def _add_migrate_bundle(commands: Commands) -> None:
    command = commands.add_parser(
        "migrate-bundle", help="register a model of an earlier release again, in this release's format"
    )
    command.add_argument("version", metavar="VERSION", nargs="?", help="default: the champion")
    command.set_defaults(run=_migrate_bundle)


def _migrate_bundle(arguments: argparse.Namespace) -> None:
    from trainer.registry.migration import migrate_bundle

    versions = wiring.versions()
    version = arguments.version or versions.bundles.resolve().version
    new = migrate_bundle(version, versions, getpass.getuser())
    if new is None:
        print(f"version {version} has this release's format already")
        return
    served = ", and champion in its place" if versions.champion_version() == new else ""
    print(f"version {version} is version {new} in this release's format{served}")


def _add_reason(command: argparse.ArgumentParser) -> None:
    command.add_argument("--reason", type=line, required=True, help="kept with the version and in the record of events")
