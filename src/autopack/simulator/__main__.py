"""The simulator as a process of its own: `python -m autopack.simulator SCENARIO [--port N] [--log FILE]`.

The first line on standard output is its URL, written once it listens. It ends on SIGTERM or SIGINT.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from autopack.errors import AutopackError
from autopack.simulator.scenario import load_scenario
from autopack.simulator.server import serve


def main() -> int:
    """Serve until told to stop. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m autopack.simulator", description="Serve a scenario.")
    parser.add_argument("scenario", type=Path, help="scenario file, see docs/simulator.md")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (default: any free one)")
    parser.add_argument("--log", type=Path, default=None, help="request log to append to, one JSON line each")
    options = parser.parse_args()
    try:
        asyncio.run(_serve(options.scenario, port=options.port, log=options.log))
    except AutopackError as error:
        sys.stderr.write(" ".join(part for part in (error.message, error.hint) if part) + "\n")
        return error.exit_code
    return 0


async def _serve(scenario: Path, *, port: int, log: Path | None) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with serve(load_scenario(scenario), log=log, port=port) as running:
        sys.stdout.write(running.url + "\n")
        sys.stdout.flush()
        await stop.wait()


if __name__ == "__main__":
    sys.exit(main())
