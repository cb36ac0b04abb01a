"""Compilers and interpreters that live outside /usr: found from PATH, bound read-only into the sandbox.

Never bound: the user's home itself, anything that holds it, the private HOME or a writable folder, and the
folders under the home where credentials live.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from autopack.processes.hidden import SYSTEM_FOLDERS, Hidden, real

NOTHING_HIDDEN = Hidden()

_BINARY_FOLDERS = ("bin", "sbin", "shims", "Scripts")
_MARKS_OF_A_PREFIX = ("lib", "lib64", "libexec", "pyvenv.cfg", "versions", "toolchains")
_PROGRAMS = ("python3", "python", "node", "go", "cargo", "java", "ruby", "uv")
_SECRET = (
    ".ssh", ".aws", ".config", ".gnupg", ".kube", ".docker", ".netrc", ".azure", ".claude", ".codex",
    ".cursor", ".gitconfig", ".git-credentials", ".password-store", ".mozilla", ".thunderbird", ".npmrc",
    ".pypirc", ".vault-token", ".terraform.d",
)  # fmt: skip
_UNDER_HOME = (
    ".pyenv", ".rbenv", ".nodenv", ".goenv", ".asdf", ".nvm", ".fnm", ".volta", ".rustup", ".cargo/bin",
    ".bun/bin", ".deno/bin", ".juliaup", ".ghcup/bin", ".ghcup/ghc", ".sdkman/candidates", ".linuxbrew",
    ".conda/envs", ".nix-profile", ".pixi/bin", ".pixi/envs",
    "miniconda3", "anaconda3", "miniforge3", "mambaforge", "micromamba",
    ".local/share/uv/python", ".local/share/uv/tools", ".local/share/pipx/venvs", ".local/pipx/venvs",
    ".local/share/mise/installs", ".local/share/mise/shims", ".local/share/fnm", ".local/share/pnpm",
)  # fmt: skip
_ELSEWHERE = ("/nix/store", "/home/linuxbrew/.linuxbrew", "/snap/bin", "/run/current-system")
_HOMES_OF_TOOLCHAINS = {
    "PYENV_ROOT": ".pyenv",
    "RBENV_ROOT": ".rbenv",
    "RUSTUP_HOME": ".rustup",
    "NVM_DIR": ".nvm",
    "VOLTA_HOME": ".volta",
    "ASDF_DIR": ".asdf",
}


@dataclass(frozen=True)
class Toolchains:
    """Folders to bind read-only, the PATH that is left of the host's, and variables that name the folders."""

    folders: tuple[Path, ...]
    path: str
    env: Mapping[str, str]


def find_toolchains(
    *, path: str, user_home: Path, private: Iterable[Path], hidden: Hidden = NOTHING_HIDDEN
) -> Toolchains:
    """Look at PATH and at the known places. `private` are folders that no bound folder may contain.

    What is `hidden` in a system folder is not there for being in it.
    """
    keep_out = (user_home, *private, *hidden.places)
    entries = [Path(entry) for entry in path.split(os.pathsep) if entry.startswith("/")]
    found: dict[Path, None] = {}

    def system(place: Path) -> bool:
        return _inside(place, SYSTEM_FOLDERS) and not hidden.covers(place)

    def offer(folder: Path) -> bool:
        if _allowed(folder, user_home=user_home, keep_out=keep_out):
            found[folder] = None
            return True
        return False

    for folder in (*(user_home / name for name in _UNDER_HOME), *map(Path, _ELSEWHERE)):
        if folder.is_dir():
            offer(folder)
    for entry in entries:
        if not system(entry) and not _inside(entry, found) and entry.is_dir():
            _ = (_looks_like_a_prefix(entry) and offer(entry.parent)) or offer(entry)
    for program in _PROGRAMS:
        where = shutil.which(program, path=path)
        if where is None or system(program_file := real(Path(where))):
            continue
        if not _inside(program_file, found) and _looks_like_a_prefix(program_file.parent):
            offer(program_file.parent.parent)
    env = {
        name: str(user_home / folder)
        for name, folder in _HOMES_OF_TOOLCHAINS.items()
        if user_home / folder in found
    }
    visible = [str(entry) for entry in entries if system(entry) or _inside(entry, found)]
    return Toolchains(folders=tuple(found), path=os.pathsep.join(dict.fromkeys(visible)), env=env)


def is_secret(path: Path, *, user_home: Path, private: Iterable[Path] = ()) -> bool:
    """Whether a path is where credentials live, or holds the user's home or a private folder."""
    return not _allowed(path, user_home=user_home, keep_out=(user_home, *private))


def _allowed(folder: Path, *, user_home: Path, keep_out: tuple[Path, ...]) -> bool:
    """Compared are the paths as they are said and where they really are: a link is no way around."""
    kept = {way for place in keep_out for way in (place, real(place))}
    for place in (folder, real(folder)):
        if any(way.is_relative_to(place) for way in kept):
            return False
        for home in (user_home, real(user_home)):
            if place.is_relative_to(home) and place.relative_to(home).parts[0] in _SECRET:
                return False
    return True


def _inside(path: Path, folders: Iterable[str | Path]) -> bool:
    return any(path.is_relative_to(folder) for folder in folders)


def _looks_like_a_prefix(binaries: Path) -> bool:
    """`<prefix>/bin` of something installed, not the `bin` of a project or of a home."""
    prefix = binaries.parent
    if binaries.name not in _BINARY_FOLDERS or prefix.name == ".local" or (prefix / ".git").exists():
        return False
    return any((prefix / mark).exists() for mark in _MARKS_OF_A_PREFIX)
