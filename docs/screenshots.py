"""Take the documentation's pictures of the dashboard: `./dev screenshots`.

A real service, real runs with simulated models, a real Chromium; the same pictures each time but for ids,
times and the folder they are staged in. `--all DIR` takes every state of the page instead, at two sizes,
light and dark, to be looked through.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from pathlib import Path

from fixtures.browser import chromium
from pictures import documentation, states
from pictures.staging import staged

IMAGES = Path(__file__).resolve().parent / "images"


async def main() -> None:
    """Stage the runs and take the pictures."""
    parser = argparse.ArgumentParser(description="Take the documentation's pictures of the dashboard.")
    parser.add_argument("--all", metavar="DIR", type=Path, help="every state of the page, into this folder")
    every: Path | None = parser.parse_args().all
    folder, take = (IMAGES, documentation.take) if every is None else (every, states.take)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="autopack-") as home:
        async with staged(Path(home)) as scene, chromium() as browser:
            await take(browser, scene, folder)
    print(f"{len(list(folder.glob('*.png')))} pictures in {folder}")


if __name__ == "__main__":
    asyncio.run(main())
