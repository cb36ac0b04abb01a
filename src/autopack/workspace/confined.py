"""The plan's and the Builder's commands: one profile for all, and the evidence of what they said."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from autopack.agents.base import Program
from autopack.artifacts import ArtifactStore
from autopack.processes import Command, Finished, Profile, run_confined
from autopack.processes.sandbox import user_home
from autopack.processes.toolchains import is_secret
from autopack.runs.schemas import Evidence
from autopack.workspace.counts import read_counts
from autopack.workspace.layout import Layout, Which
from autopack.workspace.schemas import CommandSettings

_INSTALLERS = re.compile(
    r"(?:(?:HTTP|HTTPS|ALL|NO|FTP)_PROXY|SSL_CERT_(?:FILE|DIR)|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|AWS_CA_BUNDLE"
    r"|NODE_EXTRA_CA_CERTS|GIT_SSL_CAINFO|NIX_SSL_CERT_FILE|CARGO_HTTP_CAINFO|CARGO_HTTP_PROXY"
    r"|(?:PIP|UV|NPM_CONFIG|YARN|PNPM|BUNDLE_MIRROR|CARGO_REGISTRIES|CARGO_NET)_\w+|GOPROXY|GOSUMDB|GONOSUMDB"
    r"|GONOPROXY|GOPRIVATE|GOINSECURE)",
    re.IGNORECASE,
)
_PROXY = re.compile(
    r"(?:HTTP|HTTPS|ALL|NO)_PROXY|SSL_CERT_(?:FILE|DIR)|NODE_EXTRA_CA_CERTS|NODE_USE_SYSTEM_CA", re.IGNORECASE
)
_PROGRAM_OUTPUT_BYTES = 64 * 1024
"""Of a coding agent's stream: it is read as it comes."""
_NOT_PASSED = re.compile(
    r"KEY|TOKEN|SECRET|PASS|AUTH|CREDENTIAL|USERNAME|(?:CACHE|INSTALL|TOOL|DATA|PYTHON|PREFIX|CONFIG)_?DIR$"
    r"|CACHE$|PREFIX$|USERCONFIG$|GLOBALCONFIG$|CONFIG_FILE$|_TARGET$|_LOG$",
    re.IGNORECASE,
)


async def run_in_checkout(
    layout: Layout,
    which: Which,
    command: str,
    settings: CommandSettings,
    *,
    timeout_seconds: float,
    installing: bool = False,
) -> Finished:
    """Run one shell command in a checkout, confined as the settings say.

    Writable are the checkout and its own HOME; our repository is readable, so that git works inside. With
    `installing` the network is on, and proxy, index and certificate variables are passed.
    """
    checkout = layout.checkout(which)
    env = {name: settings.environ[name] for name in settings.env if name in settings.environ}
    ours = _ours(layout)
    readable: list[Path] = []
    if installing:
        installers = installer_variables(settings.environ)
        readable = _folders_named_by(installers.values(), home=user_home(settings.environ), ours=ours)
        env = installers | env
    return await run_confined(
        Command(
            argv=("sh", "-c", command),
            cwd=checkout,
            env=env,
            timeout_seconds=timeout_seconds,
            limits=settings.limits,
        ),
        profile=Profile(
            writable=(checkout,),
            readable=(layout.git_dir, checkout / ".git", *readable),
            home=layout.home(which),
            network=installing or settings.network,
            hidden=ours,
        ),
        confinement=settings.confinement,
        environ=settings.environ,
    )


async def run_program(
    layout: Layout,
    which: Which,
    program: Program,
    settings: CommandSettings,
    *,
    folder: Path,
    may_write: bool,
) -> Finished:
    """Run a coding agent's program in a checkout, confined as the settings say, with the network on.

    It sees of the user's home only what it is made of and its own configuration. `folder` is its own.
    """
    checkout = layout.checkout(which)
    written = (folder, *program.writes, *((checkout,) if may_write else ()))
    read = (layout.git_dir, *program.reads, checkout / ".git" if may_write else checkout)
    return await run_confined(
        Command(
            argv=program.argv,
            cwd=checkout,
            env={**_proxies(settings.environ), **program.env},
            output_limit_bytes=_PROGRAM_OUTPUT_BYTES,
            separate_errors=True,
            stdin=program.stdin,
            heard=program.heard,
            limits=settings.limits,
        ),
        profile=Profile(
            writable=written,
            readable=read,
            home=layout.home(which),
            network=True,
            hidden=_ours(layout),
        ),
        confinement=settings.confinement,
        environ=settings.environ,
    )


def _proxies(environ: Mapping[str, str]) -> dict[str, str]:
    """What leads through the user's network to a model's server."""
    return {name: value for name, value in environ.items() if _PROXY.fullmatch(name)}


async def gather_evidence(
    layout: Layout,
    which: Which,
    command: str,
    settings: CommandSettings,
    *,
    tree: str,
    artifacts: ArtifactStore,
    installing: bool = False,
) -> tuple[Evidence, Finished]:
    """Run one of the plan's commands and store its output, without keys: also what is cut out of it later."""
    finished = await run_in_checkout(
        layout, which, command, settings, timeout_seconds=settings.timeout_seconds, installing=installing
    )
    finished = replace(finished, output=await asyncio.to_thread(artifacts.redacted, finished.output))
    evidence = Evidence(
        argv=finished.argv,
        exit_code=finished.exit_code,
        duration_seconds=finished.duration_seconds,
        output_sha=await artifacts.store(finished.output),
        tree=tree,
        counts=read_counts(finished.output),
        timed_out=finished.timed_out,
        exceeded=finished.exceeded,
        exceeded_by=finished.exceeded_by,
        truncated=finished.truncated,
    )
    return evidence, finished


def installer_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """What package installers need to reach their index through this network, without what looks secret."""
    return {
        name: value
        for name, value in environ.items()
        if _INSTALLERS.fullmatch(name) and not _NOT_PASSED.search(name)
    }


def _ours(layout: Layout) -> tuple[Path, ...]:
    """The folder of all workspaces, and AUTOPACK_HOME around it, where it is the usual one."""
    workspaces = layout.root.absolute().parent
    return (workspaces, workspaces.parent) if workspaces.name == "workspaces" else (workspaces,)


def _folders_named_by(values: Iterable[str], *, home: Path, ours: tuple[Path, ...]) -> list[Path]:
    """Certificate bundles and local indexes that the values name, and that the sandbox would hide."""
    found = [Path(word) for value in values for word in value.split() if word.startswith("/")]
    return [path for path in found if path.exists() and not is_secret(path, user_home=home, private=ours)]
