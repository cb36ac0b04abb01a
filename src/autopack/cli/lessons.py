"""`autopack lessons`: what was learned, which of it later prompts carry, and which of them did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from autopack.cli.door import Json, Records, RunArgument, in_loop, records, writing
from autopack.cli.notes import repository_here, show_all, user
from autopack.cli.out import emit, note, say
from autopack.cli.words import clean, count, instant
from autopack.errors import InvalidInput

if TYPE_CHECKING:
    from autopack.runs.schemas import Lesson
    from autopack.views.lessons import AcceptedLesson

app = typer.Typer(
    help="Lessons of earlier runs: list and decide about them.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Numbers = Annotated[
    list[int], typer.Argument(metavar="N…", min=1, help="Their numbers, as `autopack show RUN` has them.")
]


@app.command("list")
def list_(
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="At most so many.")] = 20,
    as_json: Json = False,
) -> None:
    """List the lessons that later prompts carry, with those that did, and the ones to decide about."""
    in_loop(_list(limit, as_json=as_json))


async def _list(limit: int, *, as_json: bool) -> None:
    from autopack.views.lessons import lessons_of_project

    top = await repository_here()
    async with records() as here:
        found = await lessons_of_project(here.database, here.redactor, limit=limit, project=top)
    if as_json:
        emit(found)
        return
    if not found.accepted:
        say(f"No lesson in {clean(found.project)}.")
    show_all((_head(one), one.text, one.receipts) for one in found.accepted)
    if more := found.total - len(found.accepted):
        say(f"\n{count(more, 'older lesson')}: --limit shows more.")
    for run in found.proposed:
        say(f"\nTo decide about, of {run.run_id}:")
        for one in run.lessons:
            say(f"  {one.number}  {clean(one.text)}")
        say(f"  autopack lessons accept {run.run_id} N…   or dismiss")
    if found.unread_bytes:
        note(f"The file of lessons is too long: its last {found.unread_bytes:,} bytes are not read.")


def _head(one: AcceptedLesson) -> str:
    learned = f"  (learned in {clean(one.run_id)})" if one.run_id else ""
    return f"{one.id}  {instant(one.created_at)}  {clean(one.author)}{learned}"


@app.command("accept")
def accept(run: RunArgument, numbers: Numbers) -> None:
    """Accept lessons of a run's last end: they go into .autopack/lessons.md, and later prompts carry them."""
    in_loop(_decide(run, numbers, "accepted"))


@app.command("dismiss")
def dismiss(run: RunArgument, numbers: Numbers) -> None:
    """Dismiss lessons of a run's last end. One that was accepted is taken out of .autopack/lessons.md."""
    in_loop(_decide(run, numbers, "dismissed"))


async def _decide(run: str, numbers: list[int], decision: Literal["accepted", "dismissed"]) -> None:
    from autopack.supervisor import learning
    from autopack.views.find import find_run

    async with writing() as here:
        async with here.read() as session:
            run_id = await find_run(session, run)
        known = await _lessons(here, run_id)
        if unknown := [number for number in numbers if number > len(known)]:
            listed = ", ".join(str(number) for number in unknown)
            raise InvalidInput(
                f"Run {run_id} has no lesson {listed}: it has {len(known)}.",
                hint=f"`autopack show {run_id}` has them with their numbers.",
            )
        for number in dict.fromkeys(numbers):
            decided = await learning.decide(
                here.database,
                here.settings,
                here.redactor,
                run_id=run_id,
                lesson_id=known[number - 1].id,
                decision=decision,
                by=user(),
            )
            say(f"{decision.capitalize()} lesson {decided.id}: {clean(decided.text)}")


async def _lessons(here: Records, run_id: str) -> tuple[Lesson, ...]:
    from autopack.views.postmortem import postmortem_view

    async with here.read() as session:
        return (await postmortem_view(session, run_id)).lessons
