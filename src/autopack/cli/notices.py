"""What is worth knowing before a run is driven, and stops nothing: each is a sentence, or none."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from autopack.cli.words import listed
from autopack.errors import AutopackError
from autopack.redaction import without_keys

if TYPE_CHECKING:
    from autopack.config import Settings
    from autopack.routing.policy import ModelRef, Policy
    from autopack.runs.tables import RunRow
    from autopack.workspace.schemas import Source

_GIT_SECONDS = 60.0
_OWN = ".autopack/"
"""The user's plans and notes: no part of what is built on."""


async def notes_of_start(here: Settings, found: Source, run: RunRow) -> list[str]:
    """What to know of a run that was just created on this repository."""
    from autopack.plan import Plan
    from autopack.routing.policy import Policy
    from autopack.routing.router import ModelRouter

    policy = Policy.model_validate(run.policy)
    router = ModelRouter(policy)
    models = {
        decision.model.name: decision.model
        for _, _, _, phase in Plan.model_validate(run.plan).phases()
        for decision in router.decide_attempt(category=phase.category, complexity=phase.complexity)
    }
    changed = await uncommitted(found.top)
    left_out = f"your uncommitted changes ({listed(changed, limit=3)}) are not part of it"
    said = [
        f"Builds on {found.head[:10]}; {left_out}." if changed else "",
        home_inside(here, found.top),
        unpriced(policy, list(models.values())),
    ]
    return [one for one in said if one]


async def uncommitted(top: Path) -> list[str]:
    """Tracked files of a checkout that differ from its commit, but for `.autopack/`; none where git fails."""
    from autopack.processes import Command, run

    env = {name: value for name, value in without_keys(os.environ).items() if not name.startswith("GIT_")}
    env |= {"GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    looks = ("status", "--porcelain", "-z", "--untracked-files=no", "--ignore-submodules=dirty")
    command = Command(
        argv=("git", "-c", "core.fsmonitor=false", *looks),
        cwd=top,
        env=env,
        timeout_seconds=_GIT_SECONDS,
        separate_errors=True,
    )
    finished = await run(command)
    if finished.exit_code != 0:
        return []
    return [path for path in _paths(finished.output) if not path.startswith(_OWN)]


def _paths(output: bytes) -> Iterator[str]:
    """Paths of `git status --porcelain -z`, where a renamed file's old name follows its new one."""
    entries = iter(output.decode("utf-8", "surrogateescape").split("\0"))
    for entry in entries:
        if entry:
            yield entry[3:]
        if "R" in entry[:2] or "C" in entry[:2]:
            next(entries, None)


def changed_plan(run: RunRow) -> str:
    """Whether the plan's file says something else now than when the run was created."""
    from autopack import userfiles
    from autopack.plan import Plan, parse_plan

    path = Path(run.plan_path)
    try:
        plan = parse_plan(userfiles.read(path), source=path.name)
    except AutopackError:
        return ""
    if plan == Plan.model_validate(run.plan):  # what is stored may be of an Autopack that knew fewer fields
        return ""
    return f"{path.name} has changed since; the run goes on with the plan it began with."


def home_inside(here: Settings, top: Path) -> str:
    """Whether the home, and with it every workspace, lies in the repository."""
    if not Path(os.path.realpath(here.home)).is_relative_to(os.path.realpath(top)):
        return ""
    return (
        f"AUTOPACK_HOME ({here.home}) is inside the repository: its checkouts may take the repository's own "
        "settings for theirs. Set it to a folder elsewhere."
    )


def unpriced(policy: Policy, models: list[ModelRef]) -> str:
    """Models whose calls will have no known price."""
    unknown = policy.unpriced(models)
    if not unknown:
        return ""
    them = "its" if len(unknown) == 1 else "their"
    return f"No price is known for {listed(unknown)}: {them} cost will be unknown. Misspelt?"
