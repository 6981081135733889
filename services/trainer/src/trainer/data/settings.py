"""Where the training data lies."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from common.settings import SettingsGroup


class DataSettings(SettingsGroup):
    """The data store, and the shop whose orders are prepared: Olist's nine files unless a shop file is named."""

    model_config = SettingsConfigDict(env_ignore_empty=True)

    data_dir: Path = Field(Path("data_store"), description="folder of the data set and of the prepared tables")
    shop_file: Path | None = Field(None, description="the shop file (`docs/your-shop.md`); default: Olist's, built in")
    olist_dir: Path | None = Field(None, description="folder with Kaggle's nine files, used in place; for Olist's shop")

    @property
    def downloaded(self) -> Path:
        """Where `download-data` puts the nine files."""
        return self.data_dir / "dataset"

    @property
    def dataset(self) -> Path:
        """The nine files to prepare from, where no shop file is named."""
        return self.olist_dir or self.downloaded

    @property
    def prepared(self) -> Path:
        """Where `prepare-data` writes."""
        return self.data_dir / "prepared"

    @property
    def searches(self) -> Path:
        """Where unfinished searches are kept."""
        return self.data_dir / "searches"
