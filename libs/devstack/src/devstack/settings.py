"""Where the stack lives and which ports it takes: StackSettings, from the environment."""

from pathlib import Path

from pydantic import Field

from common.settings import SettingsGroup

LOOPBACK = "127.0.0.1"


class StackSettings(SettingsGroup):
    """The variables of a stack. Two stacks on one machine need different folders and ports."""

    stack_dir: Path = Field(Path(".stack"), description="folder of all state: data, logs, secrets")
    postgres_port: int = Field(5434, ge=1024, le=65535, description="port of Postgres")
    valkey_port: int = Field(6380, ge=1024, le=65535, description="port of the queue")
    s3_port: int = Field(8333, ge=1024, le=65535, description="port of the object store")
    mlflow_port: int = Field(5000, ge=1024, le=65535, description="port of the MLflow server")
    gateway_port: int = Field(8090, ge=1024, le=65535, description="port of the gateway")
    console_port: int = Field(8091, ge=1024, le=65535, description="port of the console")
    scorer_workers: int = Field(1, ge=1, le=64, description="how many scorer processes to run")
