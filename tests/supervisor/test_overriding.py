"""Another model for a role: in one run, for phases that it begins later, or in models.yaml, for new runs."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from autopack.config import Settings
from autopack.db import Database
from autopack.errors import AutopackError, Conflict, InvalidInput, NotFound
from autopack.feed import queries as feed
from autopack.feed.schemas import ModelOverridden
from autopack.plan import parse_plan
from autopack.routing.cells import Cell
from autopack.routing.decisions import Decision
from autopack.routing.policyfile import LivePolicy, default_policy_text
from autopack.runs import queries
from autopack.runs.states import EndReason, RunState
from autopack.supervisor import amend, control, launch
from autopack.supervisor.overriding import Overridden, Wish, override
from autopack.views.explaining import explain
from autopack.views.mapping import mapping
from fixtures.database import execute
from fixtures.world import PLAN, World, approves, builds, rejects, small_world, write_file
from supervisor.waiting import LIMIT_SECONDS, asked, until
from views.recorded import end_run, record_run

CELL = Cell("builder", "core_backend", "low")
KEYS = {"OPENAI_API_KEY": "x", "ANTHROPIC_API_KEY": "x"}
PHASE = PLAN["tiers"][0]["phases"][0]
TWO: dict[str, Any] = {
    **PLAN,
    "verify": "none",
    "tiers": [{"name": "Only", "phases": [PHASE, {**PHASE, "id": "two", "name": "The second phase"}]}],
}
SLOW = {**write_file("one.py", "ONE = 1\n"), "delay_seconds": 1.0}
GOOD = write_file("one.py", "ONE = 1\n")
FIRST = ("Role: builder", "Phase: one", "Attempt: 1")


class Home:
    """A home with one recorded run, and wishes of its user."""

    def __init__(self, settings: Settings, database: Database, run_id: str) -> None:
        self.settings, self.database, self.run_id = settings, database, run_id
        self.policy = LivePolicy(settings.policy_path)

    async def wish(self, cell: Cell, model: str | None, run_id: str | None = None, **keys: str) -> Overridden:
        scope = "global" if run_id is None else "run"
        wish = Wish(cell=cell, model=model, scope=scope, run_id=run_id)
        return await override(self.database, self.policy, keys or KEYS, wish, by="Ada")

    async def told(self) -> list[ModelOverridden]:
        async with self.database.read() as session:
            events = await feed.after(session, event_id=0, run_id=self.run_id, limit=1000)
        return [event.body for event in events if isinstance(event.body, ModelOverridden)]


@pytest.fixture
async def home(settings: Settings, database: Database, tmp_path: Path) -> Home:
    return Home(settings, database, await record_run(settings, repository=tmp_path))


async def builders(world: World, run_id: str) -> list[tuple[str, int, str]]:
    """Phase, attempt and Builder of each attempt."""
    async with world.services.database.read() as session:
        phases = {one.phase_index: one.phase_id for one in await queries.phases(session, run_id)}
        attempts = await queries.attempts(session, run_id)
    return [
        (phases[one.phase_index], one.number, Decision.model_validate(one.builder_decision).model.name)
        for one in attempts
    ]


def wish_of(run_id: str, model: str | None) -> Wish:
    return Wish(cell=CELL, model=model, scope="run", run_id=run_id)


async def test_a_phase_in_hand_keeps_its_model_and_the_next_one_takes_the_new(
    tmp_path: Path, settings: Settings
) -> None:
    """Also the later attempts of the phase in hand; and no other run hears of it."""
    conversations = [
        builds(1, SLOW),
        rejects(1),
        builds(2, write_file("one.py", "ONE = 2\n")),
        approves(),
        builds(1, write_file("two.py", "TWO = 2\n"), phase="two"),
        approves("two"),
    ]
    async with small_world(tmp_path, settings, *conversations, plan=TWO) as world:
        run_id = await world.create()
        driving = asyncio.create_task(world.drive(run_id))
        await asked(world, 1)
        here = world.services
        done = await override(
            here.database, here.policy, here.environ, wish_of(run_id, "gpt-5-nano"), by="Ada"
        )
        assert (done.changed, done.model, done.notices) == (True, "gpt-5-nano", ())
        await asyncio.wait_for(driving, LIMIT_SECONDS)
        run = await world.read(run_id)
        assert run.state == "succeeded", run.end_detail
        assert await builders(world, run_id) == [
            ("one", 1, "gpt-5-mini"),
            ("one", 2, "gpt-5-mini"),
            ("two", 1, "gpt-5-nano"),
        ]
        assert "gpt-5-nano" not in settings.policy_path.read_text()
        async with here.database.read() as session:
            fresh = await explain(
                session, here.policy, role="builder", category="core_backend", complexity="low"
            )
        assert fresh.model.name == "gpt-5-mini"


@pytest.mark.parametrize(
    ("category", "model", "begun"), [("docs", "gpt-5-mini", 1), ("core_backend", "gpt-5-nano", 2)]
)
async def test_a_phase_that_stands_still_begins_anew_only_where_its_own_model_is_another(
    tmp_path: Path, settings: Settings, category: str, model: str, begun: int
) -> None:
    async with small_world(tmp_path, settings, builds(1, GOOD, SLOW), approves()) as world:
        run_id, here = await world.create(), world.services
        driving = asyncio.create_task(world.drive(run_id))

        async def answered() -> bool:
            return bool(here.transcripts.every())

        await until(answered)
        await control.cancel(here.database, run_id, by="Ada")
        await asyncio.wait_for(driving, LIMIT_SECONDS)
        cell = Cell("builder", category, "low")
        wish = Wish(cell=cell, model="gpt-5-nano", scope="run", run_id=run_id)
        await override(here.database, here.policy, here.environ, wish, by="Ada")
        await control.resume(here.database, run_id, by="Ada")
        await world.drive(run_id)
        assert (await world.read(run_id)).state == "succeeded"
        assert await builders(world, run_id) == [("one", 1, model)]
        first = [one for one in world.simulator.entries() if one.when == FIRST and one.step == 0]
        assert len(first) == begun
        assert not here.transcripts.every()


async def test_a_new_default_is_for_new_runs_only(tmp_path: Path, settings: Settings) -> None:
    one = [builds(1, SLOW), approves()]
    two = [builds(1, write_file("two.py", "TWO = 2\n"), phase="two"), approves("two")]
    async with small_world(tmp_path, settings, *one, *two, plan=TWO) as world:
        run_id = await world.create()
        driving = asyncio.create_task(world.drive(run_id))
        await asked(world, 1)
        here = world.services
        wish = Wish(cell=CELL, model="gpt-5-nano", scope="global")
        assert (await override(here.database, here.policy, here.environ, wish, by="Ada")).changed
        await asyncio.wait_for(driving, LIMIT_SECONDS)
        assert {name for _, _, name in await builders(world, run_id)} == {"gpt-5-mini"}
        later = await world.create()
        await world.drive(later)
        assert {name for _, _, name in await builders(world, later)} == {"gpt-5-nano"}


async def test_a_change_of_a_run_is_told_once_and_taken_back(home: Home) -> None:
    done = await home.wish(CELL, "gpt-4o", home.run_id)
    assert (done.changed, done.model, done.run_id, done.scope) == (True, "gpt-4o", home.run_id, "run")
    assert not (await home.wish(CELL, "gpt-4o", home.run_id)).changed
    other = Cell("auditor", "docs", "high")
    await home.wish(other, "glm-4.6", home.run_id, **KEYS, ZAI_API_KEY="x")
    async with home.database.read() as session:
        kept = (await queries.run(session, home.run_id)).model_overrides
        rows = await mapping(session, home.policy, run_id=home.run_id)
    assert kept == {"builder": {"core_backend:low": "gpt-4o"}, "auditor": {"docs:high": "glm-4.6"}}
    assert {(one.role, one.category, one.complexity) for one in rows if one.scope == "run"} == {CELL, other}
    done = await home.wish(CELL, None, home.run_id)
    assert (done.changed, done.model) == (True, "gpt-6-luna")
    assert not (await home.wish(CELL, None, home.run_id)).changed
    async with home.database.read() as session:
        kept = (await queries.run(session, home.run_id)).model_overrides
    assert kept == {"auditor": {"docs:high": "glm-4.6"}}
    assert [(one.by, one.role, one.category, one.complexity, one.model) for one in await home.told()] == [
        ("Ada", *CELL, "gpt-4o"),
        ("Ada", *other, "glm-4.6"),
        ("Ada", *CELL, None),
    ]


async def test_a_helper_of_a_run_is_changed_and_taken_back(home: Home) -> None:
    cell = Cell("agent:planner", "*", "*")
    assert (await home.wish(cell, "gpt-4o", home.run_id)).model == "gpt-4o"
    async with home.database.read() as session:
        rows = await mapping(session, home.policy, run_id=home.run_id)
    (row,) = [one for one in rows if one.role == "agent:planner"]
    assert (row.model, row.scope, row.category, row.complexity) == ("gpt-4o", "run", "*", "*")
    assert (await home.wish(cell, None, home.run_id)).model == "claude-opus-5-5"


REFUSED: list[tuple[Cell, str | None, bool, type[AutopackError], str, str]] = [
    (Cell("writer", "docs", "low"), "gpt-4o", True, InvalidInput, "'writer' is not a role", "builder, aud"),
    (Cell("writer", "docs", "low"), "gpt-4o", False, InvalidInput, "'writer' is not a role", "agent:NAME"),
    (Cell("agent:x", "*", "*"), "gpt-4o", True, InvalidInput, "no helper 'x'", "agent:planner"),
    (Cell("agent:planner", "docs", "*"), "gpt-4o", False, InvalidInput, "no phase", "for both"),
    (Cell("builder", "zork", "low"), "gpt-4o", True, InvalidInput, "nor the run's plan", "core_backend, "),
    (Cell("builder", "zork", "low"), "gpt-4o", False, InvalidInput, "nor any run's plan", "docs, "),
    (Cell("builder", "docs", "hard"), "gpt-4o", True, InvalidInput, "'hard' is not a complexity", "low, med"),
    (Cell("builder", "docs", "hard"), "gpt-4o", False, InvalidInput, "'hard' is not a complexity", "low, m"),
    (Cell("builder", "*", "low"), "gpt-4o", True, InvalidInput, "not for \\*", "models.yaml"),
    (Cell("builder", "docs", "*"), "gpt-4o", True, InvalidInput, "not for \\*", "Name both"),
    (Cell("builder", "*", "*"), "gpt-4o", False, InvalidInput, "no one cell", "Name a category"),
    (CELL, "zork-1", True, InvalidInput, "no provider is known for model 'zork-1'", "models:"),
    (CELL, "zork-1", False, InvalidInput, "no provider is known for model 'zork-1'", "models:"),
    (CELL, "gpt 4", True, InvalidInput, "'gpt 4' is not a model's name", "provider"),
    (CELL, "codex/", True, InvalidInput, "names no model", "codex knows it by"),
]


@pytest.mark.parametrize(("cell", "model", "of_run", "kind", "said", "hint"), REFUSED)
async def test_what_can_t_be_is_refused_with_the_reason(
    home: Home,
    cell: Cell,
    model: str,
    of_run: bool,
    kind: type[AutopackError],
    said: str,
    hint: str,
) -> None:
    with pytest.raises(kind, match=said) as refused:
        await home.wish(cell, model, home.run_id if of_run else None)
    assert hint in refused.value.hint
    assert await home.told() == []
    assert home.settings.policy_path.read_text() == default_policy_text()


async def test_a_run_that_is_not_there_or_not_said_is_refused(home: Home) -> None:
    with pytest.raises(NotFound, match="There is no run run_nobody"):
        await home.wish(CELL, "gpt-4o", "run_nobody")
    wish = Wish(cell=CELL, model="gpt-4o", scope="run")
    with pytest.raises(InvalidInput, match="has to say for which"):
        await override(home.database, home.policy, KEYS, wish, by="Ada")


async def test_a_run_that_has_succeeded_is_left_as_it_is(home: Home) -> None:
    await end_run(home.settings, home.run_id, state=RunState.SUCCEEDED, reason=EndReason.COMPLETED)
    with pytest.raises(Conflict, match="has succeeded"):
        await home.wish(CELL, "gpt-4o", home.run_id)
    assert await home.told() == []


async def test_a_run_that_failed_may_be_given_another_model_before_it_goes_on(home: Home) -> None:
    await end_run(home.settings, home.run_id, state=RunState.FAILED, reason=EndReason.UNAVAILABLE)
    assert (await home.wish(CELL, "gpt-4o", home.run_id)).changed


async def test_a_category_of_a_plan_alone_may_have_a_model_of_its_own(home: Home) -> None:
    cell = Cell("builder", "billing", "low")
    execute(home.settings, "UPDATE phases SET category = 'billing' WHERE phase_id = 'docs'")
    assert (await home.wish(cell, "gpt-4o")).changed
    async with home.database.read() as session:
        rows = await mapping(session, home.policy)
    (row,) = [one for one in rows if (one.role, one.category, one.complexity) == cell]
    assert (row.model, row.source, row.overridden) == ("gpt-4o", "category_complexity", True)


async def test_a_key_or_price_that_is_missing_is_said_and_no_reason_to_refuse(home: Home) -> None:
    done = await home.wish(CELL, "gpt-of-tomorrow", home.run_id, OTHER_KEY="x")
    assert done.changed
    key, price = done.notices
    assert key == "OPENAI_API_KEY is not set here: gpt-of-tomorrow can't be called without it."
    assert price == "No price of gpt-of-tomorrow is known: what it costs will be shown as unknown."
    assert (await home.wish(CELL, "gpt-4o")).notices == ()


async def test_a_broken_file_is_refused_and_left_alone(home: Home) -> None:
    home.settings.policy_path.write_text("schema_version: 1\n")
    with pytest.raises(InvalidInput, match="complexity_models"):
        await home.wish(CELL, "gpt-4o")
    assert home.settings.policy_path.read_text() == "schema_version: 1\n"


async def test_a_run_goes_on_only_with_the_key_of_the_model_it_was_given(
    tmp_path: Path, settings: Settings
) -> None:
    async with small_world(tmp_path, settings, builds(1, SLOW), approves()) as world:
        here, run_id = world.services, await world.create()
        await control.pause(here.database, run_id, by="Ada")
        await launch.check_resume(here, run_id)
        await override(here.database, here.policy, here.environ, wish_of(run_id, "glm-4.6"), by="Ada")
        with pytest.raises(InvalidInput, match=r"Not set: ZAI_API_KEY \(for glm-4.6\)"):
            await launch.check_resume(here, run_id)
        with pytest.raises(InvalidInput, match=r"Not set: ZAI_API_KEY \(for glm-4.6\)"):
            await amend.compare(here, run_id, parse_plan(world.plan.read_text(), source="plan.yaml"))
        await override(here.database, here.policy, here.environ, wish_of(run_id, None), by="Ada")
        await launch.check_resume(here, run_id)


async def test_a_budget_in_dollars_wants_a_price_of_the_model_that_a_run_is_given(
    tmp_path: Path, settings: Settings
) -> None:
    plan = {**PLAN, "budget": {"usd": 5}}
    async with small_world(tmp_path, settings, builds(1, SLOW), approves(), plan=plan) as world:
        here, run_id = world.services, await world.create()
        with pytest.raises(InvalidInput, match="no price is known for gpt-of-tomorrow"):
            await override(
                here.database, here.policy, here.environ, wish_of(run_id, "gpt-of-tomorrow"), by="Ada"
            )
        execute(
            settings,
            "UPDATE runs SET model_overrides = :given",
            {"given": '{"builder": {"core_backend:low": "gpt-of-tomorrow"}}'},
        )
        with pytest.raises(InvalidInput, match="no price is known for gpt-of-tomorrow"):
            await launch.check_resume(here, run_id)
