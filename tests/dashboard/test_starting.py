"""Runs that are started over HTTP: from a document, from a file inside a project, and from nowhere else."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from autopack import userfiles
from autopack.config import Settings
from autopack.plan import Plan
from autopack.projects import queries as projects
from autopack.runs import queries
from autopack.runs.states import RunState
from dashboard.served import refused, served
from fixtures.world import PLAN, World, approves, new_repository, small_world


async def register(world: World, *repositories: Path) -> None:
    async with world.services.database.write() as session:
        for repository in repositories:
            await projects.register(session, repository)


async def test_a_document_becomes_a_queued_run_with_a_file_of_its_own(
    tmp_path: Path, settings: Settings
) -> None:
    async with small_world(tmp_path, settings, approves()) as world, served(settings, world.environ) as http:
        await register(world, world.repository)
        answer = await http.post("/runs/start", {"plan": PLAN, "project": "small"})
        assert answer.status_code == 201, answer.text
        said = answer.json()
        assert said["state"] == "queued"
        assert any("Unsandboxed" in notice for notice in said["notices"])
        run = await world.read(said["run_id"])
        path = Path(run.plan_path)
        assert path.parent == settings.home / "plans"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert userfiles.parse(path.read_text(), source="", shape=Plan) == Plan.model_validate(run.plan)
        again = await http.post("/runs/start", {"plan": PLAN})
        refused(again, 409, "conflict", said["run_id"])
        assert list(path.parent.iterdir()) == [path]


async def test_only_the_plan_that_was_looked_at_is_started(tmp_path: Path, settings: Settings) -> None:
    async with small_world(tmp_path, settings, approves()) as world, served(settings, world.environ) as http:
        await register(world, world.repository)
        file = world.repository / "plan.yaml"
        file.write_bytes(world.plan.read_bytes())
        asked = {"plan_path": str(file)}
        digest = (await http.post("/plans/check", asked)).json()["digest"]
        file.write_text(file.read_text().replace('"attempts": 2', '"attempts": 3'))
        changed = await http.post("/runs/start", {**asked, "digest": digest})
        refused(changed, 409, "conflict", "changed since it was looked at")
        assert (await http.get("/dashboard/runs")).json() == {"runs": []}
        file.write_text(json.dumps(PLAN, indent=4))
        answer = await http.post("/runs/start", {**asked, "digest": digest})
        assert answer.status_code == 201, "the same plan, written otherwise"


@pytest.mark.parametrize("form", ["relative", "absolute", "linked inside"])
async def test_a_file_inside_a_project_becomes_a_run(tmp_path: Path, settings: Settings, form: str) -> None:
    async with small_world(tmp_path, settings, approves()) as world, served(settings, world.environ) as http:
        await register(world, world.repository, new_repository(tmp_path / "other", {"a": "b"}))
        file = world.repository / ".autopack" / "plan.yaml"
        file.parent.mkdir()
        file.write_bytes(world.plan.read_bytes())
        (world.repository / "link.yaml").symlink_to(file)
        body: dict[str, Any] = {
            "relative": {"project": str(world.repository), "plan_path": ".autopack/plan.yaml"},
            "absolute": {"plan_path": str(file)},
            "linked inside": {"project": 1, "plan_path": "link.yaml"},
        }[form]
        answer = await http.post("/runs/start", body)
        assert answer.status_code == 201, answer.text
        run = await world.read(answer.json()["run_id"])
        assert (run.state, run.plan_path) == (RunState.QUEUED, os.path.realpath(file))


async def test_a_start_that_is_sent_again_gets_its_answer_whatever_became_of_the_plan(
    tmp_path: Path, settings: Settings
) -> None:
    async with small_world(tmp_path, settings, approves()) as world, served(settings, world.environ) as http:
        await register(world, world.repository)
        file = world.repository / "plan.yaml"
        file.write_bytes(world.plan.read_bytes())
        body, key = {"plan_path": "plan.yaml"}, {"Idempotency-Key": "k-1"}
        first = await http.post("/runs/start", body, headers=key)
        assert first.status_code == 201, first.text
        for spoil in (lambda: file.write_text("no plan"), file.unlink):
            spoil()
            again = await http.post("/runs/start", body, headers=key)
            assert (again.status_code, again.json()) == (201, first.json()), again.text
        other = await http.post("/runs/start", {"plan_path": "other.yaml"}, headers=key)
        refused(other, 422, "invalid_input", "used for another request")


async def test_nothing_outside_a_registered_project_is_read(tmp_path: Path, settings: Settings) -> None:
    async with small_world(tmp_path, settings, approves()) as world, served(settings, world.environ) as http:
        await register(world, world.repository)
        top, secret = world.repository, tmp_path / "secret.yaml"
        secret.write_text("words: that nobody may see")
        (top / "out.yaml").symlink_to(secret)
        (top / "out").symlink_to(tmp_path)
        (top / "loop.yaml").symlink_to("loop.yaml")
        (top / "zero.yaml").symlink_to("/dev/zero")
        (top / "inside").mkdir()
        os.mkfifo(top / "pipe.yaml")
        beside = tmp_path / "small-too"
        beside.mkdir()
        (beside / "plan.yaml").write_bytes(world.plan.read_bytes())
        refusals = {
            "../secret.yaml": "can't be the path",
            "inside/../../secret.yaml": "can't be the path",
            "inside/../README.md": "can't be the path",
            str(secret): "is not inside the project",
            "/etc/passwd": "is not inside the project",
            "/dev/zero": "is not inside the project",
            "/proc/self/environ": "is not inside the project",
            str(beside / "plan.yaml"): "is not inside the project",
            f"{top}/../secret.yaml": "can't be the path",
            "out.yaml": "is not inside the project",
            "out/secret.yaml": "is not inside the project",
            "zero.yaml": "is not inside the project",
            "loop.yaml": "can't be read",
            "pipe.yaml": "is not a file",
            "inside": "is not a file",
            ".": "is not a file",
            "a\0b": "can't be the path",
            "x" * 4000: "can't be read",
        }
        for path in ("/runs/start", "/plans/check"):
            for said, words in refusals.items():
                answer = await http.client.post(
                    path,
                    content=ascii_json({"plan_path": said}),
                    headers={"content-type": "application/json"},
                )
                refused(answer, 422, "invalid_input", words, "inside a registered project")
                assert "nobody may see" not in answer.text
            refused(await http.post(path, {"plan_path": "nowhere.yaml"}), 404, "not_found", "nowhere.yaml")
            refused(await http.post(path, {"plan_path": "README.md/x"}), 404, "not_found")
        async with world.services.database.read() as session:
            assert await queries.ids(session) == set()


def ascii_json(value: object) -> bytes:
    import json

    return json.dumps(value).encode()


async def test_which_project_is_meant_is_never_guessed(tmp_path: Path, settings: Settings) -> None:
    async with small_world(tmp_path, settings, approves()) as world, served(settings, world.environ) as http:
        body = {"plan": PLAN}
        refused(await http.post("/runs/start", body), 404, "not_found", "No project", "autopack project add")
        twin = new_repository(tmp_path / "twins" / "small", {"a": "b"})
        await register(world, world.repository, twin)
        refused(await http.post("/runs/start", body), 422, "invalid_input", "could be any of")
        for said in ("small", None):
            answer = await http.post("/runs/start", {**body, "project": said})
            refused(answer, 422, "invalid_input", str(twin), str(world.repository))
        for said in ("nobody", "3", 3, "", "\0", "%", str(tmp_path)):
            answer = await http.post("/runs/start", {**body, "project": said})
            refused(answer, 404, "not_found", "There is no project")
        listed = (await http.get("/projects")).json()["projects"]
        assert [one["path"] for one in listed] == [str(world.repository), str(twin)]
        assert all(one["there"] for one in listed)
        for one in listed:
            answer = await http.post("/runs/start", {**body, "project": one["id"]})
            assert answer.status_code == 201, answer.text
        for one in listed:
            runs = (await http.get("/dashboard/runs", params={"project": one["path"]})).json()["runs"]
            assert [run["repository"] for run in runs] == [one["path"]]
        assert len((await http.get("/dashboard/runs")).json()["runs"]) == 2
        assert len((await http.get("/dashboard/runs?limit=1")).json()["runs"]) == 1


async def test_a_document_is_told_what_is_wrong_by_its_places(tmp_path: Path, settings: Settings) -> None:
    async with small_world(tmp_path, settings, approves()) as world, served(settings, world.environ) as http:
        await register(world, world.repository)
        wrong = {**PLAN, "nmae": 1, "tiers": [{"name": "T", "phases": [{"id": "A", "complexity": "hard"}]}]}
        for path in ("/runs/start", "/plans/check"):
            answer = await http.post(path, {"plan": wrong})
            refused(
                answer,
                422,
                "invalid_input",
                "plan: nmae: is not a known key; did you mean 'name'?",
                "plan: tiers[0].phases[0].complexity: 'hard' is not one of low, medium, high",
                "plan: tiers[0].phases[0].name: is missing",
            )
            for broken in (
                {},
                {"schema_version": 2},
                {"schema_version": None},
                {**PLAN, "name": "a\0b"},
                {**PLAN, "name": "\ud800"},
                {**PLAN, "\x7f": 1},
                {**PLAN, "limits": {"memory": "1 TB"}},
            ):
                answer = await http.client.post(
                    path, content=ascii_json({"plan": broken}), headers={"content-type": "application/json"}
                )
                refused(answer, 422, "invalid_input", "plan: ")
        key = {**PLAN, "setup": ["curl -H 'Authorization: Bearer sk-ant-api03-" + "x7Yq" * 20 + "AA'"]}
        refused(await http.post("/runs/start", {"plan": key}), 422, "invalid_input", "looks like a key")
        assert not (settings.home / "plans").exists()


async def test_a_starter_that_nobody_filled_in_starts_nothing(tmp_path: Path, settings: Settings) -> None:
    from autopack.cli.starter import plan_text
    from autopack.supervisor.planfiles import STARTER_NAME

    async with small_world(tmp_path, settings, approves()) as world, served(settings, world.environ) as http:
        await register(world, world.repository)
        text = plan_text("small", None).replace("# verify: [", "verify: [")
        (world.repository / "plan.yaml").write_text(text)
        phase = {**PLAN["tiers"][0]["phases"][0], "name": STARTER_NAME}
        starter = {**PLAN, "tiers": [{"name": "T", "phases": [phase]}]}
        for body in ({"plan_path": "plan.yaml"}, {"plan": starter}):
            for path in ("/runs/start", "/plans/check"):
                refused(await http.post(path, body), 422, "invalid_input", "is still the starter's")


async def test_a_plan_is_looked_at_without_creating_anything(tmp_path: Path, settings: Settings) -> None:
    async with small_world(tmp_path, settings, approves()) as world, served(settings, world.environ) as http:
        answer = await http.post("/plans/check", {"plan": PLAN})
        assert answer.status_code == 200, answer.text
        (phase,) = answer.json()["phases"]
        assert (phase["id"], phase["index"], phase["tier_name"], phase["verified"]) == (
            "one",
            1,
            "Only",
            True,
        )
        assert phase["builder"] == {
            "model": "gpt-5-mini",
            "reason": "complexity low maps builder to gpt-5-mini",
            "key_set": True,
        }
        assert phase["auditor"]["model"] == "claude-haiku-5-5"
        assert not phase["same_family"]
        (world.repository / "plan.yaml").write_bytes(world.plan.read_bytes())
        await register(world, world.repository)
        again = await http.post("/plans/check", {"plan_path": "plan.yaml", "accept_red_baseline": True})
        assert again.json() == answer.json()
        refused(await http.post("/plans/check", {"plan": PLAN, "project": "x"}), 404, "not_found")
        async with world.services.database.read() as session:
            assert await queries.ids(session) == set()
        assert not (settings.home / "plans").exists()


async def test_what_is_missing_for_a_run_is_said_before_it_is_created(
    tmp_path: Path, settings: Settings
) -> None:
    async with small_world(tmp_path, settings, approves()) as world, served(settings, {}) as http:
        await register(world, world.repository)
        answer = await http.post("/runs/start", {"plan": PLAN})
        refused(answer, 422, "invalid_input", "ANTHROPIC_API_KEY", "OPENAI_API_KEY")


async def test_a_request_can_not_take_the_sandbox_away(tmp_path: Path, settings: Settings) -> None:
    """It is taken away where the service is started, and nowhere else."""
    async with small_world(tmp_path, settings, approves()) as world:
        await register(world, world.repository)
        async with served(settings, world.environ, unsandboxed=False) as http:
            answer = await http.post("/runs/start", {"plan": PLAN, "unsandboxed": True})
            refused(answer, 422, "invalid_input", "unsandboxed")
            answer = await http.post("/runs/start?unsandboxed=true", {"plan": PLAN})
            if answer.status_code == 503:
                refused(answer, 503, "unavailable", "no sandbox")
                return
            run = await world.read(answer.json()["run_id"])
        assert run.confinement == "bubblewrap"


_ODD = [
    "yes",
    "null",
    "~",
    "1_000",
    "0o7",
    "- a",
    "a: b",
    "#c",
    "a\n\nb ",
    " x ",
    "\x85",
    "\u2028",
    "\x7f",
    "\ufeff",
]
_letters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
_text = st.text(_letters, max_size=30) | st.sampled_from(_ODD)
_documents = st.dictionaries(
    _text,
    st.recursive(
        _text | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_text, inner, max_size=3),
        max_leaves=8,
    ),
    max_size=4,
)


@given(document=_documents)
@examples(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_document_says_the_same_when_it_is_a_file(document: dict[str, Any]) -> None:
    from pydantic import RootModel

    from autopack.errors import InvalidInput

    anything = RootModel[dict[str, Any]]
    try:
        direct = userfiles.parse_document(document, source="plan", shape=anything)
    except InvalidInput:
        with pytest.raises(InvalidInput):
            userfiles.parse(userfiles.written(document), source="x", shape=anything)
        return
    assert direct.root == document
    assert userfiles.parse(userfiles.written(document), source="x", shape=anything) == direct
