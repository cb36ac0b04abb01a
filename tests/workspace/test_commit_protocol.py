from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from sample_repository import RUN, WHEN, git, head, open_workspace, write

from autopack.errors import Conflict
from autopack.workspace import Workspace

MESSAGE = "Turn it round\n\nAutopack-Run: run\nAutopack-Phase: store\n"


async def verified(workspace: Workspace) -> tuple[str, str]:
    base = await workspace.create()
    write(workspace.build, "new.txt", "new\n")
    return base, await workspace.snapshot()


async def test_a_commit_is_the_same_each_time_and_moves_nothing(workspace: Workspace) -> None:
    base, tree = await verified(workspace)
    first = await workspace.write_commit(tree=tree, parent=base, message=MESSAGE, when=WHEN)
    elsewhere = WHEN.astimezone(timezone(timedelta(hours=5)))
    second = await workspace.write_commit(tree=tree, parent=base, message=MESSAGE, when=elsewhere)
    assert first == second
    assert head(workspace) == base
    shown = git(workspace.git_dir, "show", "--no-patch", "--format=%an <%ae>|%cn|%at|%ct|%T|%P|%B", first)
    stamp = int(WHEN.timestamp())
    assert shown == f"Autopack <autopack@localhost>|Autopack|{stamp}|{stamp}|{tree}|{base}|{MESSAGE.strip()}"
    trailers = git(workspace.git_dir, "show", "--no-patch", "--format=%(trailers:key=Autopack-Phase)", first)
    assert trailers == "Autopack-Phase: store"
    git(workspace.git_dir, "fsck", "--strict")


async def test_a_time_without_a_zone_is_refused(workspace: Workspace) -> None:
    base, tree = await verified(workspace)
    with pytest.raises(ValueError, match="time zone"):
        await workspace.write_commit(tree=tree, parent=base, message="m", when=datetime(2025, 1, 1))


@pytest.mark.parametrize("killed_after", ["nothing", "commit", "move", "publish"])
async def test_it_is_finished_wherever_it_was_killed(
    workspace: Workspace, tmp_path: Path, source: Path, killed_after: str
) -> None:
    base, tree = await verified(workspace)
    steps = ["nothing", "commit", "move", "publish"]
    done = steps.index(killed_after)
    if done >= 1:
        new = await workspace.write_commit(tree=tree, parent=base, message=MESSAGE, when=WHEN)
        if done >= 2:
            await workspace.move_branch(parent=base, new=new)
        if done >= 3:
            await workspace.publish()
    recovered = open_workspace(tmp_path, source)
    assert await recovered.create() == base
    await recovered.reset_build(tree)
    new = await recovered.write_commit(tree=tree, parent=base, message=MESSAGE, when=WHEN)
    await recovered.move_branch(parent=base, new=new)
    await recovered.publish()
    assert head(recovered) == git(source, "rev-parse", f"autopack/{RUN}") == new
    assert git(source, "rev-parse", f"{new}^") == base


async def test_a_branch_that_is_elsewhere_is_a_conflict_and_stays(workspace: Workspace) -> None:
    base, tree = await verified(workspace)
    new = await workspace.write_commit(tree=tree, parent=base, message="mine", when=WHEN)
    other = await workspace.write_commit(tree=tree, parent=base, message="other", when=WHEN)
    await workspace.move_branch(parent=base, new=other)
    with pytest.raises(Conflict, match=other[:12]):
        await workspace.move_branch(parent=base, new=new)
    assert head(workspace) == other
