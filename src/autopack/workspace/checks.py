"""Verification: real commands on exactly one tree, in a checkout that the Builder never wrote to."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from autopack.artifacts import ArtifactStore
from autopack.processes import Finished
from autopack.runs.schemas import Evidence
from autopack.workspace import leftovers
from autopack.workspace.confined import gather_evidence
from autopack.workspace.counts import plain
from autopack.workspace.fingerprint import fingerprint
from autopack.workspace.git import parts, shown
from autopack.workspace.layout import Layout
from autopack.workspace.schemas import Check, CommandSettings
from autopack.workspace.setup import SetupRun, copy_files, run_setup, setup_products

_TAIL_CHARACTERS = 8_000
_NOT_FOUND = re.compile(
    r"^\S*sh: (?:line )?(?:\d+: )?(?P<name>[^:\n]+): (?:command )?not found$", re.MULTILINE
)


async def check_tree(
    layout: Layout,
    *,
    tree: str,
    commands: tuple[str, ...],
    settings: CommandSettings,
    source: Path,
    gitlinks: tuple[str, ...],
    artifacts: ArtifactStore,
    prepared: bool,
) -> Check:
    """Put the tree into the verification checkout, run setup where it is due, then the commands in order.

    `prepared`: nothing ran in the checkout since `prepare` succeeded for this tree, so it is not done again.
    It stops at the first that fails. Afterwards the tracked files are compared with the tree again: commands
    that change what they verify have not verified it.
    """
    setup = SetupRun(evidence=(), failed=None)
    if not prepared:
        setup = await prepare(
            layout, tree=tree, settings=settings, source=source, gitlinks=gitlinks, artifacts=artifacts
        )
    evidence = list(setup.evidence)
    if setup.failed is not None:
        command = settings.setup[len(evidence) - 1]
        return _failed(layout, command, setup.failed, evidence, what="The plan's setup command")
    for command in commands:
        proof, finished = await gather_evidence(
            layout, "verify", command, settings, tree=tree, artifacts=artifacts
        )
        evidence.append(proof)
        if finished.exit_code != 0 or finished.timed_out:
            return _failed(layout, command, finished, evidence, what="The command")
    changed = await _changed_files(layout)
    if changed:
        failure = (
            "The verification commands changed tracked files, so they did not verify what would be "
            "committed: "
            + ", ".join(changed)
            + ". Commit what they generate, or make them leave these files alone."
        )
        mark = fingerprint(
            command="\n".join(commands), output=failure.encode(), exit_code=0, timed_out=False, places=()
        )
        return Check(False, tuple(evidence), changed, failure, mark)
    return Check(True, tuple(evidence), (), "", None)


async def prepare(
    layout: Layout,
    *,
    tree: str,
    settings: CommandSettings,
    source: Path,
    gitlinks: tuple[str, ...],
    artifacts: ArtifactStore,
) -> SetupRun:
    """Make the verification checkout this tree, setup's products and the copied files: nothing else."""
    layout.link("verify")
    layout.drop_stale_locks("verify")
    await _checkout(layout, tree, gitlinks)
    products = setup_products(layout, "verify") if settings.setup else {}
    intact = await _clean(layout, products)
    if products and not intact:
        await _clean(layout, {})
    await copy_files(layout, "verify", source, settings.copy_files)
    setup = await run_setup(
        layout,
        "verify",
        settings,
        tree=tree,
        index=layout.index("verify"),
        artifacts=artifacts,
        force=not intact,
    )
    if setup.evidence and setup.failed is None:
        await _checkout(layout, tree, gitlinks)
    return setup


async def _checkout(layout: Layout, tree: str, gitlinks: tuple[str, ...]) -> None:
    await layout.git_in("verify")("read-tree", "--reset", "-u", tree, locks=True)
    layout.empty_submodules("verify", gitlinks)


async def _clean(layout: Layout, products: leftovers.Remembered) -> bool:
    entries = await leftovers.untracked(layout, "verify")
    return await asyncio.to_thread(leftovers.clean, layout, "verify", entries, products)


async def _changed_files(layout: Layout) -> tuple[str, ...]:
    layout.link("verify")
    listing = await layout.git_in("verify")(
        "diff",
        "-z",
        "--name-only",
        "--no-renames",
        "--no-ext-diff",
        "--no-textconv",
        "--ignore-submodules=all",
    )
    return tuple(shown(path) for path in parts(listing))


def _failed(
    layout: Layout, command: str, finished: Finished, evidence: list[Evidence], *, what: str
) -> Check:
    said = plain(finished.output)
    if finished.timed_out:
        reason = f"did not end within {finished.duration_seconds:.0f} s and was stopped"
    elif finished.exit_code == 127:
        missing = _NOT_FOUND.search(said)
        name = missing["name"] if missing else command.split()[0]
        reason = (
            f"failed with exit code 127, command not found: {name}; is it installed by the plan's setup and "
            "written right in the plan's verify?"
        )
    elif finished.exit_code < 0:
        reason = f"was killed by signal {-finished.exit_code}"
    else:
        reason = f"failed with exit code {finished.exit_code}"
    tail = said[-_TAIL_CHARACTERS:].strip()
    shown = "It said nothing." if not tail else "The end of its output:\n" + tail
    mark = fingerprint(
        command=command,
        output=finished.output,
        exit_code=finished.exit_code,
        timed_out=finished.timed_out,
        places=(layout.checkout("verify"), layout.home("verify")),
    )
    return Check(False, tuple(evidence), (), f"{what} `{command}` {reason}.\n{shown}", mark)
