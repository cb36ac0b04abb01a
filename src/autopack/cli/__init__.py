"""The command line: one file per noun. `--version` is answered before anything else is imported."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 succeeded, 1 failed, 2 wrong use, 130 cancelled."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["--version"]:
        from autopack import __version__

        print(f"autopack {__version__}")
        return 0
    from autopack.cli.app import call

    return call(arguments)
