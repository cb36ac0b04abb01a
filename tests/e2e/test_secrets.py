"""A run in which everything says keys: the repository, the Builder, the checks, the provider's errors."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncGenerator, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from autopack.config import Settings
from autopack.simulator import load_scenario
from cli.processes import Ended, call, environ_of
from fixtures.world import PLAN, World, approves, environ_for, git, new_repository, open_world
from redaction.keys_of_all_kinds import KEYS

OPENAI = "oa-Distinctive-7Yq2Lm94Zt0Wx"
ANTHROPIC = "an-Distinctive-3Kd8Pv61Rb5Nc"
TOKEN = "deploy-Distinctive-5Hf0Gs27"
EXACT: Mapping[str, str] = {"OPENAI_API_KEY": OPENAI, "ANTHROPIC_API_KEY": ANTHROPIC, "DEPLOY_TOKEN": TOKEN}
SHAPED = KEYS["github, classic"], KEYS["stripe"], KEYS["z.ai"]
SAID = f"{OPENAI} {ANTHROPIC} {TOKEN} {' '.join(SHAPED)}"
CHECK = "env; cat .env config.txt said.txt; printenv OPENAI_API_KEY && exit 1; test -f good.txt"


def _shell(command: str) -> dict[str, Any]:
    return {"calls": [{"tool": "shell", "args": {"command": command}}]}


def _writes(path: str) -> dict[str, Any]:
    return {"calls": [{"tool": "write_file", "args": {"path": path, "content": f"{SAID}\n"}}]}


def _builds(attempt: int, *steps: dict[str, Any]) -> dict[str, Any]:
    when = ["Role: builder", "Phase: one", f"Attempt: {attempt}"]
    return {"when": when, "steps": [*steps, {"text": f"Attempt {attempt} wrote {SAID}."}]}


def _approves() -> dict[str, Any]:
    answer: dict[str, Any] = {"decision": "approve", "summary": f"Holds {SAID}.", "issues": []}
    return {**approves(), "steps": [{"answer": answer}]}


@pytest.fixture
async def world(tmp_path: Path, settings: Settings) -> AsyncGenerator[World]:
    fault = {"status": 500, "message": f"The key {OPENAI} met an error, and so did {ANTHROPIC}."}
    first = (
        _shell("cat .env config.txt; env; cat /proc/*/environ"),
        _shell(f"echo {SAID}"),
        _writes("said.txt"),
    )
    broken = {**_writes("good.txt"), "faults": [fault]}
    conversations = [_builds(1, *first), _builds(2, broken), _approves()]
    (tmp_path / "plan.yaml").write_text(json.dumps({**PLAN, "verify": [CHECK], "copy": [".env"]}))
    scenario = {"schema_version": 1, "name": "secrets", "conversations": conversations}
    (tmp_path / "scenario.yaml").write_text(json.dumps(scenario))
    files = {"README.md": "# small\n", ".gitignore": ".env\n", "config.txt": f"{SAID}\n"}
    repository = new_repository(tmp_path / "small", files)
    (repository / ".env").write_text(f"THEIRS={SAID}\n")
    async with open_world(
        tmp_path,
        settings,
        repository=repository,
        plan=tmp_path / "plan.yaml",
        scenario=load_scenario(tmp_path / "scenario.yaml"),
        environ=environ_for(tmp_path, **EXACT),
    ) as world:
        yield world


async def test_keys_are_nowhere_but_in_the_users_own_files(world: World) -> None:
    said = [await call(world, "run", world.plan, "--accept-red-baseline")]
    assert said[0].code == 0, said[0]
    (run,) = (path.name for path in world.settings.workspaces.iterdir())
    for words in (
        ("show", run),
        ("show", run, "one"),
        ("logs", run),
        ("logs", run, "--json"),
        ("status", run, "--json"),
        ("diff", run),
        ("usage", "--json"),
        ("doctor",),
        ("diff", run, OPENAI),
        ("show", f"run_{ANTHROPIC}"),
    ):
        said += [await call(world, *words)]
    _not_in(_outputs(said), [*EXACT.values(), *SHAPED])
    assert "[redacted: github token]" in said[6].out, said[6]
    git(world.repository, "show", f"autopack/{run}:said.txt")
    _not_in_the_home(world.settings.home)


async def test_what_is_committed_is_what_was_built_and_its_message_holds_no_key(world: World) -> None:
    row = await world.run(accept_red_baseline=True)
    assert (row.state, row.end_detail) == ("succeeded", "")
    branch = f"autopack/{row.id}"
    assert git(world.repository, "show", f"{branch}:said.txt") == f"{SAID}\n"
    message = git(world.repository, "log", "-1", "--format=%B", branch)
    assert "Attempt 2 wrote [redacted]" in message
    _not_in({"message": message.encode()}, [*EXACT.values(), *SHAPED])
    assert not [doing for doing in world.seen if any(key in doing for key in (*EXACT.values(), *SHAPED))]
    _not_in_the_home(world.settings.home)


async def test_no_prompt_holds_a_key_of_the_environment(world: World) -> None:
    await world.run(accept_red_baseline=True)
    asked = {f"request {at}": json.dumps(one.request) for at, one in enumerate(world.simulator.entries())}
    _not_in({name: said.encode() for name, said in asked.items()}, list(EXACT.values()))
    assert any("[redacted]" in said for said in asked.values())


async def test_a_refusal_that_echoes_the_key_is_told_without_it(world: World, tmp_path: Path) -> None:
    refused = {"status": 401, "message": f"Incorrect key: {OPENAI}, try {ANTHROPIC} or {SHAPED[0]}."}
    never = {"text": "Never.", "faults": [{**refused, "times": "always"}]}
    scenario = {"schema_version": 1, "name": "refused", "conversations": [{"when": [], "steps": [never]}]}
    (tmp_path / "refusing.yaml").write_text(json.dumps(scenario))
    (tmp_path / "second").mkdir()
    async with open_world(
        tmp_path / "second",
        world.settings,
        repository=world.repository,
        plan=world.plan,
        scenario=load_scenario(tmp_path / "refusing.yaml"),
        environ=environ_for(tmp_path, **EXACT),
    ) as refusing:
        said = [await call(refusing, "run", world.plan, "--accept-red-baseline")]
        assert said[0].code == 1
        assert "[redacted]" in said[0].out + said[0].err, said[0].out
        said += [await call(refusing, "runs"), await call(refusing, "status", "--json")]
    _not_in(_outputs(said), [*EXACT.values(), *SHAPED])
    _not_in_the_home(world.settings.home)


async def test_a_plan_does_not_hand_a_key_on_under_another_name(world: World) -> None:
    plan = json.loads(world.plan.read_text())
    world.plan.write_text(json.dumps({**plan, "env": ["ENDPOINT"]}))
    ended = await call(world, "run", world.plan, environ=environ_of(world, ENDPOINT=ANTHROPIC))
    assert ended.code == 2
    assert "passes ENDPOINT" in ended.err
    _not_in(_outputs([ended]), EXACT.values())


async def test_a_plan_that_holds_a_key_is_refused_instead_of_stored_without_it(world: World) -> None:
    plan = json.loads(world.plan.read_text())
    world.plan.write_text(json.dumps({**plan, "verify": [f"curl -u x:{SHAPED[0]} https://host.invalid"]}))
    ended = await call(world, "run", world.plan)
    assert ended.code == 2
    assert "what looks like a key" in ended.err
    assert world.simulator.entries() == []


def _outputs(said: list[Ended]) -> dict[str, bytes]:
    return {f"command {number}": (one.out + one.err).encode() for number, one in enumerate(said)}


def _not_in_the_home(home: Path) -> None:
    """No byte of a key but in the workspaces, and nobody else may look."""
    files = [path for path in home.rglob("*") if path.is_file() and home / "workspaces" not in path.parents]
    assert any(path.is_relative_to(home / "artifacts") for path in files)
    assert not [path for path in files if home / "transcripts" in path.parents]
    stored = {str(path.relative_to(home)): path.read_bytes() for path in files}
    _not_in(stored, [*EXACT.values(), *SHAPED])
    _not_in(stored, [base64.b64encode(key.encode()).decode().rstrip("=")[:-2] for key in EXACT.values()])
    assert home.stat().st_mode & 0o077 == 0
    assert not [path for path in (home / "artifacts").rglob("*") if path.stat().st_mode & 0o077]


def _not_in(places: Mapping[str, bytes], keys: Iterable[str]) -> None:
    found = [(place, key) for place, data in places.items() for key in keys if key.encode() in data]
    assert not found
