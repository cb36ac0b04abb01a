"""Large texts by content hash: command output, diffs, prompts, transcripts. No key gets into one."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import tempfile
from pathlib import Path

from autopack.errors import NotFound
from autopack.redaction import Redactor

_DIGEST = re.compile("[0-9a-f]{64}")


class ArtifactStore:
    """A folder of immutable blobs, named by the SHA-256 of their bytes. Putting one twice is free."""

    def __init__(self, folder: Path, redactor: Redactor | None = None, *, verbatim: bool = False) -> None:
        """What is put is redacted first; without a redactor of the environment, of known shapes of keys.

        `verbatim` is for what has to come back byte for byte.
        """
        self._folder = folder
        self._redactor = None if verbatim else redactor or Redactor()

    async def store(self, data: bytes) -> str:
        """`put` in a thread: its sync may take a while."""
        return await asyncio.to_thread(self.put, data)

    def put(self, data: bytes) -> str:
        """Store bytes durably (written aside, synced, renamed) and return their hex digest.

        Only the user can read the file, and the digest is of what is in it.
        """
        data = self.redacted(data)
        digest = hashlib.sha256(data).hexdigest()
        path = self._path(digest)
        if path.exists():
            return digest
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        handle, aside = tempfile.mkstemp(dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(aside).replace(path)
            _sync_folder(path.parent)
        except BaseException:
            Path(aside).unlink(missing_ok=True)
            raise
        return digest

    def redacted(self, data: bytes) -> bytes:
        """The bytes as they would be stored."""
        return data if self._redactor is None else self._redactor.data(data)

    def get(self, digest: str) -> bytes:
        """The bytes behind a digest. Raises `NotFound` where there are none."""
        try:
            return self._path(digest).read_bytes()
        except FileNotFoundError:
            raise NotFound(
                f"Artifact {digest[:12]} is gone from {self._folder}.",
                hint="Put it back from a copy of the home; the run's other records are unaffected.",
            ) from None

    def remove(self, digest: str) -> None:
        """Drop a blob that nothing refers to any more, such as a superseded transcript. Gone is fine."""
        self._path(digest).unlink(missing_ok=True)

    def every(self) -> dict[str, Path]:
        """All blobs, by digest."""
        return {path.name: path for path in self._folder.glob("??/*") if _DIGEST.fullmatch(path.name)}

    def halves(self) -> list[Path]:
        """Files of `put` that were never renamed: it is writing them at this moment, or was killed."""
        return [path for path in self._folder.glob("??/*") if not _DIGEST.fullmatch(path.name)]

    def _path(self, digest: str) -> Path:
        return self._folder / digest[:2] / digest


def _sync_folder(folder: Path) -> None:
    """Make a rename in it outlive a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
