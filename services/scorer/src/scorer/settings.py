"""Settings of the scorer, SCORER_... in the environment."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from common.settings import SettingsGroup

MIB = 2**20


class ScorerSettings(SettingsGroup):
    """How a worker cuts, holds and repeats work."""

    model_config = SettingsConfigDict(env_prefix="SCORER_")

    threads: int = Field(2, ge=1, le=16, description="chunks in work at once in one worker: one uploads, one computes")
    chunk_bytes: int = Field(
        16 * MIB, ge=5 * MIB, description="input bytes of a CSV chunk; S3 parts have 5 MiB at least"
    )
    record_limit_bytes: int = Field(4 * MIB, ge=1024, description="longest record of a CSV file")
    tokens: int = Field(16, ge=1, description="chunks of one job that wait in the queue at once")
    lease_seconds: float = Field(30.0, gt=0, description="how long a chunk stays a silent worker's own")
    sweep_seconds: float = Field(5.0, gt=0, description="how often forgotten jobs are looked for")
    attempts: int = Field(5, ge=1, description="after so many claims without a result a chunk ends its job")
    faults: int = Field(40, ge=1, description="after so many outages (waits up to a minute each) a job gives up")
    first_wait_seconds: float = Field(1.0, gt=0, description="wait after a first fault; doubles up to a minute")
    keep_days: float = Field(30.0, gt=0, description="ended jobs are forgotten after so many days")
