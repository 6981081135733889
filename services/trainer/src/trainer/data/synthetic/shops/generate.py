"""Writes the folder of a made-up shop: orders.csv, shop.toml, and what the shop file names."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import polars as pl
from tqdm import tqdm

from common.errors import InvalidInput
from trainer.data.staging import staged_folder
from trainer.data.synthetic.shops.letters import Letters
from trainer.data.synthetic.shops.minutes import Minutes
from trainer.data.synthetic.shops.months import Months
from trainer.sources.made_up import SYNTHETIC_MARKER, is_synthetic

CHUNK = 200_000
"""Orders made at once. A part of the seed: another size draws other orders."""


class MadeUpShop(Protocol):
    """A made-up shop."""

    @property
    def files(self) -> dict[str, str]:
        """Texts by the name of the file that they go into."""

    def chunk(self, first: int, last: int, orders: int) -> pl.DataFrame:
        """Orders first..last-1 of all, by purchase time."""


KINDS: dict[str, Callable[[int], MadeUpShop]] = {"letters": Letters.of, "minutes": Minutes.of, "months": Months.of}


def synthesize_shop(kind: str, orders: int, seed: int, target: Path) -> None:
    """Write the folder: all of it or nothing; the same seed gives the same files.

    InvalidInput when it holds anything but made-up orders: those are never overwritten.
    """
    if target.exists() and any(target.iterdir()) and not is_synthetic(target):
        raise InvalidInput(f"{target} holds files that are not made up, so it is left alone: name another folder")
    shop = KINDS[kind](seed)
    with staged_folder(target) as folder:
        for name, text in shop.files.items():
            (folder / name).write_text(text, encoding="utf-8")
        with (folder / "orders.csv").open("wb") as stream, tqdm(total=orders, unit="order", disable=None) as progress:
            for first in range(0, orders, CHUNK):
                last = min(first + CHUNK, orders)
                shop.chunk(first, last, orders).write_csv(stream, include_header=first == 0)
                progress.update(last - first)
        (folder / SYNTHETIC_MARKER).write_text(f"made up by `trainer synthesize --shop {kind}`: seed {seed}\n")
