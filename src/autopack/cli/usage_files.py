"""`autopack usage export` and `autopack usage import`: every recorded call as a file, and back."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from autopack.cli.door import in_loop, named, records, writing
from autopack.cli.out import say
from autopack.cli.words import clean, count
from autopack.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    from autopack.redaction import Redactor
    from autopack.usage.records import Read, Wrong


class FileFormat(StrEnum):
    """How calls are written."""

    JSONL = "jsonl"
    CSV = "csv"


def export(
    as_format: Annotated[
        FileFormat, typer.Option("--format", help="JSON lines, or CSV with the columns' names first.")
    ] = FileFormat.JSONL,
) -> None:
    """Print every recorded call, one a line, in the order of recording. `usage import` reads it."""
    in_loop(_export(as_format))


async def _export(as_format: FileFormat) -> None:
    from autopack.usage.queries import events
    from autopack.usage.records import csv_header, csv_line, json_line, record_of

    terminal = sys.stdout.isatty()
    line = json_line if as_format is FileFormat.JSONL else csv_line
    if as_format is FileFormat.CSV:
        say(csv_header())
    async with records() as here, here.read() as session:
        async for event in events(session):
            text = line(record_of(event))
            sys.stdout.write((clean(text) if terminal else text) + "\n")


def import_(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="JSON lines or CSV, as `usage export` writes.")
    ],
) -> None:
    """Record the calls of a file that are not recorded yet.

    All of them or, if a line is wrong, none. A call is known by its id: the same file again adds nothing.
    """
    in_loop(_import(named(file)))


async def _import(path: Path) -> None:
    from autopack.routing.importing import import_calls

    async with writing() as here:
        done = await import_calls(here.database, lambda: _lines(path, here.redactor), source=clean(str(path)))
    said = [f"{count(done.added, 'call')} imported"]
    if done.settled:
        said.append(f"{done.settled:,} of unknown usage settled")
    if done.known:
        said.append(f"{done.known:,} known already")
    say(", ".join(said) + ".")


def _lines(path: Path, redactor: Redactor) -> Iterator[Read | Wrong]:
    from autopack.usage.records import read_records

    try:
        with path.open(encoding="utf-8", newline="") as file:
            yield from read_records(file, redact=redactor.text)
    except (FileNotFoundError, NotADirectoryError):
        raise NotFound(f"{path}: there is no such file.", hint="Check the path.") from None
    except OSError as error:
        raise InvalidInput(f"{path}: can't be read: {error.strerror}.", hint="Name a file.") from None
    except UnicodeDecodeError:
        raise InvalidInput(f"{path}: is not UTF-8 text.", hint="Save the file as UTF-8.") from None
