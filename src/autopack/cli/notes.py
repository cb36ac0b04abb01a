"""`autopack notes`: what people want later prompts to say, and which prompts said it."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from autopack.cli.door import Json, in_loop, records, writing
from autopack.cli.out import emit, note, say
from autopack.cli.words import clean, count, instant
from autopack.errors import InvalidInput

if TYPE_CHECKING:
    from autopack.notes.schemas import Receipt
    from autopack.views.notes import NoteView

app = typer.Typer(
    help="Notes to the models, in .autopack/human_notes.md.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_STDIN_CHARS = 1_000_000
_RECEIPTS = 10
"""Deliveries of a note that are listed: the latest."""


@app.command("add")
def add(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What to say; - reads it from standard input.")],
    run: Annotated[
        str | None,
        typer.Option("--run", metavar="RUN", help="For this run only, instead of all of its project."),
    ] = None,
) -> None:
    """Add a note: every prompt that begins later carries it.

    It is for the repository of the current folder, where that is registered, else for that of the latest
    active run.
    """
    in_loop(_add(sys.stdin.read(_STDIN_CHARS) if text == "-" else text, run))


async def _add(text: str, run: str | None) -> None:
    from autopack.notes.file import notes_path
    from autopack.supervisor import noting
    from autopack.views.find import find_run

    top = await repository_here()
    async with writing() as here:
        run_id = None
        if run is not None:
            async with here.read() as session:
                run_id = await find_run(session, run)
        async with here.read() as session:
            place = (await noting.place_of(session, run_id=run_id, project=top)).top
        added = await noting.add_note(
            here.database, here.settings, here.redactor, text=text, by=user(), run_id=run_id, project=place
        )
    scope = f"run {run_id}" if run_id else "every run of it"
    say(f"Added note {added.id} to {clean(str(notes_path(place)))}, for {scope}.")


@app.command("list")
def list_(
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="At most so many.")] = 20,
    as_json: Json = False,
) -> None:
    """List the newest notes, and the prompts that carried them."""
    in_loop(_list(limit, as_json=as_json))


async def _list(limit: int, *, as_json: bool) -> None:
    from autopack.views.notes import latest_notes

    top = await repository_here()
    async with records() as here:
        found = await latest_notes(here.database, here.redactor, limit=limit, project=top)
    if as_json:
        emit(found)
        return
    if not found.notes:
        say(f"No note in {clean(found.project)}. `autopack notes add TEXT` adds one.")
    show_all((_head(one), one.text, one.receipts) for one in found.notes)
    if more := found.total - len(found.notes):
        say(f"\n{count(more, 'older note')}: --limit shows more.")
    if found.unread_bytes:
        note(
            f"The notes' file is too long: its last {found.unread_bytes:,} bytes are not read, by no prompt."
        )


def _head(one: NoteView) -> str:
    only = f"  (run {clean(one.run_id)} only)" if one.run_id else ""
    return f"{one.id}  {instant(one.created_at)}  {clean(one.author)}{only}"


def show_all(told: Iterable[tuple[str, str, Sequence[Receipt]]]) -> None:
    """Notes or lessons: the first line of each, what it says, and which prompts carried it."""
    for place, (head, text, receipts) in enumerate(told):
        if place:
            say()
        say(head)
        for line in clean(text, lines=True).splitlines():
            say(f"    {line}".rstrip())
        latest = receipts[-_RECEIPTS:]
        if not latest:
            say("  not delivered yet")
        if before := len(receipts) - len(latest):
            say(f"  {count(before, 'earlier delivery', 'earlier deliveries')}")
        for receipt in latest:
            say(f"  {_delivered(receipt)}")


def _delivered(receipt: Receipt) -> str:
    """Which prompt carried it, and when."""
    where = f"phase {receipt.phase_index}, attempt {receipt.attempt}, {receipt.role}"
    return f"delivered to {where} of {receipt.run_id}, {instant(receipt.delivered_at)}"


@app.command("withdraw")
def withdraw(
    note_id: Annotated[str, typer.Argument(metavar="ID", help="Id of a note, or its beginning.")],
) -> None:
    """Withdraw a note: no prompt that begins later carries it. Deleting it in the file does the same."""
    in_loop(_withdraw(note_id))


async def _withdraw(note_id: str) -> None:
    from autopack.supervisor import noting

    top = await repository_here()
    async with writing() as here:
        gone = await noting.withdraw_note(
            here.database, here.settings, here.redactor, note_id=note_id, by=user(), project=top
        )
    whose = f"of {clean(gone.author)}" if gone.created_at else "that was written by hand"
    say(f"Withdrew note {gone.id} {whose}.")


async def repository_here() -> Path | None:
    """Top of the repository of the current folder, where it is one."""
    from autopack.workspace import source

    try:
        return (await source.inspect(Path.cwd())).top
    except InvalidInput:
        return None


def user() -> str:
    """The login name, for people without one "someone"."""
    try:
        return " ".join(getpass.getuser().split())[:100] or "someone"
    except (OSError, KeyError, ImportError):
        return "someone"
