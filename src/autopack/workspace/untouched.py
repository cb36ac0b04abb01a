"""Files that git calls modified although nobody touched them.

Where the attributes disagree with the blobs (`*.txt text` over a blob with CRLF, `ident`, an encoding), git
would normalise a file when it is added, and so says that it differs from its blob as soon as it looks at the
content. Here a file is untouched if it is byte for byte its blob, or what a checkout of its blob writes.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field

from autopack.workspace.files import behind_a_link
from autopack.workspace.git import Git, parts, text
from autopack.workspace.layout import Layout, Which

_CHUNK = 1024 * 1024
_CONVERTING = ("text", "eol", "crlf", "ident", "working-tree-encoding")
_MODES = ("100644", "100755")


@dataclass
class Modified:
    """Paths in an index that git calls modified or gone."""

    changed: list[bytes] = field(default_factory=list[bytes])
    untouched: set[bytes] = field(default_factory=set[bytes])


async def find_modified(layout: Layout, which: Which, git: Git) -> Modified:
    """Compare a checkout with the index that `git` is on."""
    listing = parts(
        await git(
            "diff", "-z", "--raw", "--no-abbrev", "--no-renames", "--no-ext-diff", "--no-textconv",
            "--ignore-submodules=all",
        )
    )  # fmt: skip
    # ":<index mode> <file mode> <index blob> <zeros> <status>", then the path
    found = Modified()
    blobs: dict[bytes, tuple[str, str]] = {}
    for about, path in zip(listing[::2], listing[1::2], strict=True):
        mode, _, blob, _, _ = about[1:].decode().split(" ")
        now = await asyncio.to_thread(_blob_id_of, layout, which, path, mode, len(blob))
        if now == blob:
            found.untouched.add(path)
        else:
            found.changed.append(path)
            if now:
                blobs[path] = (blob, now)
    for path in await _converted(git, list(blobs)):
        if await _written_by_a_checkout(git, path, *blobs[path]):
            found.changed.remove(path)
            found.untouched.add(path)
    return found


async def _converted(git: Git, paths: list[bytes]) -> list[bytes]:
    """Those of the paths that an attribute may convert."""
    if not paths:
        return []
    stdin = b"".join(path + b"\0" for path in paths)
    told = parts(await git("check-attr", "-z", "--stdin", *_CONVERTING, stdin=stdin))
    # path, attribute, value, and again
    named = {path for path, value in zip(told[::3], told[2::3], strict=True) if value != b"unspecified"}
    return [path for path in paths if path in named]


async def _written_by_a_checkout(git: Git, path: bytes, blob: str, now: str) -> bool:
    written = await git.try_("cat-file", "--filters", f"--path={text(path)}", blob)
    if written.exit_code != 0 or written.truncated:
        return False
    return _blob_id(len(now), len(written.output), (written.output,)) == now


def _blob_id_of(layout: Layout, which: Which, path: bytes, mode: str, digits: int) -> str:
    """The id that a file's bytes would have as a blob; empty where it is not a file of that mode."""
    top, name = layout.checkout(which), text(path)
    if mode not in _MODES or behind_a_link(top, name):
        return ""
    try:
        before = (top / name).lstat()
        executable = "100755" if before.st_mode & stat.S_IXUSR else "100644"
        if not stat.S_ISREG(before.st_mode) or executable != mode:
            return ""
        with os.fdopen(os.open(top / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
            return _blob_id(digits, before.st_size, iter(lambda: file.read(_CHUNK), b""))
    except OSError:
        return ""


def _blob_id(digits: int, size: int, chunks: Iterable[bytes]) -> str:
    """Git's id of a blob: the hash of `blob <size>`, NUL and the content; its length says which hash."""
    hashed = hashlib.sha1(usedforsecurity=False) if digits == 40 else hashlib.sha256()
    hashed.update(b"blob %d\0" % size)
    for chunk in chunks:
        hashed.update(chunk)
    return hashed.hexdigest()
