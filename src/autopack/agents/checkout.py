"""The checkout as the harness's file tools see it: files and nothing else, and none outside it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

from pydantic_ai.workspaces import (
    FileEntry,
    LocalWorkspaceBackend,
    SupportsFilesystem,
    SupportsRealpath,
    WorkspaceBackend,
    WorkspaceReadOnlyError,
    WorkspaceRef,
)

from autopack.agents.base import Access


class CheckoutFiles(WorkspaceBackend, SupportsFilesystem, SupportsRealpath):
    """File access below one folder, without the means to start a process.

    The harness checks every path before it uses it; here the file is resolved once more, at the use,
    and refused outside the checkout: a link that appeared in between leads nowhere.
    """

    def __init__(self, root: Path, *, access: Access) -> None:
        self._files = LocalWorkspaceBackend(root)
        self._access = access

    @property
    def ref(self) -> WorkspaceRef:
        """The same for every checkout, so that a transcript names no path of this machine."""
        return WorkspaceRef(provider="autopack", id="checkout")

    async def working_dir(self) -> str:
        """The checkout's real path."""
        return await self._files.working_dir()

    async def read_bytes(self, path: str) -> bytes:
        """A file's content."""
        return await self._files.read_bytes(await self.inside(path))

    async def write_bytes(self, path: str, data: bytes) -> None:
        """Write a file, through a link if it stays inside."""
        self._may_write()
        await self._files.write_bytes(await self.inside(path), data)

    async def stat(self, path: str) -> FileEntry:
        """What is at a path."""
        return await self._files.stat(path)

    async def list_dir(self, path: str) -> Sequence[FileEntry]:
        """The entries of one folder."""
        await self.inside(path)
        return await self._files.list_dir(path)

    async def make_dir(self, path: str) -> None:
        """A folder with its parents."""
        self._may_write()
        await self._files.make_dir(await self.inside(path))

    async def remove(self, path: str) -> None:
        """No tool offers this."""
        raise WorkspaceReadOnlyError("nothing is removed through the file tools")

    async def exists(self, path: str) -> bool:
        """Whether anything is at a path."""
        return await self._files.exists(path)

    async def realpath(self, path: str) -> str:
        """A path with its links resolved."""
        return await self._files.realpath(path)

    def _may_write(self) -> None:
        if self._access is Access.READ:
            raise WorkspaceReadOnlyError("this checkout is open for reading only")

    async def inside(self, path: str) -> str:
        """The real path; raises PermissionError for one that is not in the checkout."""
        root = await self._files.working_dir()
        real = await asyncio.to_thread(os.path.realpath, path)
        if real != root and not real.startswith(root + os.sep):
            raise PermissionError("the path leads outside the checkout")
        return real
