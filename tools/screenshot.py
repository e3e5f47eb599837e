"""A picture of a page that `equiglass view` made, as headless Chromium shows it.

python tools/screenshot.py PAGE.html PICTURE.png [--slice z]
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

DRAWN = "() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 300)))"
# Without a graphics card software draws.
OPTIONS = ["--no-sandbox", "--enable-unsafe-swiftshader", "--use-angle=swiftshader"]


def main() -> None:
    """Open the page, cut the slice that was asked for, take the picture."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("page", type=Path)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--slice", choices=["x", "y", "z"])
    chosen = parser.parse_args()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("google-chrome"), args=OPTIONS
        )
        page = browser.new_page(viewport={"width": 1150, "height": 880})
        page.set_default_timeout(240_000)
        page.goto(f"file://{chosen.page.absolute()}")
        page.wait_for_function("window.equiglass")
        if chosen.slice:
            page.select_option("#axis", chosen.slice)
        page.evaluate(DRAWN)
        page.screenshot(path=chosen.picture)
        browser.close()


if __name__ == "__main__":
    main()
