"""Large texts by content hash: command output, diffs, prompts, transcripts."""

from __future__ import annotations

import asyncio
import hashlib
import os
import tempfile
from pathlib import Path

from autopack.errors import NotFound


class ArtifactStore:
    """A folder of immutable blobs, named by the SHA-256 of their bytes. Putting one twice is free."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def store(self, data: bytes) -> str:
        """`put` in a thread: its sync may take a while."""
        return await asyncio.to_thread(self.put, data)

    def put(self, data: bytes) -> str:
        """Store bytes durably (written aside, synced, renamed) and return their hex digest."""
        digest = hashlib.sha256(data).hexdigest()
        path = self._path(digest)
        if path.exists():
            return digest
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, aside = tempfile.mkstemp(dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(aside).replace(path)
        except BaseException:
            Path(aside).unlink(missing_ok=True)
            raise
        return digest

    def get(self, digest: str) -> bytes:
        """The bytes behind a digest. Raises `NotFound` where there are none."""
        try:
            return self._path(digest).read_bytes()
        except FileNotFoundError:
            raise NotFound(
                f"Artifact {digest[:12]} is gone from {self._folder}.",
                hint="It was removed by hand; the run's other records are unaffected.",
            ) from None

    def remove(self, digest: str) -> None:
        """Drop a blob that nothing refers to any more, such as a superseded transcript. Gone is fine."""
        self._path(digest).unlink(missing_ok=True)

    def _path(self, digest: str) -> Path:
        return self._folder / digest[:2] / digest
