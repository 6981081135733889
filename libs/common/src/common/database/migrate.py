"""`python -m common.database.migrate`: bring the database's tables to the newest revision."""

import argparse
import logging
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import NullPool, create_engine

from common.command_line import run
from common.database.access import grafana, roles
from common.settings import DatabaseSettings, load

MIGRATIONS = Path(__file__).parent / "migrations"


def migrate(url: str, revision: str = "head") -> None:
    """Apply every migration up to a revision that `url` has not seen; safe to call from several processes at once."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["url"] = url
    command.upgrade(config, revision)
    if revision == "head":
        with create_engine(url, poolclass=NullPool).begin() as connection:
            roles.grant(connection)
            grafana.grant(connection)


def main() -> None:
    """Run the command."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    parser = argparse.ArgumentParser(prog="migrate", description="Bring the database to the newest revision.")
    parser.set_defaults(run=lambda _: migrate(load(DatabaseSettings).url.get_secret_value()))
    run(parser)


if __name__ == "__main__":
    main()
