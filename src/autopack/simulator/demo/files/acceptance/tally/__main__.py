"""Where `python3 -m tally` and the installed `tally` begin."""

from __future__ import annotations

import os
import sys

from tally.cli import main


def run() -> None:
    """Run the program and leave with its exit code, quietly where the user or the reader had enough."""
    try:
        code = main()
        sys.stdout.flush()
    except BrokenPipeError:  # `tally log | head`: what is still buffered has nowhere to go
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)


if __name__ == "__main__":
    run()
