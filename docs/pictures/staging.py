"""What the pictures of the dashboard show: real runs of the demo's sample, with simulated models.

The demo's repository, plan and scenario, and beside its plan some smaller ones, each of which comes to stand
in a state of its own. A call that never ends keeps a run where it is.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from autopack.cli import demo
from autopack.processes import probe_sandbox
from autopack.projects import queries as projects
from autopack.simulator import RunningSimulator, Scenario, load_scenario, serve
from autopack.simulator.scenario import Conversation
from dashboard.served import Served, served

LIMIT_SECONDS = 300.0
HELD = ("Role: builder", "Phase: clock", "Attempt: 1")
HELD_STEP = 2
FOREVER_SECONDS = 86_400.0
GLM = "glm-5"
SHARES = {"openai": 0.41, "anthropic": 0.84, "glm": 0.96}
"""Of each quota's cap: green, yellow, red."""

_ENDED = {"succeeded", "failed", "cancelled"}


@dataclass(frozen=True)
class Scene:
    """The service, the sample's repository, and the models that answer."""

    stage: demo.Stage
    service: Served
    quick: RunningSimulator
    """Answers at once."""
    held: RunningSimulator
    """Answers as in the demo, up to the call of the fourth phase that never ends."""

    async def add(self) -> None:
        """Register the sample's repository as a project."""
        async with self.service.app.state.services.database.write() as session:
            await projects.register(session, self.stage.repository)

    async def start(self, plan: str = "plan.yaml") -> str:
        """Start a run of a plan of the sample: its id."""
        answer = await self.service.post("/runs/start", {"plan_path": f".autopack/{plan}"})
        assert answer.status_code == 201, answer.text
        return answer.json()["run_id"]

    async def status(self, run: str) -> dict[str, Any]:
        """Where a run stands."""
        return (await self.service.get(f"/dashboard/runs/{run}/status")).json()

    async def until(self, run: str, state: str) -> None:
        """Wait until a run is in a state. Raises `AssertionError` where it ends in another."""
        async with asyncio.timeout(LIMIT_SECONDS):
            while (now := await self.status(run))["state"] != state:
                assert now["state"] not in _ENDED, (now["end_reason"], now["end_detail"])
                await asyncio.sleep(0.1)

    async def learned(self, run: str) -> dict[str, Any]:
        """What was learned of a run, as far as it is written."""
        return (await self.service.get(f"/dashboard/runs/{run}/postmortem")).json()

    async def until_learned(self, run: str) -> None:
        """Wait until what was learned of a run is written. Raises `AssertionError` where it is not."""
        async with asyncio.timeout(LIMIT_SECONDS):
            while (now := await self.learned(run))["state"] != "made":
                assert now["state"] == "writing", now["reason"]
                await asyncio.sleep(0.1)

    async def decide(self, run: str, *decisions: str) -> None:
        """Accept or dismiss the lessons of a run, in their order."""
        lessons = (await self.learned(run))["lessons"]
        for lesson, decision in zip(lessons, decisions, strict=False):
            answer = await self.service.post(
                f"/dashboard/runs/{run}/lessons/{lesson['id']}", {"decision": decision}
            )
            assert answer.status_code == 200, answer.text

    async def until_held(self, run: str) -> None:
        """Wait until a run is at the call that never ends."""
        entries = self.held.entries
        async with asyncio.timeout(LIMIT_SECONDS):
            while True:
                now = await self.status(run)
                builds = now["activity"] is not None and now["activity"]["what"] == "builder"
                before = [entry for entry in entries() if entry.when == HELD and entry.step == HELD_STEP - 1]
                if before and now["current_phase_id"] == "clock" and builds:
                    return
                assert now["state"] not in _ENDED, (now["end_reason"], now["end_detail"])
                await asyncio.sleep(0.1)

    def policy(self, models: RunningSimulator, caps: Mapping[str, str] | None = None) -> None:
        """models.yaml with every provider at a simulator, and these caps; it counts at once."""
        demo.write_policy(self.stage, models)
        path = self.stage.settings.policy_path
        text = path.read_text(encoding="utf-8")
        key = f"api_key_env: {demo.KEY}, simulated: true"
        text = re.sub(
            r"(?m)^(  anthropic: .*\n)", rf'\1  glm: {{base_url: "{models.zai_url}", {key}}}\n', text
        )
        text = text.replace("low: {builder: gpt-6-luna, auditor: claude-haiku-5-5}", _LOW)
        text = text.replace("models: {}", f"models:\n  {GLM}: {{price: {{input: 0.6, output: 2.2}}}}")
        for provider, cap in (caps or {}).items():
            text = re.sub(rf"(?m)^(  {provider}: .*)\}}$", rf"\1, {cap}}}", text)
        path.write_text(text, encoding="utf-8")

    async def fill(self) -> None:
        """Use up a quota, and let no other model take its work: what needs it waits."""
        used = await self.used()
        self.policy(self.held, {"anthropic": f"weekly_cap_tokens: {used['anthropic'] + 1}"})
        path = self.stage.settings.policy_path
        text = path.read_text(encoding="utf-8").replace(_FALLBACKS, "default: []")
        path.write_text(text, encoding="utf-8")

    async def finished(self) -> str:
        """A run that has ended well."""
        self.policy(self.quick)
        run = await self.start()
        await self.until(run, "succeeded")
        await self.until_learned(run)
        return run

    async def at_work(self) -> str:
        """A run that stays at its fourth phase, with quotas that are used to different parts."""
        self.policy(self.held)
        run = await self.start()
        await self.until_held(run)
        used = await self.used()
        caps = {name: f"weekly_cap_tokens: {round(used[name] / part)}" for name, part in SHARES.items()}
        self.policy(self.held, caps)
        return run

    async def note(self, run: str, text: str) -> None:
        """Leave a note for a run."""
        answer = await self.service.post("/dashboard/human-notes", {"note": text, "run_id": run})
        assert answer.status_code == 201, answer.text

    async def override(self, run: str) -> None:
        """Give a run another model for some of its work."""
        work = {"role": "builder", "category": "core_backend", "complexity": "high"}
        asked = {**work, "model": "gpt-6.1-sol", "scope": "run", "run_id": run}
        answer = await self.service.post("/dashboard/models/override", asked)
        assert answer.status_code == 200, answer.text

    async def used(self) -> dict[str, int]:
        """Tokens that each quota used in the week so far."""
        usage = (await self.service.get("/dashboard/usage?period=week")).json()
        return {pool["pool"]: _tokens(pool["simulated"]) for pool in usage["pools"]}


_FALLBACKS = "default: [claude-sonnet-5-5, gpt-6.1-terra]"
_LOW = f"low: {{builder: gpt-6-luna, auditor: {GLM}}}"


def _tokens(spend: dict[str, Any] | None) -> int:
    return 0 if spend is None else int(spend["tokens"])


@asynccontextmanager
async def staged(folder: Path) -> AsyncGenerator[Scene]:
    """A fresh sample, its models and a service, which end with the block."""
    stage = demo.Stage(folder)
    story = demo.script()
    await demo.make_repository(stage, story)
    for name, text in OTHERS.items():
        (stage.plan.parent / name).write_text(text, encoding="utf-8")
    script = load_scenario(story / "scenario.yaml")
    sandboxed = (await probe_sandbox()).available
    settings = replace(stage.settings, runs_at_once=2)
    async with serve(_quick(script)) as quick, serve(_holding(script)) as held:
        demo.write_policy(stage, quick)
        environ = {demo.KEY: "simulated"}
        async with served(settings, environ, unsandboxed=not sandboxed) as service:
            made = Scene(stage, service, quick, held)
            made.policy(quick)
            yield made


def _quick(script: Scenario) -> Scenario:
    return _delayed(script, lambda _talk, _place: 0.0)


def _holding(script: Scenario) -> Scenario:
    def delay(talk: Conversation, place: int) -> float:
        return FOREVER_SECONDS if (talk.when, place) == (HELD, HELD_STEP) else talk.steps[place].delay_seconds

    return _delayed(script, delay)


def _delayed(script: Scenario, delay: Callable[[Conversation, int], float]) -> Scenario:
    """The same answers, each after another time."""
    talks = [
        talk.model_copy(
            update={
                "steps": tuple(
                    step.model_copy(update={"delay_seconds": delay(talk, place)})
                    for place, step in enumerate(talk.steps)
                )
            }
        )
        for talk in script.conversations
    ]
    return script.model_copy(update={"conversations": tuple(talks)})


def _plan(name: str, phase: str, more: str = "") -> str:
    """A plan of one phase of the scenario's."""
    return f"""\
schema_version: 1
name: {name}
verify: ["python3 -m unittest discover -s tests -q"]
tiers:
  - name: Alone
    phases:
      - id: {phase}
        name: The {phase} alone
        description: One phase, apart from those that it builds on.
        category: core_backend
        complexity: medium
        {more}
"""


OTHERS = {
    "times.yaml": _plan("tally-times", "times", "attempts: 1"),  # its tests need the phase before: it fails
    "clock.yaml": _plan("tally-clock", "clock"),  # held at once
    "report.yaml": _plan("tally-report", "report"),
    "export.yaml": _plan("tally-export", "export"),
}
