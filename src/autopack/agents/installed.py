"""Where a coding agent's program is, and what belongs to it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from autopack.agents.base import ProviderRefused
from autopack.agents.told import Adapter


def find_program(adapter: Adapter, environ: Mapping[str, str]) -> Path:
    """The program of an agent on PATH. Raises ProviderRefused where there is none."""
    for name in adapter.programs:
        if (found := shutil.which(name, path=environ.get("PATH", os.defpath))) is not None:
            return Path(found)
    raise ProviderRefused(
        f"{adapter.name} is not installed: no {' or '.join(adapter.programs)} on PATH.",
        hint="Install it, and log in or give it a key: docs/agents.md.",
    )


def folders_of(program: Path) -> tuple[Path, ...]:
    """Folders that have to be seen where the program is to run: its own, and that of its packages."""
    real = program.resolve()
    parts = real.parts
    if "node_modules" in parts:
        return (Path(*parts[: parts.index("node_modules") + 1]),)
    return (real.parent,)


def there(folder: Path, names: Iterable[str]) -> tuple[Path, ...]:
    """Those of the names that a folder has."""
    return tuple(folder / name for name in names if (folder / name).exists())
