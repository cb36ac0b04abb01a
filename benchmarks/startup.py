"""`autopack --version` against `python -c "import typer"`: what a command costs before it does anything.

Whole processes in pairs, A B A B. Bar: at most 1.5 times. One JSON line; exits 1 where it is not met.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

BAR = 1.5


def seconds(*argv: str) -> float:
    started = time.perf_counter()
    subprocess.run(argv, check=True, capture_output=True)
    return time.perf_counter() - started


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    ours = (str(Path(sys.executable).parent / "autopack"), "--version")
    floor = (sys.executable, "-c", "import typer")
    for argv in (ours, floor):
        seconds(*argv)
    pairs = [(seconds(*ours), seconds(*floor)) for _ in range(rounds)]
    ratio = statistics.median(mine / theirs for mine, theirs in pairs)
    figures = {
        "benchmark": "startup",
        "rounds": rounds,
        "autopack_version_ms": round(statistics.median(mine for mine, _ in pairs) * 1000, 1),
        "import_typer_ms": round(statistics.median(theirs for _, theirs in pairs) * 1000, 1),
        "ratio": round(ratio, 3),
        "bar": BAR,
    }
    print(json.dumps(figures))
    return int(ratio > BAR)


if __name__ == "__main__":
    raise SystemExit(main())
