from __future__ import annotations

from pathlib import Path

import pytest
from sample_repository import make_repository, open_workspace

from autopack.processes import Confinement, probe_sandbox
from autopack.workspace import Workspace


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return make_repository(tmp_path / "source")


@pytest.fixture
async def workspace(tmp_path: Path, source: Path) -> Workspace:
    made = open_workspace(tmp_path, source)
    await made.create()
    return made


@pytest.fixture
async def bubblewrap() -> Confinement:
    probe = await probe_sandbox()
    if not probe.available:
        pytest.skip(probe.detail)
    return Confinement.BUBBLEWRAP
