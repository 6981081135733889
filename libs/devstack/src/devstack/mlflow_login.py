"""`mlflow server` with a login: the account `admin` may do all, `reader` may read.

It runs wherever MLflow is installed, with nothing of ours beside it: in the embedded stack, and as one file in MLflow's
image. Arguments are those of `mlflow server`. From the environment: MLFLOW_BACKEND_STORE_URI, whose database keeps the
accounts too, MLFLOW_ADMIN_PASSWORD, MLFLOW_READER_PASSWORD and MLFLOW_FLASK_SERVER_SECRET_KEY. Whoever changes a
password there and starts it again has changed it.
"""

import os
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

ADMIN, READER = "admin", "reader"

MODEL = "delivery-time"
"""It is there from the start: of a model that is not, MLflow tells a reader that he may not read it."""


def main() -> None:
    """Keep the accounts, then serve."""
    passwords = {name: os.environ[f"MLFLOW_{name.upper()}_PASSWORD"] for name in (ADMIN, READER)}
    config = Path(tempfile.mkdtemp(prefix="mlflow-")) / "login.ini"
    config.write_text(_config(os.environ["MLFLOW_BACKEND_STORE_URI"]))
    os.environ["MLFLOW_AUTH_CONFIG_PATH"] = str(config)
    os.environ["MLFLOW_AUTH_ADMIN_USERNAME"] = ADMIN
    os.environ["MLFLOW_AUTH_ADMIN_PASSWORD"] = passwords[ADMIN]
    os.environ["MLFLOW_BASIC_AUTH_FAIL_CLOSED"] = "true"

    from mlflow.cli import server
    from mlflow.exceptions import MlflowException
    from mlflow.server.auth import auth_config, store
    from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore

    store.init_db(auth_config.database_uri)  # type: ignore[no-untyped-call]
    for name, password in passwords.items():
        _keep(store, name, password)
    models: Any = SqlAlchemyStore
    with suppress(MlflowException):  # it is there already
        models(os.environ["MLFLOW_BACKEND_STORE_URI"]).create_registered_model(MODEL)
    server(["--app-name", "basic-auth", *sys.argv[1:]])


def _config(database: str) -> str:
    """What whoever has logged in may read; a password that was right is not hashed again for a minute."""
    lines = ["[mlflow]", "default_permission = READ", f"database_uri = {database.replace('%', '%%')}"]
    return "\n".join([*lines, "auth_cache_ttl_seconds = 60", ""])


def _keep(store: Any, name: str, password: str) -> None:
    if not store.has_user(name):
        store.create_user(name, password, is_admin=name == ADMIN)
    elif not store.authenticate_user(name, password):
        store.update_user(name, password=password)


if __name__ == "__main__":
    main()
