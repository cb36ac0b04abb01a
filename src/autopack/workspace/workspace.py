"""One run's workspace: the Builder's checkout, the one that verifies, and the commits between them."""

from __future__ import annotations

import asyncio
import shutil
from datetime import datetime
from pathlib import Path

from autopack.agents.base import Program, Seat
from autopack.artifacts import ArtifactStore
from autopack.errors import NotFound
from autopack.processes import Confinement, Finished
from autopack.runs.schemas import branch_name
from autopack.workspace import commits, leftovers
from autopack.workspace.change import read_change, read_diff
from autopack.workspace.checkout import check_out, settle_gitlinks
from autopack.workspace.checks import check_tree
from autopack.workspace.clone import Origin, make_clone, make_repository, read_origin, remember_origin
from autopack.workspace.confined import run_in_checkout, run_program
from autopack.workspace.files import own_folder, refuse_full_disk, remove
from autopack.workspace.layout import Layout, Which
from autopack.workspace.publish import publish
from autopack.workspace.schemas import Change, Check, CommandSettings, Setup
from autopack.workspace.setup import copy_files, exclude_copies, run_setup
from autopack.workspace.snapshot import refresh_snapshot_index, write_tree


class Workspace:
    """A clone of the user's repository with two checkouts. One owner at a time; every method can be repeated.

    `root` is the run's own folder, `source` the top of the user's repository. After a kill at any moment the
    same methods work again: what is half done is finished or done anew. A command that fails where the disk
    is full says nothing about the work: it raises `DiskFull`.
    """

    def __init__(self, root: Path, source: Path, run_id: str, artifacts: ArtifactStore) -> None:
        self.root = root
        self.source = source
        self.run_id = run_id
        self._artifacts = artifacts
        self._layout = Layout(root, run_id)
        self._trees: dict[str, str] = {}
        self._snapshot: str | None = None
        self._origin: Origin | None = None

    @property
    def build(self) -> Path:
        """The Builder's checkout."""
        return self._layout.checkout("build")

    @property
    def verify(self) -> Path:
        """The second checkout, which holds exactly the tree that is verified."""
        return self._layout.checkout("verify")

    @property
    def git_dir(self) -> Path:
        """The run's own repository."""
        return self._layout.git_dir

    @property
    def branch(self) -> str:
        """Short name of the run's branch, here and in the user's repository."""
        return branch_name(self.run_id)

    async def create(self) -> str:
        """Clone the user's HEAD; its commit id. Called again, it gives the same."""
        if (origin := read_origin(self._layout)) is None:
            origin = await make_clone(self._layout, self.source)
            self._origin = origin
            await self.reset_build(origin.base)
            self._layout.link("verify")
            remember_origin(self._layout, origin)
        for which in ("build", "verify"):
            self._layout.link(which)
            self._layout.drop_stale_locks(which)
        self._origin = origin
        return origin.base

    async def create_empty(self) -> None:
        """In place of `create`, for whoever needs no file: a Builder's checkout of no commit."""
        await make_repository(self._layout)
        self._layout.link("build")

    async def reset_build(self, tree: str) -> None:
        """Make the Builder's checkout exactly this tree or commit. Ignored files, such as `.venv`, stay."""
        layout, gitlinks = self._layout, self._found().gitlinks
        layout.link("build")
        layout.drop_stale_locks("build")
        self._snapshot = None
        await check_out(layout, "build", tree)
        await leftovers.remove_unignored(layout, "build")
        await settle_gitlinks(layout, "build", gitlinks)
        shutil.copy2(layout.index("build"), layout.snapshot_index)

    async def snapshot(self) -> str:
        """Tree id of the Builder's checkout as it is now, without ignored files and litter.

        A nested git repository is in it as a link to no commit; `change` names it: do not commit that tree.
        A program may be at work there.
        """
        self._found()
        self._layout.link("build")
        self._layout.drop_snapshot_locks()
        refreshed = await refresh_snapshot_index(self._layout)
        if refreshed.changed or self._snapshot is None:
            self._snapshot = await write_tree(self._layout, refreshed.nested)
            self._trees[self._snapshot] = self._snapshot
        return self._snapshot

    async def change(self, base: str, tree: str) -> Change:
        """What differs between two trees or commits, file by file."""
        return await read_change(self._layout.git, base, tree)

    async def diff(self, base: str, tree: str) -> bytes:
        """Unified diff of two trees or commits, with full blob ids; binary files are only named."""
        return await read_diff(self._layout.git, base, tree)

    async def setup(self, settings: CommandSettings) -> Setup:
        """Make the Builder's checkout ready: the plan's `copy` files, and its `setup` where that is due.

        Setup is due where its commands or the manifests changed since it last succeeded there. `check` does
        the same for the second checkout. Raises `InvalidInput` for a file that can't be copied.
        """
        exclude_copies(self._layout, settings.copy_files)
        self._layout.link("build")
        if conflict := await copy_files(self._layout, "build", self.source, settings.copy_files):
            return Setup(evidence=(), failed=True, failure=conflict)
        if not settings.setup:
            return Setup(evidence=(), failed=False, failure="")
        done = await run_setup(
            self._layout,
            "build",
            settings,
            tree=await self.snapshot(),
            index=self._layout.snapshot_index,
            artifacts=self._artifacts,
        )
        if done.failed is not None:
            refuse_full_disk(self.root)
        return Setup(evidence=done.evidence, failed=done.failed is not None, failure=done.failure)

    async def check(self, tree: str, commands: tuple[str, ...], settings: CommandSettings) -> Check:
        """Run setup where it is due, then the commands, on exactly this tree (or commit); see `checks.py`.

        All in the second checkout, which holds nothing of an earlier check's. Without commands it is made
        this tree all the same, for whoever reads it. Raises `InvalidInput` for a file that can't be copied.
        """
        exclude_copies(self._layout, settings.copy_files)
        check = await check_tree(
            self._layout,
            tree=await self._tree_id(tree),
            commands=commands,
            settings=settings,
            source=self.source,
            gitlinks=self._found().gitlinks,
            artifacts=self._artifacts,
        )
        if not check.passed:
            refuse_full_disk(self.root)
        return check

    async def shell(self, command: str, settings: CommandSettings, *, timeout_seconds: float) -> Finished:
        """One shell command of the Builder's in its checkout, confined like the verification."""
        self._layout.link("build")
        self._layout.drop_stale_locks("build")
        finished = await run_in_checkout(
            self._layout, "build", command, settings, timeout_seconds=timeout_seconds
        )
        if finished.exit_code != 0:
            refuse_full_disk(self.root)
        return finished

    def seat(self, agent: str, settings: CommandSettings, *, which: Which, may_write: bool) -> Seat:
        """Where a coding agent's program works: in one of the checkouts, which it may write or only read."""
        folder = self._layout.agent(agent, which)

        async def launch(program: Program) -> Finished:
            self._layout.link(which)
            self._layout.drop_stale_locks(which)
            own_folder(folder.parent)
            own_folder(folder)
            for needed in program.writes:
                needed.mkdir(parents=True, exist_ok=True)
            return await run_program(
                self._layout, which, program, settings, folder=folder, may_write=may_write
            )

        sandboxed = settings.confinement is not Confinement.NONE
        return Seat(launch=launch, folder=folder, sandboxed=sandboxed)

    async def write_commit(self, *, tree: str, parent: str, message: str, when: datetime) -> str:
        """Write a commit object and give its id, the same for the same arguments; no branch moves."""
        return await commits.write_commit(self._layout, tree=tree, parent=parent, message=message, when=when)

    async def move_branch(self, *, parent: str, new: str) -> None:
        """Move the run's branch from parent to new. Already there is fine; elsewhere raises `BranchMoved`."""
        await commits.move_branch(self._layout, parent=parent, new=new)

    async def publish(self) -> None:
        """Bring the run's branch into the user's repository, fast-forward only; see `publish.py`."""
        self._found()
        self._layout.drop_stale_locks()
        await publish(self._layout, self.source)

    async def remove(self) -> None:
        """Remove the whole workspace. The published branch stays in the user's repository."""
        await asyncio.to_thread(remove, self.root)

    def _found(self) -> Origin:
        self._origin = self._origin or read_origin(self._layout)
        if self._origin is None or not self._layout.git_dir.is_dir():
            raise NotFound(
                f"The workspace of {self.run_id} is gone from {self.root}.",
                hint="Put it back and resume the run; otherwise take what is finished "
                f"(autopack merge {self.run_id}) and run the plan anew.",
            )
        return self._origin

    async def _tree_id(self, tree: str) -> str:
        """The id of a tree that may be named by a commit."""
        if tree in self._trees:
            return self._trees[tree]
        found = (await self._layout.git("rev-parse", "--verify", f"{tree}^{{tree}}")).decode().strip()
        if len(tree) in (40, 64):
            self._trees[tree] = found
        return found
