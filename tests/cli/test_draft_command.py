"""`plan draft` as a process: a plan from a goal, its commands tried, and nothing else touched."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from autopack.config import Settings
from autopack.plan import parse_plan
from cli.drafting import GOAL, draft, leaves_nothing, prompts, recorded, written
from cli.processes import call
from fixtures.planning import DRAFT, PHASE, SETUP, VERIFY, drafting_world, drafts, looks_at
from fixtures.world import approves, builds, git, without_sandbox, write_file
from views.finished import finish, used

RED = "echo nothing like a test; false"


async def test_a_goal_becomes_a_plan_whose_commands_were_tried_and_nothing_is_started(
    tmp_path: Path, settings: Settings
) -> None:
    async with drafting_world(tmp_path, settings, drafts(1, looks_at("README.md"))) as world:
        told = await draft(world, GOAL)
        assert told.code == 0, told
        for said in (
            "small: 1 tier, 1 phase. The plan is valid.",
            "    one  Write one (core_backend, low)",
            "Tried in a clean checkout of ",
            f"  setup   {SETUP}: passed (",
            f"  verify  {VERIFY}: passed (",
            "  - ONE is taken to be a number.",
            "Estimate: none, ",
            "in 1 round; recorded as agent:planner. ~ simulated: a script answered.",
            "\n  autopack run .autopack/plan.yaml\n",
        ):
            assert said in told.out
        assert "note: gpt-5 (simulated) reads the repository, round 1." in told.err
        text, commit = written(world), git(world.repository, "rev-parse", "HEAD")[:12]
        assert text.startswith("# Drafted by gpt-5 on ")
        assert f"# Its setup and verify passed in a clean checkout of commit {commit}." in text
        assert "# - ONE is taken to be a number." in text
        plan = parse_plan(text, source="plan.yaml")
        assert (plan.setup, plan.verify, plan.network) == ((SETUP,), (VERIFY,), False)
        assert plan.tiers[0].phases[0].model_dump(mode="json", include=set(PHASE)) == PHASE
        assert (await call(world, "plan", "check", ".autopack/plan.yaml")).code == 0

        leaves_nothing(world, but="?? .autopack/\n")
        (summed,) = await recorded(world)
        assert (summed.role, summed.run_id) == ("agent:planner", None)
        assert (summed.calls, summed.unknown_calls) == (2, 0)
        assert f" took {summed.total_tokens:,} tokens, ~$" in told.out
        assert GOAL in prompts(world)[0]


async def test_what_was_drafted_runs_as_it_was_tried(tmp_path: Path, settings: Settings) -> None:
    built = builds(1, write_file("one.py", "ONE = 1\n"))
    async with drafting_world(tmp_path, settings, drafts(1), built, approves()) as world:
        told = await draft(world, GOAL)
        assert told.code == 0, told
        ran = await call(world, "run", ".autopack/plan.yaml")
        assert ran.code == 0, ran
        assert "Succeeded: 1 of 1 phase" in ran.out


async def test_the_estimate_is_from_the_users_own_runs(tmp_path: Path, settings: Settings) -> None:
    async with drafting_world(tmp_path, settings, drafts(1)) as world:
        sizes = (1_000, 1_500, 2_500)
        done = [used(size, complexity="low", simulated=True) for size in sizes]
        await finish(world.services.database, world.repository, *done)
        told = await draft(world, GOAL, "--out", tmp_path / "drafted.yaml")
        assert told.code == 0, told
        assert "Estimate: 1.5k tokens" in told.out
        assert "  From finished phases: 1 phase by category and complexity." in told.out
        assert f"\n  autopack run {tmp_path / 'drafted.yaml'}\n" in told.out


async def test_a_command_that_fails_goes_back_to_the_planner_with_what_it_said(
    tmp_path: Path, settings: Settings
) -> None:
    async with drafting_world(tmp_path, settings, drafts(1, verify=[RED]), drafts(2)) as world:
        told = await draft(world, GOAL)
        assert told.code == 0, told
        assert f"note: The command `{RED}` failed with exit code 1. It goes back to the Planner." in told.err
        assert "in 2 rounds; recorded as agent:planner" in told.out
        assert f"  setup   {SETUP}: passed (in an earlier round)\n" in told.out
        assert parse_plan(written(world), source="plan.yaml").verify == (VERIFY,)
        first, second = prompts(world)
        assert "nothing like a test" not in first
        assert "### Draft 1" in second
        assert "\nnothing like a test\n>>> what became of it " in second
        leaves_nothing(world, but="?? .autopack/\n")


async def test_a_plan_that_is_not_valid_goes_back_in_the_same_conversation(
    tmp_path: Path, settings: Settings
) -> None:
    wrong = DRAFT | {"tiers": [{"name": "Core", "phases": [PHASE | {"id": "Bad Id", "files": ["../x"]}]}]}
    async with drafting_world(tmp_path, settings, drafts(None, {"answer": wrong})) as world:
        told = await draft(world, GOAL)
        assert told.code == 0, told
        assert "in 1 round;" in told.out
        _, second = [json.dumps(entry.request) for entry in world.simulator.entries()]
        assert "tiers[0].phases[0].id: 'Bad Id' can't be an id" in second
        assert "tiers[0].phases[0].files[0]: '../x' leaves the repository" in second


@pytest.mark.parametrize(
    ("differs", "part", "shown"),
    [
        ({"verify": ["true", RED]}, "verify", (f"{SETUP}: passed (", "true: passed (", f"{RED}: FAILED (")),
        ({"setup": ["true", RED]}, "setup", ("true: passed (", f"{RED}: FAILED (", f"{VERIFY}: not run")),
        ({"verify": ["echo x >> README.md"]}, "verify", ("changed tracked files",)),
    ],
)
async def test_a_plan_whose_commands_still_fail_says_so_and_does_not_look_tried(
    tmp_path: Path, settings: Settings, differs: dict[str, Any], part: str, shown: tuple[str, ...]
) -> None:
    async with drafting_world(tmp_path, settings, drafts(None, **differs)) as world:
        told = await draft(world, GOAL)
        assert told.code == 1, told
        for said in (*shown, "a run of this plan would end before anything is built", "in 3 rounds;"):
            assert said in told.out
        assert f"Next: mend its {part}, or the repository, then" in told.out
        assert len(prompts(world)) == 3
        text = written(world)
        assert f"# DOES NOT WORK YET: its {part} failed in a clean checkout of commit " in text
        assert " passed " not in text
        assert parse_plan(text, source="plan.yaml").name == "small"
        leaves_nothing(world, but="?? .autopack/\n")


async def test_a_draft_that_could_not_be_mended_is_kept_with_the_reason(
    tmp_path: Path, settings: Settings
) -> None:
    mute = {"when": ["Role: planner"], "steps": [{"text": "I can't."}]}
    async with drafting_world(tmp_path, settings, drafts(1, verify=[RED]), mute) as world:
        told = await draft(world, GOAL)
        assert told.code == 1, told
        assert "It was not mended: gpt-5 gave no usable answer" in told.out
        assert "# It was not mended: gpt-5 gave no usable answer" in written(world)


async def test_a_planner_that_gives_no_plan_leaves_no_file_and_says_what_it_cost(
    tmp_path: Path, settings: Settings
) -> None:
    mute = {"when": ["Role: planner"], "steps": [{"text": "I can't."}]}
    async with drafting_world(tmp_path, settings, mute) as world:
        told = await draft(world, GOAL)
        assert told.code == 1
        assert "The draft took " in told.err
        assert "error: gpt-5 gave no usable answer" in told.err
        assert "hint: Ask for less at once, or map `agents: {planner: …}` to a stronger model" in told.err
        leaves_nothing(world)


async def test_a_provider_that_is_away_is_said_without_a_word_of_runs(
    tmp_path: Path, settings: Settings
) -> None:
    planned = drafts(None)
    planned["steps"][0]["faults"] = [{"status": 503, "times": "always"}]
    async with drafting_world(tmp_path, settings, planned) as world:
        environ = {**world.process_environ, "AUTOPACK_RETRIES": "0"}
        told = await draft(world, GOAL, environ=environ)
        assert (told.code, "error: gpt-5 (openai, simulated) can't be reached" in told.err) == (1, True), told
        assert "status page, then draft it again\n" in told.err
        leaves_nothing(world)


async def test_a_plan_that_nothing_verifies_says_so(tmp_path: Path, settings: Settings) -> None:
    async with drafting_world(tmp_path, settings, drafts(1, setup=[], verify=[])) as world:
        told = await draft(world, GOAL)
        assert (told.code, "Verified by nothing: one" in told.out) == (0, True), told
        assert "Tried in" not in told.out
        assert "# VERIFIED BY NOTHING" in written(world)
        assert "\nverify: none\n" in written(world)


async def test_what_looks_like_a_key_is_neither_run_nor_written(tmp_path: Path, settings: Settings) -> None:
    key = "sk-" + "proj-" + "aB3" * 16
    planned = drafts(None, verify=[f"touch ran; echo {key}"])
    async with drafting_world(tmp_path, settings, planned) as world:
        told = await draft(world, GOAL)
        assert told.code == 1
        assert "wrote what looks like a key into the plan" in told.err
        assert key not in told.out + told.err
        assert len(prompts(world)) == 3
        leaves_nothing(world)


async def test_a_file_that_is_there_is_overwritten_only_when_that_is_said(
    tmp_path: Path, settings: Settings
) -> None:
    async with drafting_world(tmp_path, settings, drafts(1)) as world:
        (world.repository / ".autopack").mkdir()
        (world.repository / ".autopack/plan.yaml").write_text("mine\n")
        told = await draft(world, GOAL)
        assert (told.code, "plan.yaml is there already, and is not overwritten" in told.err) == (2, True)
        assert world.simulator.entries() == []
        assert written(world) == "mine\n"
        other = await draft(world, GOAL, "--out", tmp_path / "other.yaml")
        assert other.code == 0, other
        assert (tmp_path / "other.yaml").read_text().startswith("# Drafted by")
        assert written(world) == "mine\n"
        forced = await draft(world, GOAL, "--force")
        assert forced.code == 0, forced
        assert written(world).startswith("# Drafted by")
        assert [path.name for path in (world.repository / ".autopack").iterdir()] == ["plan.yaml"]


async def test_a_specification_notes_and_instructions_reach_the_planner_and_changes_do_not(
    tmp_path: Path, settings: Settings
) -> None:
    async with drafting_world(tmp_path, settings, drafts(1)) as world:
        spec = world.repository / "SPEC.md"
        spec.write_text("# One\n\nIt is a number.\n")
        (world.repository / "AGENTS.md").write_text("Not committed.\n")
        (world.repository / "README.md").write_text("# changed\n")
        (world.repository / ".autopack").mkdir()
        (world.repository / ".autopack/human_notes.md").write_text("Keep it in one file.\n")
        told = await draft(world, "SPEC.md")
        assert told.code == 0, told
        (prompt,) = prompts(world)
        assert "\n# One\n\nIt is a number.\n>>> goal " in prompt
        assert "Keep it in one file." in prompt.partition("# Notes from the people who run this")[2]
        assert "Not committed." not in prompt
        assert "note: Your uncommitted changes (README.md) are not looked at." in told.err
        assert "from: SPEC.md" in written(world).splitlines()[0]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("",), 2, "The goal is empty"),
        (("  \n ",), 2, "The goal is empty"),
        (("SPEC.md",), 2, "SPEC.md: there is no such file"),
        (("folder",), 2, "folder is not a file"),
        (("empty.txt",), 2, "empty.txt is empty"),
        (("binary.txt",), 2, "binary.txt is not UTF-8 text"),
        (("latin.txt",), 2, "latin.txt is not UTF-8 text"),
        (("huge.txt",), 2, "huge.txt is too long: at most 200,000 bytes"),
        ((GOAL, "--repo", "nowhere"), 2, "nowhere does not exist"),
        ((GOAL, "--repo", "/"), 2, "is not in a git repository"),
        ((GOAL, "--repo", "fresh"), 2, "has no commits yet"),
        ((GOAL, "--out", "folder"), 2, "folder is a folder"),
        ((GOAL, "--out", "nowhere/plan.yaml"), 2, "nowhere is no folder"),
        ((GOAL, "--repo", "linked"), 2, ".autopack is no folder: a link"),
    ],
)
async def test_what_can_not_be_used_is_said_before_anything_is_asked(
    tmp_path: Path, settings: Settings, words: tuple[str, ...], code: int, said: str
) -> None:
    async with drafting_world(tmp_path, settings, drafts(None)) as world:
        here = world.repository
        (here / "folder").mkdir()
        (here / "empty.txt").write_text(" \n")
        (here / "binary.txt").write_bytes(b"PK\0\1")
        (here / "latin.txt").write_bytes("größer".encode("latin-1"))
        (here / "huge.txt").write_text("größer " * 30_000)
        git(here, "init", "--quiet", "fresh")
        git(here, "clone", "--quiet", ".", "linked")
        (here / "linked/.autopack").symlink_to(tmp_path)
        told = await draft(world, *words)
        lines = told.err.splitlines()
        assert told.code == code, told
        assert said in next(line for line in lines if line.startswith("error: "))
        assert any(line.startswith("hint: ") for line in lines)
        assert "Traceback" not in told.err
        assert world.simulator.entries() == []
        assert list(settings.workspaces.glob("*")) == []


@pytest.mark.parametrize(
    ("planner", "without", "said", "hint"),
    [
        ("claude-opus-5-5", "ANTHROPIC_API_KEY", "Not set: ANTHROPIC_API_KEY", "map `agents: {planner: …}`"),
        ("", "", "no model is mapped for agent:planner", "add 'planner: <model>' under agents:"),
    ],
)
async def test_without_a_planner_or_its_key_it_is_said_what_to_do(
    tmp_path: Path, settings: Settings, planner: str, without: str, said: str, hint: str
) -> None:
    async with drafting_world(tmp_path, settings, drafts(None), planner=planner or "gpt-5") as world:
        if not planner:
            settings.policy_path.write_text(settings.policy_path.read_text().partition("agents:")[0])
        environ = {name: value for name, value in world.process_environ.items() if name != without}
        told = await draft(world, GOAL, environ=environ)
        assert told.code == 2, told
        assert f"error: {said}" in told.err
        assert hint in told.err
        assert world.simulator.entries() == []
        leaves_nothing(world)


async def test_without_a_sandbox_it_is_refused_until_the_user_says_so(
    tmp_path: Path, settings: Settings
) -> None:
    async with drafting_world(tmp_path, settings, drafts(1, setup=[], verify=["cat README.md"])) as world:
        environ = {**world.process_environ, "PATH": without_sandbox(tmp_path / "bin", world.environ)}
        told = await draft(world, GOAL, environ=environ)
        assert (told.code, "no sandbox" in told.err, "--unsandboxed" in told.err) == (1, True, True), told
        assert world.simulator.entries() == []
        told = await draft(world, GOAL, "--unsandboxed", environ=environ)
        assert told.code == 0, told
        assert "note: Unsandboxed: commands that a model writes run with your rights." in told.err
        assert "\n  autopack run .autopack/plan.yaml --unsandboxed\n" in told.out
