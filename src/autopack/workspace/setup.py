"""The plan's `setup` and `copy`: a fresh checkout has no installed dependencies and no ignored files.

Setup runs again where its commands, or the manifests and lock files in the tree, changed since it last
succeeded in that checkout. What it ran on is remembered beside the checkouts, where no command can write.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

from autopack.artifacts import ArtifactStore
from autopack.errors import InvalidInput
from autopack.processes import Finished
from autopack.runs.schemas import Evidence
from autopack.workspace import leftovers
from autopack.workspace.confined import gather_evidence
from autopack.workspace.files import behind_a_link, remove, write_durably
from autopack.workspace.git import Git, last_words
from autopack.workspace.layout import Layout, Which
from autopack.workspace.schemas import CommandSettings
from autopack.workspace.source import common_dir

_MANIFESTS = (
    "pyproject.toml", "setup.py", "setup.cfg", "requirements*.txt", "requirements*.in", "requirements/*.txt",
    "constraints*.txt", "Pipfile", "Pipfile.lock", "poetry.lock", "uv.lock", "pdm.lock", "pylock*.toml",
    "environment.yml", "environment.yaml", "tox.ini", ".python-version",
    "package.json", "package-lock.json", "npm-shrinkwrap.json", "yarn.lock", ".yarnrc.yml", "pnpm-lock.yaml",
    "pnpm-workspace.yaml", "bun.lock", "bun.lockb", "deno.json", "deno.lock", ".nvmrc", ".node-version",
    ".tool-versions", "go.mod", "go.sum", "go.work", "go.work.sum",
    "Cargo.toml", "Cargo.lock", "rust-toolchain*", "Gemfile", "Gemfile.lock", "*.gemspec",
    "composer.json", "composer.lock", "pom.xml", "build.gradle*", "settings.gradle*", "gradle.lockfile",
    "mix.exs", "mix.lock", "Package.swift", "Package.resolved", "*.csproj", "packages.lock.json",
    "Directory.Packages.props", "conanfile.*",
)  # fmt: skip
_PATHSPECS = tuple(f":(glob)**/{name}" for name in _MANIFESTS)


@dataclass(frozen=True)
class SetupRun:
    """What setup did: nothing where it was not due. `failed` is the last command's end, if it failed."""

    evidence: tuple[Evidence, ...]
    failed: Finished | None


async def run_setup(
    layout: Layout,
    which: Which,
    settings: CommandSettings,
    *,
    tree: str,
    index: Path,
    artifacts: ArtifactStore,
    force: bool = False,
) -> SetupRun:
    """Run the setup commands where they are due, up to the first that fails. `index` lists the tree."""
    if not settings.setup:
        return SetupRun(evidence=(), failed=None)
    wanted = await _fingerprint(layout, which, settings, index)
    memory = _memory(layout, which)
    if not force and _recall(memory)[0] == wanted:
        return SetupRun(evidence=(), failed=None)
    memory.unlink(missing_ok=True)
    evidence: list[Evidence] = []
    for command in settings.setup:
        proof, finished = await gather_evidence(
            layout, which, command, settings, tree=tree, artifacts=artifacts, installing=True
        )
        evidence.append(proof)
        if finished.exit_code != 0 or finished.timed_out:
            return SetupRun(evidence=tuple(evidence), failed=finished)
    products: leftovers.Remembered = {}
    if which == "verify":
        copied = {layout.checkout(which) / name for name in settings.copy_files}
        entries = await leftovers.untracked(layout, which)
        remembered = await asyncio.to_thread(leftovers.remember, layout, which, entries)
        products = {path: mark for path, mark in remembered.items() if layout.root / path not in copied}
    stored = {"fingerprint": wanted, "products": products}
    await asyncio.to_thread(write_durably, memory, json.dumps(stored).encode())
    return SetupRun(evidence=tuple(evidence), failed=None)


def setup_products(layout: Layout, which: Which) -> leftovers.Remembered:
    """What setup left in a checkout when it last succeeded; nothing where it never did."""
    return _recall(_memory(layout, which))[1]


async def copy_files(layout: Layout, which: Which, source: Path, names: tuple[str, ...]) -> None:
    """Copy untracked files from the user's checkout. Raises `InvalidInput` for one that can't be copied."""
    if not names:
        return
    for name in names:
        _refuse_outside(name)
    tracked = await _tracked(Git(common_dir(source)), source, names)
    for name in names:
        if name in tracked:
            raise InvalidInput(
                f"The plan's copy names {name}, which git tracks: it is in the checkout already.",
                hint="Remove it from `copy`; that is for ignored files.",
            )
    ours = await _tracked(layout.git_in(which), layout.checkout(which), names)
    for name in names:
        if name not in ours:
            await asyncio.to_thread(_copy, source, layout.checkout(which), name)


def exclude_copies(layout: Layout, names: tuple[str, ...]) -> None:
    """Keep copied files out of snapshots, also where the repository does not ignore them."""
    exclude = layout.git_dir / "info" / "exclude"
    now = exclude.read_text()
    lines = [line for name in names if (line := "/" + _literal(name)) not in now.splitlines()]
    if lines:
        exclude.write_text(now + "\n".join(lines) + "\n")


def _refuse_outside(name: str) -> None:
    relative = Path(name)
    if relative.is_absolute() or ".." in relative.parts or not relative.parts or relative.parts[0] == ".git":
        raise InvalidInput(
            f"The plan's copy names {name}, which is not a path inside the repository.",
            hint="Write it relative to the repository's top, without `..`.",
        )


def _copy(source: Path, checkout: Path, name: str) -> None:
    relative = Path(name)
    origin = source / relative
    if not origin.exists():
        raise InvalidInput(
            f"The plan's copy names {name}, which does not exist in {source}.",
            hint="Create it there, or remove it from `copy`.",
        )
    if not origin.resolve().is_relative_to(source.resolve()):
        raise InvalidInput(
            f"The plan's copy names {name}, a symlink that leads out of the repository.",
            hint="Put the file itself into the repository's folder.",
        )
    if not origin.is_file():
        raise InvalidInput(f"The plan's copy names {name}, which is not a file.", hint="Name each file.")
    if behind_a_link(checkout, name):
        return
    target = checkout / relative
    remove(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    mode = stat.S_IMODE(origin.stat().st_mode) | stat.S_IRUSR | stat.S_IWUSR
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    with os.fdopen(handle, "wb") as written, origin.open("rb") as read:
        shutil.copyfileobj(read, written)


async def _tracked(git: Git, work_tree: Path, names: tuple[str, ...]) -> set[str]:
    specs = tuple(f":(literal){name}" for name in names)
    listed = await Git(git.git_dir, work_tree, git.index).try_("ls-files", "-z", "--", *specs)
    if listed.exit_code != 0:
        raise InvalidInput(
            f"The plan's copy can't be looked up: {last_words(listed)}",
            hint="Write paths inside the repository.",
        )
    return {os.fsdecode(path) for path in listed.output.split(b"\0") if path}


async def _fingerprint(layout: Layout, which: Which, settings: CommandSettings, index: Path) -> str:
    listing = await layout.git_in(which, index=index)("ls-files", "-z", "--stage", "--", *_PATHSPECS)
    return hashlib.sha256(json.dumps(settings.setup).encode() + b"\0" + listing).hexdigest()


def _memory(layout: Layout, which: Which) -> Path:
    return layout.state / f"setup-{which}.json"


def _recall(memory: Path) -> tuple[str, leftovers.Remembered]:
    try:
        stored = json.loads(memory.read_bytes())
    except FileNotFoundError:
        return "", {}
    return stored["fingerprint"], {path: (mark[0], mark[1]) for path, mark in stored["products"].items()}


def _literal(name: str) -> str:
    return "".join(f"\\{letter}" if letter in "*?[]\\#! " else letter for letter in name)
