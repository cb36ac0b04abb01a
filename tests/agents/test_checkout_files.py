from __future__ import annotations

from pathlib import Path

import pytest
from pydantic_ai.workspaces import SupportsCommands, WorkspaceReadOnlyError

from autopack.agents.base import Access
from autopack.agents.checkout import CheckoutFiles


def test_the_file_tools_have_no_way_to_start_a_process(tmp_path: Path) -> None:
    assert not isinstance(CheckoutFiles(tmp_path, access=Access.WRITE), SupportsCommands)


def test_a_transcript_names_no_path_of_the_machine(tmp_path: Path) -> None:
    assert str(tmp_path) not in CheckoutFiles(tmp_path, access=Access.WRITE).ref.id


async def test_reading_access_refuses_every_change(tmp_path: Path) -> None:
    files = CheckoutFiles(tmp_path, access=Access.READ)
    with pytest.raises(WorkspaceReadOnlyError):
        await files.write_bytes(str(tmp_path / "a"), b"")
    with pytest.raises(WorkspaceReadOnlyError):
        await files.make_dir(str(tmp_path / "a"))
    with pytest.raises(WorkspaceReadOnlyError):
        await files.remove(str(tmp_path))
    assert not await files.exists(str(tmp_path / "a"))


async def test_a_link_that_appeared_after_the_check_leads_nowhere(tmp_path: Path) -> None:
    checkout, outside = tmp_path / "checkout", tmp_path / "checkout-beside"
    checkout.mkdir()
    outside.mkdir()
    (outside / "key").write_bytes(b"private")
    (checkout / "link").symlink_to(outside)
    files = CheckoutFiles(checkout, access=Access.WRITE)
    with pytest.raises(PermissionError):
        await files.read_bytes(str(checkout / "link/key"))
    with pytest.raises(PermissionError):
        await files.write_bytes(str(checkout / "link/key"), b"boo")
    with pytest.raises(PermissionError):
        await files.make_dir(str(checkout / "link/new"))
    with pytest.raises(PermissionError):
        await files.list_dir(str(checkout / "link"))
    assert (outside / "key").read_bytes() == b"private"
