"""What `autopack doctor` looks at: each check is one finding, and none of them raises."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from autopack.config import Settings
from autopack.errors import AutopackError

if TYPE_CHECKING:
    from autopack.routing.policy import ModelRef, Policy

GIT_NEEDED = (2, 34)
PYTHON_NEEDED = (3, 11)
_ROOM_BYTES = 1_000_000_000
_REACH_SECONDS = 3.0


class Grade(StrEnum):
    """How good a finding is."""

    OK = "ok"
    WARNING = "warning"
    MISSING = "missing"
    """A run can't work like this."""


class Finding(BaseModel):
    """What one check found."""

    model_config = ConfigDict(frozen=True)

    name: str
    grade: Grade
    said: str
    remedy: str = ""


async def check_all(here: Settings, environ: Mapping[str, str]) -> list[Finding]:
    """Every check, in the order in which a run needs them."""
    found = [_python(), await _git(), await _sandbox(), *_home(here)]
    policy, finding = _policy(here)
    found.append(finding)
    if policy is not None:
        models = [policy.resolve(name) for name in policy.named_models()]
        found += _keys(policy, models, environ)
        found += await _servers(models)
    return found


def _python() -> Finding:
    version = sys.version.split()[0]
    if sys.version_info < PYTHON_NEEDED:
        return Finding(
            name="python", grade=Grade.MISSING, said=version, remedy="Install Python 3.11 or newer."
        )
    return Finding(name="python", grade=Grade.OK, said=version)


async def _git() -> Finding:
    from pathlib import Path

    from autopack.processes import Command, run

    needed = ".".join(map(str, GIT_NEEDED))
    command = Command(argv=("git", "version"), cwd=Path.home(), env=dict(os.environ), timeout_seconds=10.0)
    finished = await run(command)
    said = finished.output.decode(errors="replace").strip()
    if finished.exit_code != 0:
        return Finding(
            name="git", grade=Grade.MISSING, said="not found", remedy=f"Install git {needed} or newer."
        )
    numbers = [int(part) for part in said.removeprefix("git version ").split(".")[:2] if part.isdecimal()]
    if tuple(numbers) < GIT_NEEDED:
        return Finding(name="git", grade=Grade.MISSING, said=said, remedy=f"Install git {needed} or newer.")
    return Finding(name="git", grade=Grade.OK, said=said.removeprefix("git version "))


async def _sandbox() -> Finding:
    from autopack.processes import probe_sandbox

    probe = await probe_sandbox()
    if probe.available:
        return Finding(name="sandbox", grade=Grade.OK, said=probe.detail)
    return Finding(
        name="sandbox",
        grade=Grade.MISSING,
        said=probe.detail,
        remedy="Mend that, or run with --unsandboxed where the machine itself is disposable.",
    )


def _home(here: Settings) -> list[Finding]:
    from autopack.db import prepare_database
    from autopack.migrations import HEAD

    try:
        prepare_database(here.database_url, home=here.home)
        (here.home / "artifacts").mkdir(exist_ok=True)
    except AutopackError as error:
        return [Finding(name="database", grade=Grade.MISSING, said=error.message, remedy=error.hint)]
    except OSError as error:
        said = f"{here.home} can't be written: {error.strerror}"
        return [Finding(name="database", grade=Grade.MISSING, said=said, remedy="Set AUTOPACK_HOME.")]
    database = Finding(name="database", grade=Grade.OK, said=f"{here.home}, schema {HEAD}")
    free = shutil.disk_usage(here.home).free
    room = f"{free / 1e9:,.1f} GB free"
    if free < _ROOM_BYTES:
        remedy = "Each run keeps two checkouts: free some, or set AUTOPACK_HOME to another disk."
        return [database, Finding(name="disk", grade=Grade.WARNING, said=room, remedy=remedy)]
    return [database, Finding(name="disk", grade=Grade.OK, said=room)]


def _policy(here: Settings) -> tuple[Policy | None, Finding]:
    from autopack.routing.policy import default_policy_text, load_policy, parse_policy

    try:
        if here.policy_path.exists():
            policy, said = load_policy(here.policy_path), str(here.policy_path)
        else:
            policy = parse_policy(default_policy_text(), source="models.yaml")
            said = "the shipped defaults (copied to the home by the first run)"
    except AutopackError as error:
        return None, Finding(name="models", grade=Grade.MISSING, said=error.message, remedy=error.hint)
    if unenforced := policy.unenforced():
        said += f"; not enforced by this version: {', '.join(unenforced)}"
        return policy, Finding(name="models", grade=Grade.WARNING, said=said)
    return policy, Finding(name="models", grade=Grade.OK, said=said)


def _keys(policy: Policy, models: list[ModelRef], environ: Mapping[str, str]) -> list[Finding]:
    """Each key by its name, never its value. A run can work if one complexity has all that it needs."""
    from autopack.plan import Complexity

    needed: dict[str, list[str]] = {}
    for model in models:
        needed.setdefault(model.api_key_env, []).append(model.name)
    is_set = {name: bool(environ.get(name, "").strip()) for name in needed}
    pairs = [policy.complexity_models.of(complexity) for complexity in Complexity]
    works = any(
        all(is_set[policy.resolve(name).api_key_env] for name in (pair.builder, pair.auditor))
        for pair in pairs
    )
    return [
        Finding(name="key", grade=Grade.OK, said=f"{name} is set ({', '.join(names)})")
        if is_set[name]
        else Finding(
            name="key",
            grade=Grade.WARNING if works else Grade.MISSING,
            said=f"{name} is not set ({', '.join(names)})",
            remedy=f"Set {name}, or map to other models in models.yaml.",
        )
        for name, names in needed.items()
    ]


async def _servers(models: list[ModelRef]) -> list[Finding]:
    """A GET without a key of each address that a model is called at; any answer will do."""
    import asyncio

    addresses: dict[str, None] = {}
    for model in {(model.kind, model.base_url): model for model in models}.values():
        addresses[model.base_url or await usual_address(model)] = None
    return list(await asyncio.gather(*(asyncio.to_thread(_reach, url) for url in addresses)))


async def usual_address(model: ModelRef) -> str:
    """Where a provider is called that has no base_url in models.yaml."""
    from autopack.agents.patience import Patience
    from autopack.agents.providers import open_model

    async with open_model(model, api_key="none", patience=Patience()) as opened:
        return str(opened.base_url)


def _reach(url: str) -> Finding:
    import urllib.error
    import urllib.request
    from urllib.parse import urlsplit

    from autopack.routing.addresses import is_loopback

    proxies: dict[str, str] | None = {} if is_loopback(urlsplit(url).hostname or "") else None
    opener = urllib.request.build_opener(urllib.request.ProxyHandler(proxies))
    try:
        with opener.open(url, timeout=_REACH_SECONDS) as answer:
            status = answer.status
    except urllib.error.HTTPError as error:  # an answer all the same
        status = error.code
        error.close()
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        return Finding(
            name="server",
            grade=Grade.WARNING,
            said=f"{url} does not answer: {reason}",
            remedy="See that it runs and that this machine may reach it, or correct base_url in models.yaml.",
        )
    return Finding(name="server", grade=Grade.OK, said=f"{url} answers (HTTP {status})")
