"""The account of a run's end: who writes it, when, and what it says. It never touches the run.

The transaction that ends a run leaves a row that says that one is due, and whose it is: the process's that
drove the run. That one writes it afterwards, while it still lives; one that it left undone is written by a
service. A model is asked for it once: what a crash cut off in the middle is not done again, but for a person
who asks for it.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from autopack.agents.base import ProviderRefused, Seat
from autopack.agents.unwatched import Unwatched
from autopack.db import AnySession, Database, WriteSession
from autopack.errors import AutopackError, Conflict, Unavailable
from autopack.notes.service import plain
from autopack.plan import Plan
from autopack.processes import Confinement
from autopack.projects import queries as projects
from autopack.roles import postmortem
from autopack.roles.briefs import Call
from autopack.roles.schemas import Postmortem
from autopack.routing.meter import CallContext, Meter
from autopack.routing.policy import ModelRef
from autopack.routing.quota import read_view
from autopack.routing.router import ANY, ModelRouter
from autopack.runs import queries as runs
from autopack.runs import service
from autopack.runs.schemas import Lesson
from autopack.runs.states import PostmortemState, RunState
from autopack.runs.tables import PostmortemRow, RunRow
from autopack.supervisor import queries, workers
from autopack.supervisor.budgets import BudgetReached, check_budgets
from autopack.supervisor.hold import bare_settings
from autopack.supervisor.recorded import brief_of
from autopack.supervisor.services import Services
from autopack.supervisor.temporary import temporary_workspace
from autopack.usage.schemas import TokenUsage
from autopack.workspace import Workspace

ROLE = "agent:postmortem"
LIMIT_SECONDS = 180.0
"""How long one may take, its waits for a provider included."""
LOOK_SECONDS = 0.5
GRACE_SECONDS = 30.0
"""How long a process that drove a run, and is seen no more, may still be about to write."""
_REQUESTS, _OUTPUT_TOKENS = 8, 8_000

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class _Held:
    """One that this process writes."""

    run_id: str
    epoch: int
    owner: str


async def keep_writing(services: Services) -> None:
    """Write those of the runs that this process drove, and those that others left undone, until it leaves."""
    while not services.leaving.is_set():
        try:
            for run_id in await _left_to_us(services):
                await write_due(services, run_id, owner=services.owner, stop=services.leaving)
        except Exception as error:  # a database that is away, say: later again
            log.warning("postmortems_failed: %s", error)
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_SECONDS):
                await services.leaving.wait()


async def _left_to_us(services: Services) -> list[str]:
    async with services.database.read() as session:
        due = await queries.postmortems_due(session)
        alive = await workers.living(session, {row.owner for row in due if row.owner is not None})
    ours = services.owner
    return [row.run_id for row in due if row.owner == ours or (row.owner not in alive and is_late(row))]


def is_late(row: PostmortemRow) -> bool:
    """Whether the process that is to write it, and is seen no more, had its time."""
    return row.due_at < datetime.now(UTC) - timedelta(seconds=GRACE_SECONDS)


async def write_due(services: Services, run_id: str, *, owner: str, stop: asyncio.Event) -> None:
    """Write that of a run that has just ended, where this process owes it or its owner is gone.

    Why none is written stands in the row: nothing is raised for it. `owner` is an executor id that is
    registered as alive; once `stop` is set it is left unwritten.
    """
    async with services.database.write() as session:
        run = await runs.run(session, run_id, lock=True)
        row = await _of_this_end(session, run)
        if row is None or row.state != PostmortemState.DUE:
            return
        if row.owner not in (owner, services.owner) and await workers.is_alive(session, row.owner):
            return
        held = await _begin(session, row, owner=owner)
    await _write(services, held, stop)


async def write_asked(services: Services, run_id: str, *, owner: str, stop: asyncio.Event) -> None:
    """Write that of a run's last end because a person asks for it; one that is made is left as it is.

    Raises `NotFound`, and `Conflict` where the run has not ended, or a live process writes it.
    """
    async with services.database.write() as session:
        run = await runs.run(session, run_id, lock=True)
        if not RunState(run.state).ended:
            raise Conflict(
                f"Run {run_id} has not ended: it is {run.state}.",
                hint="What was learned is written at its end.",
            )
        await service.owe_postmortem(session, run, driver=None)  # it may have ended before there were any
        row = await _of_this_end(session, run)
        if row is None or row.state == PostmortemState.MADE:
            return
        if await being_written(session, row):
            raise Conflict(
                f"What was learned of run {run_id} is being written by a live process ({row.owner}).",
                hint=f"`autopack show {run_id}` has it in a moment.",
            )
        held = await _begin(session, row, owner=owner)
    await _write(services, held, stop)


async def being_written(session: AnySession, row: PostmortemRow) -> bool:
    """Whether a live process writes it, or is about to."""
    if row.state not in (PostmortemState.DUE, PostmortemState.WRITING):
        return False
    return await workers.is_alive(session, row.owner)


async def _of_this_end(session: WriteSession, run: RunRow) -> PostmortemRow | None:
    row = await queries.latest_postmortem(session, run.id)
    return row if row is not None and row.epoch == run.epoch and RunState(run.state).ended else None


async def _begin(session: WriteSession, row: PostmortemRow, *, owner: str) -> _Held:
    await service.begin_postmortem(session, row, owner=owner)
    return _Held(run_id=row.run_id, epoch=row.epoch, owner=owner)


async def _write(services: Services, held: _Held, stop: asyncio.Event) -> None:
    asking = asyncio.create_task(_asked(services, held))
    stopped = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({asking, stopped}, timeout=LIMIT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (asking, stopped):
            task.cancel()
        await asyncio.gather(asking, stopped, return_exceptions=True)
    if asking.cancelled():
        said = "it was stopped" if stop.is_set() else f"it took longer than {LIMIT_SECONDS:.0f} s"
        await _end(services.database, held, reason=said)
        return
    try:
        model, written = asking.result()
    except AutopackError as error:
        reason = error.message if isinstance(error, BudgetReached) else _sentence(error)
        await _end(services.database, held, reason=reason)
    except Exception as error:
        log.exception("postmortem_failed %s", held.run_id)
        reason = f"Autopack itself failed: {type(error).__name__}: {error}; autopack.log says more"
        await _end(services.database, held, reason=reason)
    else:
        await _end(services.database, held, model=model, written=written)


def _sentence(error: AutopackError) -> str:
    """What happened and what to do, where the run is over: nothing of it is resumed."""
    hint = error.hint.replace("resume the run", "ask for it again")
    return ". ".join(part.strip().rstrip(".") for part in (error.message, hint) if part.strip())


async def _end(
    database: Database,
    held: _Held,
    *,
    reason: str = "",
    model: ModelRef | None = None,
    written: Postmortem | None = None,
) -> None:
    """Keep what came of it, where it is still ours to write."""
    async with database.write() as session:
        await runs.run(session, held.run_id, lock=True)
        row = await queries.latest_postmortem(session, held.run_id)
        ours = (PostmortemState.WRITING, held.epoch, held.owner)
        if row is None or (row.state, row.epoch, row.owner) != ours:
            return
        if written is None or model is None:
            await service.end_postmortem(session, row, reason=reason)
            return
        row.model, row.simulated = model.name, model.simulated
        row.built, row.failed = plain(written.built), plain(written.failed)
        row.lessons = [lesson.model_dump() for lesson in _lessons(held, written)]
        await service.end_postmortem(session, row)


def _lessons(held: _Held, written: Postmortem) -> list[Lesson]:
    """Each once; one's id is made of the end it is of, and its text."""
    texts = dict.fromkeys(plain(text) for text in written.lessons)
    return [
        Lesson(id=hashlib.sha256(f"{held.run_id}\0{held.epoch}\0{text}".encode()).hexdigest()[:8], text=text)
        for text in texts
    ]


async def _asked(services: Services, held: _Held) -> tuple[ModelRef, Postmortem]:
    """Choose the model and have it write. Raises `Unavailable`, and what a call of a model raises."""
    async with services.database.read() as session:
        run = await runs.run(session, held.run_id)
        if not await runs.attempts(session, held.run_id):
            raise Unavailable("no phase was begun, so there is nothing to tell")
        top = Path((await projects.by_id(session, run.project_id)).path)
    model = await _model(services, run)
    if not model.key_set(services.environ):
        raise ProviderRefused(f"{model.name} needs a key, and {model.api_key_env} is not set.")
    key = services.environ.get(model.api_key_env, "").strip()
    async with temporary_workspace(
        services.settings, services.redactor, owner=held.owner, top=top
    ) as workspace:
        await workspace.create_empty()
        call = Call(
            model=model,
            api_key=key,
            max_requests=_REQUESTS,
            max_output_tokens=_OUTPUT_TOKENS,
            seat=_seat(services, run, model, workspace),
        )
        brief = await brief_of(services, run, top=top, epoch=held.epoch, empty=workspace.build)
        meter = _meter(services, held, model)
        written = await postmortem.write(services.agent, brief, call=call, meter=meter, watch=Unwatched())
    return model, written


async def _model(services: Services, run: RunRow) -> ModelRef:
    """By models.yaml as it is now, since the run is over, and by the run's overrides."""
    policy = services.policy.now()
    async with services.database.read() as session:
        view = await read_view(session, policy, roles=(ROLE,), category=ANY)
    router = ModelRouter(policy, overrides=run.model_overrides, quota=view)
    decision = router.decide(role=ROLE, category=ANY, complexity=ANY)
    if decision.verdict != "go":
        raise Unavailable(decision.reason)
    return decision.model


def _seat(services: Services, run: RunRow, model: ModelRef, workspace: Workspace) -> Seat | None:
    """Where a coding agent's program writes it: confined as the run was, with nothing to read or change."""
    if model.agent is None:
        return None
    settings = bare_settings(Confinement(run.confinement), services.environ)
    return workspace.seat(model.agent, settings, which="build", may_write=False)


def _meter(services: Services, held: _Held, model: ModelRef) -> Meter:
    context = CallContext(run_id=held.run_id, role=ROLE, model=model, owner=held.owner)

    async def allow(session: WriteSession, bound: TokenUsage, cost: Decimal | None) -> None:
        run = await runs.run(session, held.run_id, lock=True)
        if run.epoch != held.epoch or not RunState(run.state).ended:
            raise Unavailable("the run goes on")
        plan = Plan.model_validate(run.plan)
        await check_budgets(session, plan, held.run_id, "", bound=bound, cost=cost)

    return Meter(services.database, context, policy=services.policy.now, allow=allow)
