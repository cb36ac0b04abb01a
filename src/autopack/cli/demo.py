"""`autopack demo`: the main job on a sample repository, with models whose answers are scripted."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from autopack.cli.demo_page import DemoPage, demo_page
from autopack.cli.door import in_loop, named
from autopack.cli.out import emit_line, say, tell
from autopack.cli.run import Afterwards, Staged, Wanted, perform
from autopack.cli.stopping import CANCELLED, stopping
from autopack.cli.words import clean
from autopack.config import Settings
from autopack.errors import Conflict, Unavailable
from autopack.redaction import without_keys

if TYPE_CHECKING:
    from autopack.simulator import RunningSimulator

NAME = "autopack-demo"
KEY = "SIMULATED_KEY"
"""The variable that the demo's models.yaml names for keys. Its value goes to the simulator only."""


@dataclass(frozen=True)
class Stage:
    """The folders of one demo."""

    root: Path

    @property
    def repository(self) -> Path:
        """The sample repository."""
        return self.root / "tally"

    @property
    def plan(self) -> Path:
        """The plan, where a user would have it."""
        return self.repository / ".autopack" / "plan.yaml"

    @property
    def settings(self) -> Settings:
        """A home of its own: the user's records stay clean."""
        return Settings(home=self.root / "home")


def demo(
    folder: Annotated[
        Path | None,
        typer.Option(
            "--dir", metavar="DIR", help="A new or empty folder for it; ./autopack-demo if not said."
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print events as JSON lines, then the result.")
    ] = False,
) -> int:
    """See it work in a minute, without a key; on the dashboard too.

    A fresh sample repository, a plan of 8 phases, and models whose answers are scripted; all the rest is
    real. Everything goes into one new folder, which can be deleted afterwards. On a terminal the dashboard
    stays until Ctrl-C.
    """
    return in_loop(_demo(new_stage(folder), as_json=as_json))


def new_stage(folder: Path | None) -> Stage:
    """An empty folder: the one that was named, else the first of ./autopack-demo, ./autopack-demo-2, …"""
    try:
        if folder is not None:
            root = named(folder).absolute()
            if root.exists() and (not root.is_dir() or any(root.iterdir())):
                what = "is not empty" if root.is_dir() else "is a file"
                raise Conflict(f"{root} {what}.", hint="Name a new or an empty folder with --dir.")
            root.mkdir(parents=True, exist_ok=True)
            return Stage(root)
        here = Path.cwd()
        if not os.access(here, os.W_OK):
            return Stage(Path(tempfile.mkdtemp(prefix=f"{NAME}-")))
        number = 1
        while True:
            root = here / (NAME if number == 1 else f"{NAME}-{number}")
            try:
                root.mkdir()
            except FileExistsError:
                number += 1
            else:
                return Stage(root)
    except OSError as error:
        raise Unavailable(
            f"The demo's folder can't be made: {error}.", hint="Name another one with --dir."
        ) from None


async def _demo(stage: Stage, *, as_json: bool) -> int:
    from autopack.processes import probe_sandbox
    from autopack.simulator import load_scenario, serve

    story = script()
    probe = await probe_sandbox()
    await make_repository(stage, story)
    if not as_json:
        _introduce(stage, unsandboxed=not probe.available, why=probe.detail)
    wanted = Wanted(
        plan=stage.plan,
        repository=stage.repository,
        unsandboxed=not probe.available,
        as_json=as_json,
    )
    staged = Staged(home=stage.settings.home, after=lambda run_id: _test_once_more(stage, run_id))
    environ = {**os.environ, KEY: "simulated"}
    async with serve(load_scenario(story / "scenario.yaml")) as simulator:
        write_policy(stage, simulator)
        async with demo_page(stage.settings.home, environ, unsandboxed=not probe.available) as page:
            if as_json:
                emit_line({"kind": "dashboard", "url": page.url})
            else:
                say(f"Watch it, and steer it: {page.url}")
                say()
            code = await perform(stage.settings, environ, wanted, staged=staged)
            if sys.stdout.isatty() and not as_json and code != CANCELLED:
                await _until_ended(page)
            return code


async def _until_ended(page: DemoPage) -> None:
    """Stay until Ctrl-C: what is on the page can be read, and another run started there."""
    ended = asyncio.Event()

    async def end(_by: str) -> None:
        ended.set()

    say()
    say(f"The dashboard and the simulated models stay until Ctrl-C: {page.url}")
    with stopping(end, lambda: None):
        await page.until(ended)
    say("Ended.")


def script() -> Path:
    """The folder that holds sample, plan and scenario."""
    import autopack.simulator

    return Path(autopack.simulator.__file__).parent / "demo"


def _introduce(stage: Stage, *, unsandboxed: bool, why: str) -> None:
    say(f"A sample repository and a plan of 8 phases, in {clean(str(stage.root))}")
    tell("The models are simulated: a script answers over HTTP. What it writes is really built and tested.")
    if unsandboxed:
        tell(f"No sandbox here ({clean(why)}); going on without one, since the models are scripted.")
    say()


async def make_repository(stage: Stage, story: Path) -> None:
    """The sample as a repository of one commit, and the plan beside it."""
    shutil.copytree(story / "sample", stage.repository, ignore=shutil.ignore_patterns("__pycache__"))
    await _git(stage, "init", "--quiet", "--initial-branch=main")
    await _git(stage, "add", "--all")
    await _git(stage, *await _identity(stage), "commit", "--quiet", "--message", "An empty tally")
    stage.plan.parent.mkdir()
    shutil.copy(story / "plan.yaml", stage.plan)


async def _identity(stage: Stage) -> tuple[str, ...]:
    """Nothing where the user has a git identity; else one for this commit alone."""
    from autopack.processes import Command, run

    command = Command(argv=("git", "var", "GIT_COMMITTER_IDENT"), cwd=stage.repository, env=dict(os.environ))
    if (await run(command)).exit_code == 0:
        return ()
    return ("-c", "user.name=Autopack demo", "-c", "user.email=demo@localhost")


def write_policy(stage: Stage, simulator: RunningSimulator) -> None:
    """The shipped models.yaml, with both providers at the simulator's address."""
    from autopack.routing.policyfile import default_policy_text

    common = f"api_key_env: {KEY}, simulated: true"
    providers = (
        "providers: # the simulator of this demo, which ends with it\n"
        f'  openai: {{base_url: "{simulator.openai_url}", {common}}}\n'
        f'  anthropic: {{base_url: "{simulator.url}", {common}}}\n'
    )
    stage.settings.home.mkdir(exist_ok=True)
    text = default_policy_text().replace("providers: {}\n", providers)
    stage.settings.policy_path.write_text(text, encoding="utf-8")


async def _test_once_more(stage: Stage, run_id: str) -> Afterwards:
    """Run the sample's own tests in a fresh clone of the branch, and say how that went."""
    from autopack.processes import Command, run
    from autopack.runs.schemas import branch_name

    branch = branch_name(run_id)
    with tempfile.TemporaryDirectory(prefix=f"{NAME}-") as folder:
        clone = Path(folder) / "tally"
        await _git(stage, "clone", "--quiet", "--branch", branch, str(stage.repository), str(clone))
        tests = (sys.executable, "-B", "-m", "unittest", "discover", "-s", "tests", "-q")
        env = without_keys(os.environ)
        finished = await run(Command(argv=tests, cwd=clone, env=env, timeout_seconds=300.0))
    said = [line for line in finished.output.decode(errors="replace").splitlines() if line.startswith("Ran ")]
    result = said[-1] if said else "no test ran"
    passed = finished.exit_code == 0 and bool(said)
    verdict = "all pass" if passed else "NOT all pass"
    return Afterwards(passed, f"The sample's own tests in a fresh clone of that branch: {result}, {verdict}.")


async def _git(stage: Stage, *words: str) -> None:
    from autopack.processes import Command, run

    command = Command(argv=("git", *words), cwd=stage.repository, env=dict(os.environ), timeout_seconds=60.0)
    finished = await run(command)
    if finished.exit_code != 0:
        said = finished.output.decode(errors="replace").strip().splitlines()
        hint = "Install git." if finished.exit_code == 127 else ""
        raise Unavailable(f"git {words[0]} failed: {said[-1] if said else finished.exit_code}", hint=hint)
