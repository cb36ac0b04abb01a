"""Where `python3 -m tally` and the installed `tally` begin."""

from __future__ import annotations

import sys

from tally.cli import main


def run() -> None:
    """Run the program and leave with its exit code."""
    sys.exit(main())


if __name__ == "__main__":
    run()
