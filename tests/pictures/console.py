"""`make pictures`: every page of the console that is up, in build/pictures/, the README's in docs/pictures/."""

import io
import os
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from devstack.environment import stack_environment
from support.console_fixtures import chromium, visit

__all__ = ["chromium"]

ROOT = Path(__file__).parents[2]
EVERY, SHOWN = ROOT / "build" / "pictures", ROOT / "docs" / "pictures"
PAGES = ("now", "ask", "files", "orders", "alerts", "models", "quality", "pace", "data")
IN_README = {"now": (0, 900), "ask": (1_060, 1_760), "quality": (0, 1_000), "pace": (0, 1_000)}
"""Pages, and the rows of pixels that the README's pictures show of them."""
WIDTHS = {"desk": 1_440, "phone": 360}
COLOURS = 64


@pytest.fixture(scope="module")
def home() -> str:
    """The address of the console of the stack that is up."""
    return f"http://127.0.0.1:{(os.environ | stack_environment())['CONSOLE_PORT']}"


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_drawn(chromium: Browser, home: str, name: str) -> None:
    for size, width in WIDTHS.items():
        for dark in (False, True):
            with visit(chromium, home, width, dark) as seen:
                seen.open("/" if name == "now" else f"/{name}")
                settle(seen.page, name)
                look = f"{size}{'-dark' if dark else ''}"
                png = seen.page.screenshot(full_page=True)
                keep(png, EVERY / f"{name}-{look}.png")
                if name in IN_README and look == "desk":
                    keep(png, SHOWN / f"{name}.png", IN_README[name], 960)


def settle(page: Page, name: str) -> None:
    """Wait until everything is there; ask the question that the form shows."""
    page.wait_for_timeout(500)
    expect(page.locator("[aria-label=loading]")).to_have_count(0)
    if name == "ask":
        page.get_by_role("button", name="Ask", exact=True).click()
        expect(page.locator("pre")).to_be_visible()
    page.wait_for_timeout(500)  # charts are drawn after their data


def keep(png: bytes, path: Path, rows: tuple[int, int] | None = None, width: int | None = None) -> None:
    """Write a picture with few colours, or some of its rows and no wider than this: a commit keeps it for ever."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    if rows and width:
        picture = picture.crop((0, rows[0], picture.width, min(rows[1], picture.height)))
        picture = picture.resize((width, round(picture.height * width / picture.width)), Image.Resampling.LANCZOS)
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
