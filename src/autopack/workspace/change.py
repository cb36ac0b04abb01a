"""What differs between two trees: by file, and as text."""

from __future__ import annotations

from typing import Literal

from autopack.errors import Unavailable
from autopack.runs.schemas import FileChange
from autopack.workspace.git import Git, last_words, parts, shown
from autopack.workspace.schemas import Change

DIFF_LIMIT_BYTES = 8 * 1024 * 1024
"""What is kept of one diff; a longer one is refused, for its rest would go unread."""

_GITLINK = "160000"
_STATUS: dict[str, Literal["added", "modified", "deleted", "type_changed"]] = {
    "A": "added",
    "M": "modified",
    "D": "deleted",
    "T": "type_changed",
}


async def read_change(git: Git, base: str, tree: str) -> Change:
    """Compare two trees file by file. `git` has no work tree: attributes in the files are not obeyed."""
    listing = parts(
        await git("diff-tree", "-r", "-z", "--raw", "--numstat", "--no-renames", "--no-ext-diff", base, tree)
    )
    statuses: dict[str, Literal["added", "modified", "deleted", "type_changed"]] = {}
    files: list[FileChange] = []
    nested: list[str] = []
    entries = iter(listing)
    for entry in entries:
        if entry.startswith(b":"):
            # ":<old mode> <new mode> <old id> <new id> <status>", then the path
            _, new_mode, _, _, status = entry[1:].decode().split(" ")
            path = shown(next(entries))
            statuses[path] = _STATUS[status[0]]
            if new_mode == _GITLINK:
                nested.append(path)
        else:
            # "<added>\t<deleted>\t<path>", with "-" for both where the file is binary
            added, deleted, name = entry.split(b"\t", 2)
            binary = added == b"-"
            files.append(
                FileChange(
                    path=shown(name),
                    status=statuses[shown(name)],
                    binary=binary,
                    added_lines=None if binary else int(added),
                    deleted_lines=None if binary else int(deleted),
                )
            )
    return Change(files=tuple(files), nested_repositories=tuple(nested))


async def read_diff(git: Git, base: str, tree: str) -> bytes:
    """A unified diff with renames shown as such and full blob ids; binary files are only named.

    Where it is longer than anybody reads, it ends at `DIFF_LIMIT_BYTES` with a line that says so.
    """
    said = await git.try_(
        "diff-tree", "-r", "-p", "--full-index", "--no-color", "--no-ext-diff", "--no-textconv", "-M",
        "--src-prefix=a/", "--dst-prefix=b/", base, tree, output_limit_bytes=2 * DIFF_LIMIT_BYTES,
    )  # fmt: skip
    if said.exit_code != 0:
        raise Unavailable(f"The change from {base} to {tree} can't be shown: {last_words(said)}")
    if not said.truncated and len(said.output) <= DIFF_LIMIT_BYTES:
        return said.output
    note = f"\n[The diff is longer than {DIFF_LIMIT_BYTES} bytes; the rest is left out.]\n"
    return said.output[:DIFF_LIMIT_BYTES] + note.encode()
