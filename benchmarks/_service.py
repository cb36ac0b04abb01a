"""A service in a process of its own, for benchmarks."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def service(home: Path, environ: Mapping[str, str] = os.environ) -> Generator[tuple[int, str]]:
    """A service on a home, for as long as the block lasts: its process's id and its URL."""
    serving = subprocess.Popen(
        [sys.executable, "-m", "autopack.main", "--port", "0"],
        env={**environ, "AUTOPACK_HOME": str(home)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        line = "" if serving.stdout is None else serving.stdout.readline()
        url = next((word for word in line.split() if word.startswith("http://")), None)
        if url is None:
            raise RuntimeError(f"the service said: {line!r}")
        yield serving.pid, url
    finally:
        serving.terminate()
        serving.communicate()
