"""The plan's `setup` and `copy`: a fresh checkout has no installed dependencies and no ignored files.

Setup runs again where its commands, or the manifests and lock files in the tree, changed since it last
succeeded in that checkout. What it ran on is remembered beside the checkouts, where no command can write.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path, PurePath

from autopack.artifacts import ArtifactStore
from autopack.errors import InvalidInput
from autopack.processes import Finished
from autopack.runs.schemas import Evidence
from autopack.workspace import leftovers
from autopack.workspace.confined import gather_evidence
from autopack.workspace.failure import describe_failure, has_failed
from autopack.workspace.files import behind_a_link, copy_below, write_durably
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
    """What setup did: nothing where it was not due."""

    evidence: tuple[Evidence, ...] = ()
    failed: Finished | None = None
    """The last command's end, if it failed."""
    conflict: str = ""
    """What is in the way of a file of the plan's `copy`, for the Builder; then no command ran."""

    @property
    def failure(self) -> str:
        """For the Builder; empty where it did not fail."""
        return self.conflict if self.failed is None else describe_failure(self.failed, part="setup")


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
        return SetupRun()
    wanted = await _fingerprint(layout, which, settings, index)
    memory = layout.setup_memory(which)
    if not force and _recall(memory)[0] == wanted:
        return SetupRun()
    memory.unlink(missing_ok=True)
    evidence: list[Evidence] = []
    for command in settings.setup:
        proof, finished = await gather_evidence(
            layout, which, command, settings, tree=tree, artifacts=artifacts, installing=True
        )
        evidence.append(proof)
        if has_failed(finished):
            return SetupRun(evidence=tuple(evidence), failed=finished)
    products: leftovers.Remembered = {}
    if which == "verify":
        copied = {str(PurePath(which, name)) for name in settings.copy_files}
        entries = await leftovers.untracked(layout, which)
        remembered = await asyncio.to_thread(leftovers.remember, layout, which, entries)
        products = {path: mark for path, mark in remembered.items() if path not in copied}
    stored = {"fingerprint": wanted, "products": products}
    await asyncio.to_thread(write_durably, memory, json.dumps(stored).encode())
    return SetupRun(evidence=tuple(evidence))


async def setup_products(layout: Layout, which: Which, settings: CommandSettings) -> leftovers.Remembered:
    """What setup left when it last succeeded on these very manifests; nothing where it is due.

    A setup that runs again begins with nothing of the one before, whose manifests may have been a model's.
    """
    if not settings.setup:
        return {}
    made_for, products = _recall(layout.setup_memory(which))
    return products if made_for == await _fingerprint(layout, which, settings, layout.index(which)) else {}


async def copy_files(layout: Layout, which: Which, source: Path, names: tuple[str, ...]) -> str:
    """Copy untracked files from the user's checkout; what is in the way of one, for the Builder, or nothing.

    Raises `InvalidInput` for one that can't be copied whatever the Builder does.
    """
    for name in names:
        _refuse_outside(name)
    if not names:
        return ""
    tracked = await _tracked(Git(common_dir(source)), source, names)
    for name in names:
        if name in tracked:
            raise InvalidInput(
                f"The plan's copy names {name}, which git tracks: it is in the checkout already.",
                hint="Remove it from `copy`; that is for ignored files.",
            )
    ours = await _tracked(layout.git_in(which), layout.checkout(which), names)
    for name in names:
        if name in ours:
            continue
        origin = await asyncio.to_thread(_origin, source, name)
        if any(path.startswith(f"{name}/") for path in ours):
            return _in_the_way(name, f"{name} is a folder in your change")
        try:
            await asyncio.to_thread(copy_below, origin, layout.checkout(which), name)
        except NotADirectoryError as error:
            return _in_the_way(name, f"{error.filename} is not a folder in your change")
    return ""


def exclude_copies(layout: Layout, names: tuple[str, ...]) -> None:
    """Keep copied files out of snapshots, also where the repository does not ignore them."""
    exclude = layout.git_dir / "info" / "exclude"
    now = exclude.read_text()
    lines = [line for name in names if (line := "/" + _literal(name)) not in now.splitlines()]
    if lines:
        write_durably(exclude, (now + "\n".join(lines) + "\n").encode("utf-8", "surrogateescape"))


def _refuse_outside(name: str) -> None:
    relative = Path(name)
    if relative.is_absolute() or ".." in relative.parts or not relative.parts or relative.parts[0] == ".git":
        raise InvalidInput(
            f"The plan's copy names {name}, which is not a path inside the repository.",
            hint="Write it relative to the repository's top, without `..`.",
        )


def _in_the_way(name: str, what: str) -> str:
    return (
        f"The plan copies the file {name} into the checkout before each check, which fails: {what}.\n"
        "Put what is at that path somewhere else."
    )


def _origin(source: Path, name: str) -> Path:
    """The file to copy, or `InvalidInput`."""
    origin = source / name
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
    if not os.access(origin, os.R_OK):
        raise InvalidInput(f"The plan's copy names {name}, which can't be read.", hint="Mend its rights.")
    if behind_a_link(source, name):
        raise InvalidInput(
            f"The plan's copy names {name}, which a symlink leads to.", hint="Name the file where it is."
        )
    return origin


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


def _recall(memory: Path) -> tuple[str, leftovers.Remembered]:
    try:
        stored = json.loads(memory.read_bytes())
    except FileNotFoundError:
        return "", {}
    return stored["fingerprint"], {path: (mark[0], mark[1]) for path, mark in stored["products"].items()}


def _literal(name: str) -> str:
    return "".join(f"\\{letter}" if letter in "*?[]\\#! " else letter for letter in name)
