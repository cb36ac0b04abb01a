"""Where `demo` puts its things, and what it never touches. The whole demo is tests/e2e's."""

from __future__ import annotations

from pathlib import Path

import pytest

from autopack.cli import demo
from autopack.cli.demo import KEY, Stage, new_stage
from autopack.plan import parse_plan
from autopack.routing.policyfile import load_policy
from autopack.simulator import load_scenario, serve
from cli.calling import Autopack
from fixtures.world import git


def test_each_demo_has_a_new_folder(autopack: Autopack, tmp_path: Path) -> None:
    assert new_stage(None).root == tmp_path / "autopack-demo"
    assert new_stage(None).root == tmp_path / "autopack-demo-2"
    assert new_stage(tmp_path / "deep/er").root == tmp_path / "deep/er"


def test_a_folder_that_holds_something_is_refused(autopack: Autopack, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/file").write_text("")
    autopack("demo", "--dir", tmp_path / "mine").failed(2, "is not empty", "--dir")
    autopack("demo", "--dir", tmp_path / "mine/file").failed(2, "is a file")
    autopack("demo", "--dir", tmp_path / "mine/file/x").failed(1, "can't be made")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["file"]


_IDENTITY = ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL")


@pytest.mark.parametrize("known", [True, False])
async def test_the_sample_is_committed_as_the_user_or_else_as_the_demo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known: bool
) -> None:
    (tmp_path / "gitconfig").write_text("[user]\nuseConfigOnly = true\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")
    for name in _IDENTITY:
        monkeypatch.delenv(name, raising=False)
        if known:
            monkeypatch.setenv(name, "ada@example.invalid" if name.endswith("EMAIL") else "Ada")
    stage = Stage(tmp_path / "demo")
    await demo.make_repository(stage, demo.script())
    assert git(stage.repository, "log", "--format=%an").strip() == ("Ada" if known else "Autopack demo")
    assert git(stage.repository, "status", "--porcelain").split() == ["??", ".autopack/"]


async def test_the_demos_models_are_the_shipped_ones_at_the_simulators_address(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    async with serve(load_scenario(demo.script() / "scenario.yaml")) as simulator:
        demo.write_policy(stage, simulator)
    policy = load_policy(stage.settings.policy_path)
    models = [policy.resolve(name) for name in policy.named_models()]
    assert {model.simulated for model in models} == {True}
    assert {model.api_key_env for model in models} == {KEY}
    assert {model.base_url for model in models} == {simulator.url, simulator.openai_url}


def test_the_demos_plan_has_three_tiers_and_eight_phases() -> None:
    plan = parse_plan((demo.script() / "plan.yaml").read_text(), source="plan.yaml")
    assert (len(plan.tiers), sum(len(tier.phases) for tier in plan.tiers)) == (3, 8)
