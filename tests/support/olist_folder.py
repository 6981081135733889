"""Olist's nine files prepared as `trainer prepare-data` does where no shop file is named."""

from datetime import datetime
from pathlib import Path

from common.servers.objects import ObjectStore
from trainer.data.prepare import prepare
from trainer.data.report import Report
from trainer.sources.olist.shop import olist_shop
from trainer.sources.raw.open import Sources


def nowhere() -> ObjectStore:
    raise AssertionError("the object store is asked for although no source names it")


def prepare_olist(folder: Path, target: Path, cutoff: datetime | None = None) -> Report:
    """Write the prepared folder."""
    return prepare(olist_shop(folder), Sources({}, nowhere), target, cutoff)
