"""The command line: reads what was typed, calls the rules, says what happened."""

from __future__ import annotations

import argparse
import os
import sys
from datetime import datetime
from typing import Mapping, Optional, Sequence

from tally import __version__, clock
from tally.errors import TallyError
from tally.store import Log, default_path
from tally.times import format_duration, parse_clock, parse_duration


def build_parser() -> argparse.ArgumentParser:
    """Everything that can be typed after `tally`."""
    parser = argparse.ArgumentParser(prog="tally", description="Track where the time goes.")
    parser.add_argument("--version", action="version", version=f"tally {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    start = commands.add_parser("start", help="begin something; what was running ends")
    start.add_argument("tag", help="what it is: writing, client/acme")
    start.add_argument("-n", "--note", default="", help="a few words about it")
    _add_moment(start)
    start.set_defaults(run=_start)

    stop = commands.add_parser("stop", help="end what is running")
    _add_moment(stop)
    stop.set_defaults(run=_stop)

    status = commands.add_parser("status", help="what is running, and for how long")
    status.set_defaults(run=_status)

    cancel = commands.add_parser("cancel", help="forget what is running")
    cancel.set_defaults(run=_cancel)

    history = commands.add_parser("log", help="the latest sessions, oldest first")
    history.add_argument("-c", "--count", type=int, default=10, help="how many (default: 10)")
    history.set_defaults(run=_log)

    return parser


def main(
    argv: Optional[Sequence[str]] = None,
    *,
    now: Optional[datetime] = None,
    environ: Optional[Mapping[str, str]] = None,
) -> int:
    """Run one command. Returns 0, or 1 after a mistake told on standard error."""
    args = build_parser().parse_args(argv)
    args.now = now or datetime.now().astimezone()
    try:
        args.run(args, Log(default_path(os.environ if environ is None else environ)))
    except TallyError as error:
        print(f"tally: {error}", file=sys.stderr)
        return 1
    return 0


def _add_moment(parser: argparse.ArgumentParser) -> None:
    moment = parser.add_mutually_exclusive_group()
    moment.add_argument("--at", metavar="TIME", help="when it was: 9:30, 'yesterday 17:00'")
    moment.add_argument("--ago", metavar="DURATION", help="how long ago it was: 10m, 1h30m")


def _moment(args: argparse.Namespace) -> datetime:
    if args.at is not None:
        return parse_clock(args.at, now=args.now)
    if args.ago is not None:
        return args.now - parse_duration(args.ago)
    return args.now


def _start(args: argparse.Namespace, log: Log) -> None:
    at = _moment(args)
    with log.update() as sessions:
        ended = clock.start(sessions, args.tag, at=at, now=args.now, note=args.note)
    if ended is not None:
        print(f"Stopped {ended.tag} after {format_duration(ended.duration(args.now))}.")
    print(f"Started {args.tag} at {at:%H:%M}.")


def _stop(args: argparse.Namespace, log: Log) -> None:
    with log.update() as sessions:
        ended = clock.stop(sessions, at=_moment(args), now=args.now)
    print(f"Stopped {ended.tag} after {format_duration(ended.duration(args.now))}.")


def _status(args: argparse.Namespace, log: Log) -> None:
    current = clock.running(log.read())
    if current is None:
        print("Nothing is running.")
        return
    note = f": {current.note}" if current.note else ""
    print(f"{current.tag} for {format_duration(current.duration(args.now))}, since {current.start:%H:%M}{note}")


def _cancel(args: argparse.Namespace, log: Log) -> None:
    with log.update() as sessions:
        forgotten = clock.cancel(sessions)
    print(f"Forgot {forgotten.tag}, which ran for {format_duration(forgotten.duration(args.now))}.")


def _log(args: argparse.Namespace, log: Log) -> None:
    if args.count < 1:
        raise TallyError("--count must be 1 or more")
    for session in log.read()[-args.count :]:
        end = "now  " if session.end is None else f"{session.end:%H:%M}"
        duration = format_duration(session.duration(args.now))
        line = f"{session.start:%Y-%m-%d}  {session.start:%H:%M}-{end}  {duration:>8}  {session.tag}  {session.note}"
        print(" ".join(line.splitlines()).rstrip())
