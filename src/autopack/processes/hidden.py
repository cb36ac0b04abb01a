"""What a confined command must not see although it lies in a folder that is bound whole."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from autopack.errors import Unavailable

SYSTEM_FOLDERS = ("/usr", "/etc", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/opt")
"""Bound whole by the sandbox itself."""

_NAMED_BY = (
    "AUTOPACK_HOME", "XDG_CONFIG_HOME", "GNUPGHOME", "DOCKER_CONFIG",
    "CLOUDSDK_CONFIG", "AZURE_CONFIG_DIR", "KUBECONFIG", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE",
    "GOOGLE_APPLICATION_CREDENTIALS", "NETRC", "PGPASSFILE", "VAULT_CONFIG_PATH", "CODEX_HOME",
    "CLAUDE_CONFIG_DIR",
)  # fmt: skip
"""Variables of the user's environment that name our folder or places of credentials."""


@dataclass(frozen=True)
class Hidden:
    """Real paths of what must not show."""

    places: tuple[Path, ...] = ()
    """All of them: nothing that holds one may be bound."""
    covered: tuple[Path, ...] = ()
    """Those inside a system folder, which is bound all the same; the outermost alone."""

    def covers(self, path: Path) -> bool:
        """Whether a path is not there unless it is bound on its own."""
        return any(real(path).is_relative_to(hidden) for hidden in self.covered)


def find_hidden(environ: Mapping[str, str], *, user_home: Path, ours: Iterable[Path]) -> Hidden:
    """The user's home, `ours` (Autopack's own folders) and places of credentials, as far as they would show.

    Raises `Unavailable` where the home or one of ours is a system folder or holds one: nothing would be left.
    """
    system = {real(Path(folder)) for folder in SYSTEM_FOLDERS}
    wanted: dict[Path, None] = {}
    for place in (user_home, *ours):
        found = real(place)
        if found in system or (found != Path("/") and any(folder.is_relative_to(found) for folder in system)):
            raise Unavailable(
                f"The sandbox can't hide {place}: it is or holds a folder of the system.",
                hint="Set HOME and AUTOPACK_HOME to folders of their own, or go on with --unsandboxed.",
            )
        if found.exists():
            wanted[found] = None
    for name in _NAMED_BY:
        for word in environ.get(name, "").split(os.pathsep):
            place = real(Path(word)) if word.startswith("/") else None
            if place is not None and place.exists() and place != Path("/dev/null"):
                wanted[place] = None
    inside = [place for place in wanted if any(_is_inside(place, folder) for folder in system)]
    outermost = [place for place in inside if not any(_is_inside(place, other) for other in inside)]
    return Hidden(places=tuple(wanted), covered=tuple(outermost))


def _is_inside(place: Path, folder: Path) -> bool:
    return place != folder and place.is_relative_to(folder)


def real(path: Path) -> Path:
    """A path without links, as far as it exists."""
    return Path(os.path.realpath(path))
