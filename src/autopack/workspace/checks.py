"""Verification: real commands on exactly one tree, in a checkout that the Builder never wrote to."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

from autopack.artifacts import ArtifactStore
from autopack.processes import Finished
from autopack.runs.schemas import Evidence
from autopack.workspace import leftovers
from autopack.workspace.checkout import check_out, settle_gitlinks
from autopack.workspace.confined import gather_evidence
from autopack.workspace.failure import describe_failure, has_failed
from autopack.workspace.fingerprint import fingerprint
from autopack.workspace.git import shown
from autopack.workspace.layout import Layout
from autopack.workspace.schemas import Check, CommandSettings
from autopack.workspace.setup import SetupRun, copy_files, run_setup, setup_products
from autopack.workspace.untouched import find_modified


async def check_tree(
    layout: Layout,
    *,
    tree: str,
    commands: tuple[str, ...],
    settings: CommandSettings,
    source: Path,
    gitlinks: Mapping[str, str],
    artifacts: ArtifactStore,
) -> Check:
    """Put the tree into the verification checkout, run setup where it is due, then the commands in order.

    It stops at the first that fails. Afterwards the tracked files are compared with the tree again: commands
    that change what they verify have not verified it.
    """
    setup = await _prepare(
        layout, tree=tree, settings=settings, source=source, gitlinks=gitlinks, artifacts=artifacts
    )
    evidence: list[Evidence] = []

    def failed(
        failure: str, mark: str, *, setup_failed: bool = False, changed: tuple[str, ...] = ()
    ) -> Check:
        return Check(
            passed=False,
            setup=setup.evidence,
            evidence=tuple(evidence),
            setup_failed=setup_failed,
            failure=failure,
            fingerprint=mark,
            changed_by_checks=changed,
        )

    if setup.failed is not None:
        return failed(setup.failure, _fingerprint(layout, setup.failed), setup_failed=True)
    if setup.conflict:
        return failed(setup.conflict, _told("copy", setup.conflict), setup_failed=True)
    for command in commands:
        proof, finished = await gather_evidence(
            layout, "verify", command, settings, tree=tree, artifacts=artifacts
        )
        evidence.append(proof)
        if has_failed(finished):
            return failed(describe_failure(finished, part="verify"), _fingerprint(layout, finished))
    if changed := await _changed_files(layout):
        failure = (
            "The verification commands changed tracked files, so they did not verify what would be "
            "committed: "
            + ", ".join(changed)
            + ". Commit what they generate, or make them leave these files alone."
        )
        return failed(failure, _told("\n".join(commands), failure), changed=changed)
    return Check(
        passed=True,
        setup=setup.evidence,
        evidence=tuple(evidence),
        setup_failed=False,
        failure="",
        fingerprint=None,
        changed_by_checks=(),
    )


async def _prepare(
    layout: Layout,
    *,
    tree: str,
    settings: CommandSettings,
    source: Path,
    gitlinks: Mapping[str, str],
    artifacts: ArtifactStore,
) -> SetupRun:
    """Make the verification checkout this tree, setup's products and the copied files: nothing else."""
    layout.link("verify")
    layout.drop_stale_locks("verify")
    await _checkout(layout, tree, gitlinks)
    products = await setup_products(layout, "verify", settings)
    intact = await _clean(layout, products)
    if products and not intact:
        await _clean(layout, {})
    if conflict := await copy_files(layout, "verify", source, settings.copy_files):
        return SetupRun(conflict=conflict)
    setup = await run_setup(
        layout,
        "verify",
        settings,
        tree=tree,
        index=layout.index("verify"),
        artifacts=artifacts,
        force=not intact,
    )
    if setup.evidence and not setup.failure:
        await _checkout(layout, tree, gitlinks)
    return setup


async def _checkout(layout: Layout, tree: str, gitlinks: Mapping[str, str]) -> None:
    await check_out(layout, "verify", tree)
    await settle_gitlinks(layout, "verify", gitlinks)


async def _clean(layout: Layout, products: leftovers.Remembered) -> bool:
    entries = await leftovers.untracked(layout, "verify")
    return await asyncio.to_thread(leftovers.clean, layout, "verify", entries, products)


async def _changed_files(layout: Layout) -> tuple[str, ...]:
    layout.link("verify")
    modified = await find_modified(layout, "verify", layout.git_in("verify"))
    return tuple(shown(path) for path in modified.changed)


def _told(command: str, failure: str) -> str:
    """Fingerprint of a failure that is ours to tell, not a command's."""
    return fingerprint(command=command, output=failure.encode(), exit_code=0, timed_out=False, places=())


def _fingerprint(layout: Layout, finished: Finished) -> str:
    if finished.exceeded:
        return _told(finished.argv[-1], f"too much {finished.exceeded}")
    return fingerprint(
        command=finished.argv[-1],
        output=finished.output,
        exit_code=finished.exit_code,
        timed_out=finished.timed_out,
        places=(layout.checkout("verify"), layout.home("verify")),
    )
