"""`autopack pause`, `resume`, `cancel`, `retry` and `skip`: from any terminal, whoever drives the run."""

from __future__ import annotations

import asyncio
import getpass
import os
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from autopack.cli.door import Json, MaybePhase, Records, RunArgument, in_loop, settings, writing
from autopack.cli.out import emit_line, say
from autopack.cli.run import Wanted, perform
from autopack.cli.words import words
from autopack.runs.states import RunState

if TYPE_CHECKING:
    from autopack.db import Database
    from autopack.supervisor.control import Asked

_HEEDED_SECONDS = 20.0
"""How long to wait for a run's owner to stop it."""
_LOOK_SECONDS = 0.1


def pause(run: RunArgument) -> None:
    """Pause a run before its next step.

    A conversation pauses between two requests. A paused run stays so, over restarts, until `resume`.
    """
    in_loop(_pause(run))


async def _pause(said: str) -> None:
    from autopack.supervisor import control

    async with writing() as here:
        asked = await control.pause(here.database, await _found(here, said), by=user())
    if asked.state == "pausing":
        say(f"{asked.run_id} pauses before its next step or request.")
    else:
        say(f"{asked.run_id} is {asked.state}{'' if asked.changed else ' already'}.")


def cancel(run: RunArgument) -> int:
    """Stop a run at once.

    What a model or a command does is interrupted; everything committed stays, and `resume` goes on.
    """
    return in_loop(_cancel(run))


async def _cancel(said: str) -> int:
    from autopack.runs import queries
    from autopack.supervisor import control

    async with writing() as here:
        asked = await control.cancel(here.database, await _found(here, said), by=user())
        until = asyncio.get_running_loop().time() + _HEEDED_SECONDS
        while True:
            async with here.read() as session:
                state = RunState((await queries.run(session, asked.run_id)).state)
            if state.ended or asyncio.get_running_loop().time() > until:
                break
            await asyncio.sleep(_LOOK_SECONDS)
    if not state.ended:
        say(f"{asked.run_id} is asked to stop, and has not yet: `autopack status {asked.run_id}`.")
        return 1
    say(f"{asked.run_id} is {state}{'' if asked.changed else ' already'}.")
    return 0


def resume(run: RunArgument, as_json: Json = False) -> int:
    """Go on with a run that was stopped.

    One that is paused, was interrupted or cancelled, or could not go on for a reason that is mended.

    A service that is alive (`autopack serve`) drives it; else this terminal does, as `run` does.
    """
    from autopack.supervisor import control

    return in_loop(_go_on(run, lambda database, run_id: control.resume(database, run_id, by=user()), as_json))


def retry(run: RunArgument, as_json: Json = False) -> int:
    """Go on with a failed run, with new attempts.

    Its phase gets as many more as the plan gives it, where it has none left.

    A service that is alive drives it; else this terminal does.
    """
    from autopack.supervisor import control

    return in_loop(_go_on(run, lambda database, run_id: control.retry(database, run_id, by=user()), as_json))


def skip(
    run: RunArgument,
    phase: MaybePhase = None,
    as_json: Json = False,
) -> int:
    """Go past the phase that a run failed at.

    Or past a named one that is not done yet.

    A run that had ended goes on; one that is paused stays so.
    """
    return in_loop(_skip(run, phase, as_json))


async def _skip(said: str, phase: str | None, as_json: bool) -> int:
    from autopack.runs import queries
    from autopack.supervisor import control
    from autopack.views.find import find_phase

    async with writing() as here:
        run_id = await _found(here, said)
        async with here.read() as session:
            ids = [one.phase_id for one in await queries.phases(session, run_id)]
            ended = (await queries.run(session, run_id)).ended_at is not None
    phase_id = None if phase is None else ids[find_phase(ids, phase) - 1]

    async def ask(database: Database, run_id: str) -> Asked:
        return await control.skip(database, run_id, by=user(), phase_id=phase_id)

    if ended:
        return await _go_on(run_id, ask, as_json)
    async with writing() as here:
        asked = await ask(here.database, run_id)
    if as_json:
        _emit(asked)
    else:
        say(f"{'Skipped' if asked.changed else 'It was skipped already'}; {run_id} is {words(asked.state)}.")
    return 0


async def _go_on(said: str, ask: Callable[[Database, str], Awaitable[Asked]], as_json: bool) -> int:
    """Ask, and leave the run to whoever drives it or to a live service; else drive it here."""
    from autopack.runs import queries
    from autopack.supervisor import workers

    async with writing() as here:
        run_id = await _found(here, said)
        async with here.read() as session:
            owner = (await queries.run(session, run_id)).owner
            driven = await workers.is_alive(session, owner)
            services = await workers.services(session)
        if driven or services:
            asked = await ask(here.database, run_id)
            if as_json:
                _emit(asked, service=None if driven else services[0].address)
                return 0
            where = "its process goes on" if driven else f"left to the service at {services[0].address}"
            say(f"{run_id} is {words(asked.state)}: {where}. Watch it with `autopack logs {run_id} -f`.")
            return 0
    return await perform(settings(), os.environ, Wanted(going_on=run_id, ask=ask, as_json=as_json))


def _emit(asked: Asked, *, service: str | None = None) -> None:
    """The result of what was asked, where this terminal does not drive the run, for a script."""
    told = {"run_id": asked.run_id, "state": asked.state, "changed": asked.changed, "service": service}
    emit_line({"kind": "result", "exit_code": 0, **told})


async def _found(here: Records, said: str) -> str:
    from autopack.views.find import find_run

    async with here.read() as session:
        return await find_run(session, said)


def user() -> str:
    """Who asks: the name of the user of this terminal."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return f"user {os.getuid()}"
