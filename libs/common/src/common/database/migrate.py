"""`python -m common.database.migrate`: bring the database's tables to the newest revision."""

import logging
import sys
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy.exc import OperationalError

from common.errors import DeliveryTimeError
from common.settings import DatabaseSettings, load

MIGRATIONS = Path(__file__).parent / "migrations"


def migrate(url: str) -> None:
    """Apply every migration that `url` has not seen; safe to call from several processes at once."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["url"] = url
    command.upgrade(config, "head")


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        migrate(load(DatabaseSettings).url.get_secret_value())
    except DeliveryTimeError as error:
        sys.exit(str(error))
    except OperationalError as error:
        sys.exit(f"the database does not answer: {str(error.orig).strip().splitlines()[0]}")


if __name__ == "__main__":
    main()
