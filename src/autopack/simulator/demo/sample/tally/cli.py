"""The command line."""

from __future__ import annotations

import argparse
from typing import Optional, Sequence

from tally import __version__


def build_parser() -> argparse.ArgumentParser:
    """Everything that can be typed after `tally`."""
    parser = argparse.ArgumentParser(prog="tally", description="Track where the time goes.")
    parser.add_argument("--version", action="version", version=f"tally {__version__}")
    return parser


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Run one command and return the exit code."""
    build_parser().parse_args(argv)
    return 0
