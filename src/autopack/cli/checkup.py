"""What `autopack doctor` looks at: each check is one finding, and none of them raises."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from autopack.config import Settings
from autopack.errors import AutopackError

if TYPE_CHECKING:
    from autopack.routing.policy import ModelRef, Policy

GIT_NEEDED = (2, 34)
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
    found = [await _git(), await _sandbox(), *_home(here)]
    policy, finding = _policy(here)
    found.append(finding)
    if policy is not None:
        models = [policy.resolve(name) for name in policy.named_models()]
        found += [*_prices(policy, models), *_keys(policy, models, environ)]
        found += await _programs(models, environ)
        found += await _servers(models)
    return found


async def _programs(models: list[ModelRef], environ: Mapping[str, str]) -> list[Finding]:
    from autopack.cli.programs import check_programs

    return await check_programs(models, environ)


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
    database = Finding(name="database", grade=Grade.OK, said=f"{here.database_place}, schema {HEAD}")
    free = shutil.disk_usage(here.home).free
    room = f"{free / 1e9:,.1f} GB free"
    if free < _ROOM_BYTES:
        remedy = "Each run keeps two checkouts: free some, or set AUTOPACK_HOME to another disk."
        return [database, Finding(name="disk", grade=Grade.WARNING, said=room, remedy=remedy)]
    return [database, Finding(name="disk", grade=Grade.OK, said=room)]


def _policy(here: Settings) -> tuple[Policy | None, Finding]:
    from autopack.routing.policy import parse_policy
    from autopack.routing.policyfile import default_policy_text, load_policy

    try:
        if here.policy_path.exists():
            policy, said = load_policy(here.policy_path), str(here.policy_path)
        else:
            policy = parse_policy(default_policy_text(), source="models.yaml")
            said = "the shipped defaults (copied to the home by the first run)"
    except AutopackError as error:
        return None, Finding(name="models", grade=Grade.MISSING, said=error.message, remedy=error.hint)
        return policy, Finding(name="models", grade=Grade.WARNING, said=said)
    return policy, Finding(name="models", grade=Grade.OK, said=said)


def _prices(policy: Policy, models: list[ModelRef]) -> list[Finding]:
    from autopack.cli.notices import unpriced

    said = unpriced(policy, models)
    remedy = "Correct the name, or write its price under models: in models.yaml."
    return [Finding(name="prices", grade=Grade.WARNING, said=said, remedy=remedy)] if said else []


def _keys(policy: Policy, models: list[ModelRef], environ: Mapping[str, str]) -> list[Finding]:
    """Each key by its name, never its value. Those that a complexity's models need must be there."""
    from autopack.plan import Complexity

    needed: dict[str, list[str]] = {}
    for model in (one for one in models if one.api_key_env):
        needed.setdefault(model.api_key_env, []).append(model.name)
    is_set = {name: bool(environ.get(name, "").strip()) for name in needed}
    pairs = [policy.complexity_models.of(complexity) for complexity in Complexity]
    usual = {policy.resolve(name).api_key_env for pair in pairs for name in (pair.builder, pair.auditor)}
    return [
        Finding(name="key", grade=Grade.OK, said=f"{name} is set ({', '.join(names)})")
        if is_set[name]
        else Finding(
            name="key",
            grade=Grade.MISSING if name in usual else Grade.WARNING,
            said=f"{name} is not set ({', '.join(names)})",
            remedy=f"Set {name}, or map to other models in models.yaml.",
        )
        for name, names in needed.items()
    ]


async def _servers(models: list[ModelRef]) -> list[Finding]:
    """A GET without a key of the list of models at each address that a model is called at."""
    import asyncio

    addresses: dict[str, _Address] = {}
    called = [model for model in models if model.agent is None or model.base_url is not None]
    for model in {(model.kind, model.base_url): model for model in called}.values():
        url = (model.base_url or await usual_address(model)).rstrip("/")
        addresses[url] = _Address(url, told=model.base_url is not None, anthropic=model.kind == "anthropic")
    return list(await asyncio.gather(*(asyncio.to_thread(_reach, one) for one in addresses.values())))


@dataclass(frozen=True)
class _Address:
    url: str
    told: bool
    """It stands in models.yaml."""
    anthropic: bool
    """Its clients add the `/v1` themselves."""

    @property
    def models(self) -> str:
        return self.url + ("/v1/models" if self.anthropic else "/models")


async def usual_address(model: ModelRef) -> str:
    """Where a provider is called that has no base_url in models.yaml."""
    from autopack.agents.patience import Patience
    from autopack.agents.providers import open_model

    async with open_model(model, api_key="none", patience=Patience()) as opened:
        return str(opened.base_url)


def _reach(address: _Address) -> Finding:
    import urllib.error
    import urllib.request
    from urllib.parse import urlsplit

    from autopack.routing.addresses import is_loopback

    url = address.url
    proxies: dict[str, str] | None = {} if is_loopback(urlsplit(url).hostname or "") else None
    opener = urllib.request.build_opener(urllib.request.ProxyHandler(proxies))
    try:
        with opener.open(address.models, timeout=_REACH_SECONDS) as answer:
            status = answer.status
    except urllib.error.HTTPError as error:  # an answer all the same
        status = error.code
        error.close()
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        return Finding(
            name="server",
            grade=Grade.MISSING if address.told else Grade.WARNING,
            said=f"{url} does not answer: {reason}",
            remedy="See that it runs and that this machine may reach it, or correct base_url in models.yaml.",
        )
    if status == 404 and address.told:
        more = "is /v1 too much?" if address.anthropic else "is /v1 missing?"
        return Finding(
            name="server",
            grade=Grade.WARNING,
            said=f"{url} does not look like an API root ({more}): {address.models} is not found",
            remedy="Look at base_url in models.yaml. A server without a list of models is fine.",
        )
    return Finding(name="server", grade=Grade.OK, said=f"{url} answers (HTTP {status})")
