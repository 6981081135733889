"""Settings of every worker, WORKER_... in the environment."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from common.settings import SettingsGroup


class WorkerSettings(SettingsGroup):
    """How a worker of scorer, monitor or trainer is watched and stopped."""

    model_config = SettingsConfigDict(env_prefix="WORKER_")

    heartbeat_file: Path | None = Field(
        None, description="file that shows that the worker lives, for `python -m common.worker.health`"
    )
    deaf_seconds: float = Field(
        60.0, gt=0, description="a worker that hears nothing this long from a queue that works counts as dead"
    )
    metrics_port: int | None = Field(None, ge=1024, le=65_535, description="port of /metrics; none if not set")
    metrics_host: str = Field("127.0.0.1", description="address on which /metrics is answered; in our images all")
    stop_seconds: float = Field(
        25.0, gt=0, description="time for the task in progress at a stop; less than its supervisor waits (compose: 40)"
    )
