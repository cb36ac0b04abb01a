"""Every mistake a user can make at the start: a line that says what, a line that says what to do."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from autopack.config import Settings
from fixtures.world import World, approves, builds, git, small_world, without_sandbox, write_file

AUTOPACK = str(Path(sys.executable).parent / "autopack")
GOOD = (builds(1, write_file("one.py", "ONE = 1\n")), approves())


@dataclass(frozen=True)
class Said:
    """How a command ended."""

    exit_code: int
    output: str

    def refuses(self, exit_code: int, *words: str) -> None:
        """It is an error of this exit code whose lines hold these words, and it tells what to do."""
        assert self.exit_code == exit_code, self.output
        assert "Traceback" not in self.output
        for word in words:
            assert word in self.output, self.output
        lines = self.output.strip().splitlines()
        assert any(line.startswith("hint: ") or "autopack " in line for line in lines), self.output


async def autopack(world: World, *words: str, cwd: Path | None = None, **environ: str) -> Said:
    process = await asyncio.create_subprocess_exec(
        AUTOPACK,
        *words,
        cwd=cwd or world.repository,
        env={**world.process_environ, **environ},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(60):
        output, _ = await process.communicate()
    return Said(process.returncode or 0, output.decode())


async def untouched(world: World) -> None:
    """Nothing was asked of a model, and the user's repository has no new branch."""
    assert world.simulator.entries() == []
    assert git(world.repository, "branch", "--list", "autopack/*") == ""


async def test_a_folder_that_is_no_repository(tmp_path: Path, settings: Settings) -> None:
    async with small_world(tmp_path, settings, *GOOD) as world:
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        (await autopack(world, "run", str(world.plan), cwd=elsewhere)).refuses(2, "not in a git repository")
        await untouched(world)


async def test_a_repository_without_a_commit(tmp_path: Path, settings: Settings) -> None:
    async with small_world(tmp_path, settings, *GOOD) as world:
        fresh = tmp_path / "fresh"
        fresh.mkdir()
        git(fresh, "init", "--quiet")
        said = await autopack(world, "run", str(world.plan), "--repo", str(fresh))
        said.refuses(2, "no commit")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ("plan.yaml", "empty")),
        ("schema_version: 1\nname: x\n", ("plan.yaml:1", "tiers: is missing")),
        ("schema_version: 1\nname: [\n", ("plan.yaml:", "YAML")),
    ],
)
async def test_a_plan_that_is_empty_or_invalid(
    tmp_path: Path, settings: Settings, text: str, words: tuple[str, ...]
) -> None:
    async with small_world(tmp_path, settings, *GOOD) as world:
        world.plan.write_text(text)
        said = await autopack(world, "run", str(world.plan))
        assert said.exit_code == 2, said.output
        assert "Traceback" not in said.output
        for word in words:
            assert word in said.output
        await untouched(world)


async def test_a_plan_that_is_not_there(tmp_path: Path, settings: Settings) -> None:
    async with small_world(tmp_path, settings, *GOOD) as world:
        said = await autopack(world, "run", "nowhere.yaml")
        assert said.exit_code == 2
        assert "nowhere.yaml" in said.output
        assert "Traceback" not in said.output


async def test_a_verify_command_that_does_not_exist(tmp_path: Path, settings: Settings) -> None:
    async with small_world(tmp_path, settings, *GOOD) as world:
        world.plan.write_text(world.plan.read_text().replace("python -m pytest -q", "no-such-program"))
        said = await autopack(world, "run", str(world.plan))
        said.refuses(1, "command not found: no-such-program")
        await untouched(world)


async def test_a_missing_key_is_named(tmp_path: Path, settings: Settings) -> None:
    async with small_world(tmp_path, settings, *GOOD) as world:
        said = await autopack(world, "run", str(world.plan), OPENAI_API_KEY="")
        said.refuses(2, "OPENAI_API_KEY", "gpt-5-mini")
        assert "sk-simulated" not in said.output
        await untouched(world)


async def test_a_model_that_nobody_knows(tmp_path: Path, settings: Settings) -> None:
    async with small_world(tmp_path, settings, *GOOD) as world:
        policy = world.settings.policy_path
        policy.write_text(policy.read_text().replace("gpt-5-mini", "qwen-next"))
        said = await autopack(world, "run", str(world.plan))
        assert said.exit_code == 2, said.output
        assert "models.yaml:3" in said.output
        assert "no provider is known for model 'qwen-next'" in said.output
        await untouched(world)


async def test_a_model_server_that_is_not_there(tmp_path: Path, settings: Settings) -> None:
    async with small_world(tmp_path, settings, *GOOD) as world:
        policy = world.settings.policy_path
        policy.write_text(policy.read_text().replace(world.simulator.openai_url, "http://127.0.0.1:9/v1"))
        said = await autopack(world, "run", str(world.plan), AUTOPACK_RETRIES="1")
        said.refuses(1, "can't be reached in 2 tries at http://127.0.0.1:9/v1", "autopack resume")
        await untouched(world)
        policy.write_text(policy.read_text().replace("http://127.0.0.1:9/v1", world.simulator.openai_url))
        run_id = next(word for word in said.output.split() if word.startswith("run_")).strip(".,:`")
        resumed = await autopack(world, "resume", run_id)
        assert resumed.exit_code == 0, resumed.output


@pytest.mark.parametrize("command", [("run", "plan.yaml"), ("runs",), ("status",), ("usage",)])
async def test_a_home_that_can_not_be_written(
    tmp_path: Path, settings: Settings, command: tuple[str, ...]
) -> None:
    async with small_world(tmp_path, settings, *GOOD) as world:
        said = await autopack(world, *command, cwd=tmp_path, AUTOPACK_HOME="/proc/autopack")
        said.refuses(1, "AUTOPACK_HOME (/proc/autopack) can't be written")


async def test_a_branch_that_is_checked_out(tmp_path: Path, settings: Settings) -> None:
    slow = {"calls": [{"tool": "shell", "args": {"command": "sleep 2"}}]}
    conversations = (builds(1, write_file("one.py", "ONE = 1\n"), slow), approves())
    async with small_world(tmp_path, settings, *conversations) as world:
        running = asyncio.create_task(autopack(world, "run", str(world.plan)))
        async with asyncio.timeout(30):
            while not (found := list(world.settings.workspaces.glob("run_*"))):
                await asyncio.sleep(0.02)
        branch = f"autopack/{found[0].name}"
        git(world.repository, "switch", "--quiet", "--create", branch)
        said = await running
        said.refuses(1, branch, "checked out", "autopack resume")
        git(world.repository, "switch", "--quiet", "main")
        assert (await autopack(world, "resume", found[0].name)).exit_code == 0


async def test_without_a_sandbox_a_run_is_refused_until_the_user_says_so(
    tmp_path: Path, settings: Settings
) -> None:
    async with small_world(tmp_path, settings, *GOOD) as world:
        path = without_sandbox(tmp_path / "bin", world.environ)
        said = await autopack(world, "run", str(world.plan), PATH=path)
        said.refuses(1, "no sandbox", "--unsandboxed")
        await untouched(world)
        said = await autopack(world, "run", str(world.plan), "--unsandboxed", PATH=path)
        assert said.exit_code == 0, said.output
        assert "Unsandboxed" in said.output
        (run,) = world.settings.workspaces.glob("run_*")
        assert (await world.read(run.name)).confinement == "none"
