"""`autopack init`: a first plan in a repository, and the models to run it with."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from autopack.cli.door import in_loop, named, settings
from autopack.cli.out import note, say
from autopack.cli.words import clean, listed
from autopack.errors import Unavailable

if TYPE_CHECKING:
    from autopack.routing.policy import Policy

PLAN = Path(".autopack/plan.yaml")


def init(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="A folder in the repository.", show_default=False)
    ] = Path(),
) -> None:
    """Write a first .autopack/plan.yaml to fill in. What is there already stays."""
    in_loop(_init(named(folder).absolute()))


async def _init(folder: Path) -> None:
    from autopack.cli.notices import home_inside
    from autopack.routing.policyfile import load_policy
    from autopack.workspace import source

    here, top = settings(), (await source.inspect(folder)).top
    fresh = not here.policy_path.exists()
    policy = load_policy(here.policy_path)
    plan = top / PLAN
    if _write_plan(top, plan):
        say(f"Wrote {clean(str(plan))}")
    else:
        say(f"Kept {clean(str(plan))}, which is there already.")
    say(f"{'Wrote' if fresh else 'Kept'} {clean(str(here.policy_path))}")
    if inside := home_inside(here, top):
        note(inside)
    shown = _shown(plan)
    say()
    say("Next:")
    say(f"  1. Say in {shown} what to build.")
    say(f"  2. autopack plan check {shown}")
    say(f"  3. {_keys(policy)}")
    say(f"  4. autopack run {shown}")


def _write_plan(top: Path, plan: Path) -> bool:
    from autopack.cli.starter import detect, plan_text

    checks = detect(top)
    try:
        plan.parent.mkdir(exist_ok=True)
        with plan.open("x", encoding="utf-8") as file:
            file.write(plan_text(_plan_name(top), checks))
    except FileExistsError:
        return False
    except OSError as error:
        raise Unavailable(
            f"{plan} can't be written: {error.strerror}.", hint="Make the repository writable."
        ) from None
    if checks is None:
        say("Found nothing that tells how this repository is verified: say it under `verify`.")
    else:
        say(f"Verified by {listed(checks.verify)} (from {checks.found}).")
    if checks is not None and any(".venv" in command for command in checks.setup):
        ignored = (top / ".gitignore").is_file() and ".venv" in (top / ".gitignore").read_text(
            errors="replace"
        )
        if not ignored:
            say("Add .venv/ to .gitignore and commit that: setup makes it in each checkout.")
    return True


def _plan_name(top: Path) -> str:
    name = "".join(char for char in top.name if char.isprintable()).strip()
    return name[:100] or "plan"


def _shown(plan: Path) -> str:
    inside = plan.is_relative_to(Path.cwd())
    return clean(str(plan.relative_to(Path.cwd()) if inside else plan))


def _keys(policy: Policy) -> str:
    keys = sorted({policy.resolve(name).api_key_env for name in policy.named_models()} - {""})
    missing = [key for key in keys if not os.environ.get(key, "").strip()]
    if missing:
        return f"Set {listed(missing)} in the environment, or change models.yaml."
    return f"Keys are set: {listed(keys)}. `autopack doctor` looks at the rest."
