"""The monitor's settings."""

from pathlib import Path

from pydantic import Field

from common.settings import SettingsGroup


class PreparedDataSettings(SettingsGroup):
    """Where the trainer puts the prepared orders."""

    data_dir: Path = Field(Path("data_store"), description="folder of the prepared data")
