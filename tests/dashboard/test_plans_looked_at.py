"""Plans before they are run, over HTTP: which files there are, what one would take, and what is missing."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from autopack.config import Settings
from autopack.projects import queries as projects
from dashboard.served import Served, served
from fixtures.world import PLAN, World, approves, new_repository, small_world
from views.finished import finish, used


async def _register(world: World, *repositories: Path) -> None:
    async with world.services.database.write() as session:
        for repository in repositories:
            await projects.register(session, repository)


async def _plans(http: Served, project: int = 0) -> list[tuple[str, str | None]]:
    answer = await http.get("/projects")
    assert answer.status_code == 200, answer.text
    return [(one["path"], one["name"]) for one in answer.json()["projects"][project]["plans"]]


async def test_a_checked_plan_says_what_it_would_take(tmp_path: Path, settings: Settings) -> None:
    async with small_world(tmp_path, settings, approves()) as world, served(settings, world.environ) as http:
        await _register(world, world.repository)
        before = (await http.post("/plans/check", {"plan": PLAN})).json()
        reason = "no finished phase of a simulated run yet"
        assert (before["estimate"], before["estimate_reason"], before["warnings"]) == (None, reason, [])
        phases = [used(tokens, complexity="low", simulated=True) for tokens in (100, 200, 300)]
        await finish(world.services.database, world.repository, *phases)
        asked = {"plan": {**PLAN, "budget": {"tokens": 250}}, "project": "small"}
        said = (await http.post("/plans/check", asked)).json()
        (warning,) = said["warnings"]
        assert warning == "The plan's budget of 250 tokens is below the high estimate of 300 tokens."
        assert said["estimate_reason"] is None
        estimate = said["estimate"]
        assert estimate["expected"] == {"tokens": 200, "cost_usd": "0.001", "minutes": 10.0}
        assert estimate["high"]["tokens"] == 300
        assert (estimate["simulated"], estimate["covered"]["category"]) == (True, 1)
        (phase,) = estimate["phases"]
        assert (phase["id"], phase["level"], phase["samples"], phase["same_project"]) == (
            "one",
            "category",
            3,
            True,
        )
        beside = (await http.post("/plans/check", {"plan": PLAN})).json()
        assert not beside["estimate"]["phases"][0]["same_project"]


async def test_a_checked_plan_says_scope_attempts_and_which_keys_are_set(
    tmp_path: Path, settings: Settings
) -> None:
    plan: dict[str, Any] = json.loads(json.dumps(PLAN))
    plan["tiers"][0]["phases"][0]["files"] = ["one.py", "tests/**"]
    async with small_world(tmp_path, settings, approves()) as world:
        for environ, key_set in (
            (world.environ, (True, True)),
            ({"OPENAI_API_KEY": "sk-x", "ANTHROPIC_API_KEY": " "}, (True, False)),
        ):
            async with served(settings, environ) as http:
                answer = await http.post("/plans/check", {"plan": plan})
                assert answer.status_code == 200, answer.text
                (phase,) = answer.json()["phases"]
                assert (phase["attempts"], phase["files"]) == (2, ["one.py", "tests/**"])
                assert (phase["builder"]["key_set"], phase["auditor"]["key_set"]) == key_set


async def test_a_project_lists_the_plans_that_it_keeps(tmp_path: Path, settings: Settings) -> None:
    async with small_world(tmp_path, settings, approves()) as world, served(settings, world.environ) as http:
        await _register(world, world.repository, new_repository(tmp_path / "zz", {"a": "b"}))
        assert await _plans(http) == []
        folder = world.repository / ".autopack"
        folder.mkdir()
        (folder / "plan.yaml").write_text(json.dumps(PLAN))
        (folder / "another.yml").write_text(json.dumps({**PLAN, "name": "another"}))
        (folder / "broken.yaml").write_text("name: [")
        (folder / "human_notes.md").write_text("no plan")
        (folder / "inner").mkdir()
        (folder / "inner" / "deep.yaml").write_text(json.dumps(PLAN))
        assert await _plans(http) == [
            (".autopack/plan.yaml", "small"),
            (".autopack/another.yml", "another"),
            (".autopack/broken.yaml", None),
        ]
        assert await _plans(http, 1) == []
        (folder / "broken.yaml").write_text(json.dumps({**PLAN, "name": "mended"}))
        assert (".autopack/broken.yaml", "mended") in await _plans(http)
        for path, _ in await _plans(http):
            answer = await http.post("/plans/check", {"plan_path": path, "project": "small"})
            assert answer.status_code == 200, answer.text


async def test_of_many_plans_the_first_fifty_are_listed(tmp_path: Path, settings: Settings) -> None:
    async with small_world(tmp_path, settings, approves()) as world, served(settings, world.environ) as http:
        await _register(world, world.repository)
        folder = world.repository / ".autopack"
        folder.mkdir()
        for number in range(60):
            (folder / f"a{number:02}.yaml").write_text("no plan")
        (folder / "plan.yaml").write_text(json.dumps(PLAN))
        listed = await _plans(http)
        assert (len(listed), listed[0], listed[-1][0]) == (
            50,
            (".autopack/plan.yaml", "small"),
            ".autopack/a48.yaml",
        )


async def test_what_is_no_plain_file_of_the_project_is_not_listed(tmp_path: Path, settings: Settings) -> None:
    async with small_world(tmp_path, settings, approves()) as world, served(settings, world.environ) as http:
        linked = new_repository(tmp_path / "zz", {"a": "b"})
        await _register(world, world.repository, linked)
        outside = tmp_path / "outside"
        outside.mkdir()
        (outside / "secret.yaml").write_text(json.dumps({**PLAN, "name": "nobody may see"}))
        (linked / ".autopack").symlink_to(outside)
        folder = world.repository / ".autopack"
        folder.mkdir()
        (folder / "out.yaml").symlink_to(outside / "secret.yaml")
        (folder / "zero.yaml").symlink_to("/dev/zero")
        (folder / "loop.yaml").symlink_to("loop.yaml")
        (folder / "folder.yaml").mkdir()
        os.mkfifo(folder / "pipe.yaml")
        Path(os.fsdecode(os.fsencode(folder) + b"/b\xff.yaml")).write_text(json.dumps(PLAN))
        (folder / "inside.yaml").symlink_to(world.repository / "plan.json")
        (world.repository / "plan.json").write_text(json.dumps(PLAN))
        assert await _plans(http) == [(".autopack/inside.yaml", "small")]
        assert await _plans(http, 1) == []
