"""Making a workspace: our own repository with the objects of the user's HEAD, and its branch."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from autopack.errors import InvalidInput, Unavailable
from autopack.workspace.checkout import GITLINK
from autopack.workspace.files import remove, write_durably
from autopack.workspace.git import Git, last_words, parts, refusal, text
from autopack.workspace.layout import EXCLUDED, Layout
from autopack.workspace.publish import refuse_unpublishable
from autopack.workspace.source import common_dir

_UPLOAD_PACK = "git -c 'safe.directory=*' -c core.hooksPath=/dev/null upload-pack"


@dataclass(frozen=True)
class Origin:
    """What a workspace began from."""

    base: str
    """Commit id of the user's HEAD at that moment."""
    gitlinks: Mapping[str, str]
    """The base's submodules: path and commit id."""


def read_origin(layout: Layout) -> Origin | None:
    """What `make_clone` remembered; None where it has not come to its end."""
    try:
        stored = json.loads((layout.state / "created.json").read_bytes())
    except FileNotFoundError:
        return None
    return Origin(base=stored["base"], gitlinks=stored["gitlinks"])


async def make_clone(layout: Layout, source: Path) -> Origin:
    """Copy the user's HEAD, and the tags on its history, into a new repository of ours.

    Nothing is shared with the user's repository: no hard links, no alternates, no remote. What an earlier,
    killed attempt left is made anew. Raises `Unavailable` where the source can't be read or written, and
    `Conflict` where it can have no branch of ours.
    """
    await refuse_unpublishable(source)
    await _refuse_missing_objects(source)
    for left in (
        layout.git_dir,
        layout.state,
        layout.checkout("build"),
        layout.checkout("verify"),
        layout.root / "home",
    ):
        remove(left)
    layout.state.mkdir(parents=True)
    await make_repository(layout, object_format=await _object_format(source))
    fetched = await layout.git.try_(
        "fetch", "--quiet", "--no-write-fetch-head", "--no-auto-gc", "--no-recurse-submodules",
        "--update-shallow", f"--upload-pack={_UPLOAD_PACK}", os.fspath(source),
        "+HEAD:refs/autopack/base", f"+HEAD:{layout.branch}",
    )  # fmt: skip
    if fetched.exit_code != 0:
        raise refusal(f"The repository {source} can't be read", fetched)
    base = (layout.git_dir / "refs/autopack/base").read_text().strip()
    listing = await layout.git("ls-tree", "-r", "-z", base)
    # "<mode> commit <id>\t<path>"
    links = [entry.split(b"\t", 1) for entry in parts(listing) if entry.startswith(GITLINK)]
    return Origin(base=base, gitlinks={text(path): about.split()[2].decode() for about, path in links})


async def make_repository(layout: Layout, *, object_format: str = "sha1") -> None:
    """Make our repository, without a commit."""
    layout.git_dir.mkdir(parents=True, exist_ok=True)
    await layout.git(
        "init", "--quiet", "--bare", "--template=", f"--object-format={object_format}",
        "--initial-branch=autopack-none",
    )  # fmt: skip
    (layout.git_dir / "info").mkdir(exist_ok=True)
    (layout.git_dir / "info" / "exclude").write_text(EXCLUDED)


def remember_origin(layout: Layout, origin: Origin) -> None:
    """The last step of creating: from now on the workspace is there."""
    stored = {"base": origin.base, "gitlinks": dict(origin.gitlinks)}
    write_durably(layout.state / "created.json", json.dumps(stored).encode())


async def _refuse_missing_objects(source: Path) -> None:
    """A partial clone (`--filter=blob:none`) leaves objects at its server, which our own git never asks."""
    git = Git(common_dir(source))
    partial = await git.try_("config", "--get-regexp", r"^(extensions\.partialclone|remote\..*\.promisor)$")
    if partial.exit_code != 0:
        return
    listed = await git.try_("rev-list", "--objects", "--no-object-names", "--missing=print", "HEAD")
    missing = listed.output.count(b"\n?") + listed.output.startswith(b"?")
    if missing or listed.exit_code != 0:
        raise Unavailable(
            f"{source} is a partial clone: {missing or 'some'} objects of its history are not here.",
            hint="Fetch them: git config --unset-all remote.origin.partialclonefilter; git fetch --refetch "
            "(git 2.36 or newer), or clone it anew without --filter.",
        )


async def _object_format(source: Path) -> str:
    found = await Git(common_dir(source)).try_("rev-parse", "--show-object-format")
    if found.exit_code != 0:
        raise InvalidInput(f"{source} is not a usable git repository: {last_words(found)}")
    return found.output.decode().strip()
