"""Thirty phases with instant answers against the bare floor: git and pytest, and nothing of Autopack's.

The run is the real one: plan, engine, database, routing, ledger, both models over HTTP (the simulated
provider in a process of its own, with no delay), workspace and sandbox. The floor is a plain loop that
writes the same files, runs the same git commands, and the sample's real pytest in the same sandbox.
Both in this process, one after the other, several times; imports are done before the clock starts.

Bar: a run takes at most 1.5 times its floor. Prints one JSON line; exits 1 where the bar is not met.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import autopack.simulator
from autopack.agents.api import load
from autopack.config import Settings
from autopack.processes import Command, Confinement, Profile, run_confined
from autopack.routing.schemas import ProviderKind
from autopack.supervisor import control
from autopack.supervisor.engine import engine
from autopack.supervisor.launch import create_run
from autopack.supervisor.services import open_services

PHASES = 30
BAR = 1.5
VERIFY = "python -m pytest -q -p no:cacheprovider"
SAMPLE = Path(autopack.simulator.__file__).parent / "demo" / "sample"
POLICY = """\
schema_version: 1
complexity_models:
  low: {{builder: gpt-6-luna, auditor: claude-haiku-5-5}}
  medium: {{builder: gpt-6-luna, auditor: claude-haiku-5-5}}
  high: {{builder: gpt-6-luna, auditor: claude-haiku-5-5}}
providers:
  openai: {{base_url: "{url}/v1", simulated: true}}
  anthropic: {{base_url: "{url}", simulated: true}}
"""


def phase_id(number: int) -> str:
    return f"phase-{number:02}"


def files_of(number: int) -> dict[str, str]:
    """What a phase adds: a module and its test."""
    return {
        f"tally/part_{number:02}.py": f'"""Part {number}."""\n\nVALUE = {number}\n',
        f"tests/test_part_{number:02}.py": (
            f"from tally.part_{number:02} import VALUE\n\n\ndef test_value():\n    assert VALUE == {number}\n"
        ),
    }


def environ(home: Path) -> dict[str, str]:
    return {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "OPENAI_API_KEY": "simulated",
        "ANTHROPIC_API_KEY": "simulated",
    }


def git(*words: str, cwd: Path, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> bytes:
    done = subprocess.run(
        ["git", *words],
        cwd=cwd,
        input=stdin,
        capture_output=True,
        check=True,
        env={
            "PATH": os.environ["PATH"],
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_CONFIG_NOSYSTEM": "1",
            **(env or {}),
        },
    )
    return done.stdout.strip()


PERSON = {
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.invalid",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.invalid",
}


def new_repository(path: Path) -> Path:
    shutil.copytree(SAMPLE, path, ignore=shutil.ignore_patterns("__pycache__"))
    git("init", "--quiet", "--initial-branch=main", cwd=path)
    git("add", "--all", cwd=path)
    git("commit", "--quiet", "--message=First", cwd=path, env=PERSON)
    return path


async def floor(folder: Path) -> float:
    """Seconds for the same git commands and the same sandboxed pytest in a plain loop."""
    source = new_repository(folder / "floor")
    base = git("rev-parse", "HEAD", cwd=source).decode()
    home = folder / "floor-home"
    home.mkdir()
    env = environ(home)
    started = time.perf_counter()
    bare, build, verify = folder / "bare.git", folder / "build", folder / "verify"
    git("init", "--quiet", "--bare", str(bare), cwd=folder)
    git("fetch", "--quiet", str(source), "+HEAD:refs/heads/work", cwd=bare)
    for checkout in (build, verify):
        checkout.mkdir()

    def at(checkout: Path, *words: str, stdin: bytes = b"") -> bytes:
        index = bare / f"index-{checkout.name}"
        return git(
            *words,
            cwd=checkout,
            stdin=stdin,
            env={"GIT_DIR": str(bare), "GIT_WORK_TREE": str(checkout), "GIT_INDEX_FILE": str(index)},
        )

    async def pytest() -> None:
        command = Command(
            argv=("sh", "-c", VERIFY), cwd=verify, env=env, timeout_seconds=300, output_limit_bytes=10**7
        )
        profile = Profile(writable=(verify,), readable=(bare,), home=home, network=False)
        done = await run_confined(command, profile=profile, confinement=Confinement.BUBBLEWRAP, environ=env)
        if done.exit_code != 0:
            raise RuntimeError(done.output.decode())

    at(build, "read-tree", "--reset", "-u", base)
    at(verify, "read-tree", "--reset", "-u", base)
    await pytest()
    parent = base
    for number in range(1, PHASES + 1):
        at(build, "read-tree", "--reset", "-u", parent)
        at(build, "clean", "-ffdq")
        tree = ""
        for step in range(3):
            if step == 1:
                for name, content in files_of(number).items():
                    (build / name).write_text(content)
            changed = at(build, "ls-files", "-z", "--others", "--modified", "--deleted", "--exclude-standard")
            if changed:
                at(build, "update-index", "-z", "--add", "--remove", "--replace", "--stdin", stdin=changed)
                tree = at(build, "write-tree").decode()
        at(build, "diff-tree", "-r", "-z", "--raw", "--numstat", "--no-renames", parent, tree)
        at(build, "diff-tree", "-r", "-p", "--full-index", "-M", parent, tree)
        for _ in range(2):
            at(verify, "read-tree", "--reset", "-u", tree)
            at(verify, "ls-files", "-z", "--others", "--directory")
        await pytest()
        at(verify, "diff", "-z", "--name-only", "--no-renames")
        at(verify, "diff-tree", "-r", "-z", "--raw", "--numstat", "--no-renames", parent, tree)
        commit = git(
            "commit-tree", tree, "-p", parent, "-m", f"Phase {number}", cwd=bare, env=PERSON
        ).decode()
        git("update-ref", "refs/heads/work", commit, parent, cwd=bare)
        git(
            "fetch",
            "--quiet",
            "--no-write-fetch-head",
            str(bare),
            "refs/heads/work:refs/heads/work",
            cwd=source,
        )
        parent = commit
    return time.perf_counter() - started


def scenario() -> dict[str, Any]:
    conversations: list[dict[str, Any]] = []
    for number in range(1, PHASES + 1):
        calls = [
            {"tool": "write_file", "args": {"path": path, "content": content}}
            for path, content in files_of(number).items()
        ]
        phase = f"Phase: {phase_id(number)}"
        conversations += [
            {"when": ["Role: builder", phase], "steps": [{"calls": calls}, {"text": "Done."}]},
            {
                "when": ["Role: auditor", phase],
                "steps": [{"answer": {"decision": "approve", "summary": "Fine.", "issues": []}}],
            },
        ]
    return {"schema_version": 1, "name": "engine", "conversations": conversations}


def write_yaml(path: Path, content: dict[str, Any]) -> None:
    """JSON is YAML."""
    path.write_text(json.dumps(content))


def plan() -> dict[str, Any]:
    phases = [
        {
            "id": phase_id(number),
            "name": f"Part {number}",
            "description": "Add a module and its test.",
            "category": "core_backend",
            "complexity": "low",
        }
        for number in range(1, PHASES + 1)
    ]
    return {
        "schema_version": 1,
        "name": "engine",
        "verify": [VERIFY],
        "tiers": [{"name": "All", "phases": phases}],
    }


async def autopack_run(folder: Path, url: str) -> float:
    """Seconds for the same phases as a run of Autopack's, from the plan file to the last commit."""
    source = new_repository(folder / "run")
    home = folder / "user"
    home.mkdir()
    settings = Settings(home=folder / "home")
    settings.home.mkdir()
    settings.policy_path.write_text(POLICY.format(url=url))
    write_yaml(folder / "plan.yaml", plan())
    started = time.perf_counter()
    async with open_services(settings, environ=environ(home)) as services:
        created = await create_run(
            services,
            plan_path=folder / "plan.yaml",
            repository=source,
            unsandboxed=False,
            accept_red_baseline=False,
        )
        epoch = await control.take(services.database, created.run_id, owner=services.owner)
        async with engine(services) as driver:
            await driver.drive(created.run_id, epoch)
    took = time.perf_counter() - started
    commits = git("rev-list", "--count", f"main..autopack/{created.run_id}", cwd=source)
    if int(commits) != PHASES:
        raise RuntimeError(f"{commits.decode()} commits instead of {PHASES}")
    return took


async def measure(rounds: int) -> dict[str, Any]:
    await load([ProviderKind.OPENAI, ProviderKind.ANTHROPIC])
    floors: list[float] = []
    runs: list[float] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_yaml(folder / "scenario.yaml", scenario())
        provider = subprocess.Popen(
            [sys.executable, "-m", "autopack.simulator", str(folder / "scenario.yaml")],
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            if provider.stdout is None:
                raise RuntimeError("the simulated provider has no output")
            url = provider.stdout.readline().strip()
            for number in range(rounds):
                for kind in ("floor", "run"):
                    inside = folder / f"{kind}-{number}"
                    inside.mkdir()
                    if kind == "floor":
                        floors.append(await floor(inside))
                    else:
                        runs.append(await autopack_run(inside, url))
        finally:
            provider.terminate()
            provider.wait(10)
    ratios = sorted(run / bare for run, bare in zip(runs, floors, strict=True))
    return {
        "benchmark": "engine",
        "phases": PHASES,
        "rounds": rounds,
        "floor_seconds": round(statistics.median(floors), 2),
        "run_seconds": round(statistics.median(runs), 2),
        "ratio": round(statistics.median(ratios), 3),
        "ratios": [round(ratio, 3) for ratio in ratios],
        "bar": BAR,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    figures = asyncio.run(measure(parser.parse_args().rounds))
    print(json.dumps(figures))
    return int(figures["ratio"] > BAR)


if __name__ == "__main__":
    raise SystemExit(main())
