"""The file models.yaml: the shipped default, the user's, and what counts while an edit has broken it."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from autopack import userfiles
from autopack.errors import AutopackError, InvalidInput, NotFound, Unavailable
from autopack.routing.policy import Policy, parse_policy

log = logging.getLogger(__name__)


def default_policy_text() -> str:
    """The models.yaml that Autopack ships, as text with its comments."""
    return files("autopack.routing").joinpath("models.yaml").read_text(encoding="utf-8")


def load_policy(path: Path) -> Policy:
    """The user's policy at `path`; the shipped default is copied there first where there is none.

    Raises InvalidInput for a file that can't be used, Unavailable where the copy can't be written.
    """
    try:
        text = userfiles.read(path)
    except NotFound:
        write_whole(path, default_policy_text(), only_new=True)
        text = userfiles.read(path)
    return parse_policy(text, source=str(path))


def write_whole(path: Path, text: str, *, only_new: bool = False) -> None:
    """Whole or not at all: nobody ever reads half a file. Raises Unavailable where it can't be written.

    `only_new`: a file that is there by then stays; another process was faster, and may have changed it since.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        temporary = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            if not (only_new and _linked(temporary, path)):
                temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        why = "its folder is a file" if isinstance(error, FileExistsError) else error.strerror
        raise Unavailable(
            f"{path} can't be written: {why}",
            hint="make its folder writable, or set AUTOPACK_HOME to a folder that is",
        ) from None


def _linked(temporary: Path, path: Path) -> bool:
    """Whether a file is at `path` now, ours or one that was there; False on a disk that has no hard links."""
    try:
        path.hardlink_to(temporary)
    except FileExistsError:
        return True
    except OSError:
        return False
    return True


@cache
def default_policy() -> Policy:
    """The policy that Autopack ships."""
    return parse_policy(default_policy_text(), source="models.yaml")


class LivePolicy:
    """The policy of one process: read anew when the file changes, and kept where an edit broke it."""

    def __init__(self, path: Path) -> None:
        """`path` is models.yaml; the last good one is kept beside it, for processes that begin later."""
        self._path = path
        self._kept = path.with_name(f".{path.stem}.last-good{path.suffix}")
        self._seen: tuple[int, int, int] | None = None
        self._good: Policy | None = None
        self._problem = ""

    @property
    def path(self) -> Path:
        """Where the file is."""
        return self._path

    def now(self) -> Policy:
        """The policy as it is, or as it last was good. Reads the file where it changed since the last time.

        Raises InvalidInput where the file is broken and no good one is known, Unavailable where there is no
        file and none can be written.
        """
        seen = self._look()
        if seen is None and self._good is not None:
            self._problem = (
                f"{self._path}: there is no such file. Its last good version counts until there is."
            )
            self._seen = None
        elif self._good is None or seen != self._seen:
            self._good = self._read()
            self._seen = seen if seen is not None else self._look()
        return self._good

    @property
    def problem(self) -> str:
        """What is wrong with the file as it stands, for people; empty where nothing is."""
        self.now()
        return self._problem

    def _look(self) -> tuple[int, int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _read(self) -> Policy:
        try:
            policy = load_policy(self._path)
        except InvalidInput as error:
            former = self._good or self._last_good()
            if former is None:
                raise
            self._problem = f"{error.message}.\nIts last good version counts until that is mended."
            log.warning("policy_broken: %s", error.message)
            return former
        self._problem = ""
        try:
            write_whole(self._kept, userfiles.read(self._path))
        except AutopackError as error:  # a process that begins while the file is broken refuses, then
            log.warning("policy_not_kept: %s", error.message)
        return policy

    def _last_good(self) -> Policy | None:
        try:
            return parse_policy(userfiles.read(self._kept), source=str(self._kept))
        except (NotFound, InvalidInput):
            return None


class RunPolicy:
    """A run's policy: its mappings as they were when it was created, with what is always live."""

    def __init__(self, kept: Policy, live: LivePolicy) -> None:
        """Raises InvalidInput where models.yaml no longer has what the run needs."""
        self._kept = kept
        self._live = live
        self._seen = live.now()
        self._now = kept.of_now(self._seen)

    def now(self) -> Policy:
        """The policy as it is, or as it last had all that the run needs."""
        seen = self._live.now()
        if seen is not self._seen:
            self._seen = seen
            try:
                self._now = self._kept.of_now(seen)
            except InvalidInput as error:
                log.warning("policy_lacks_what_a_run_needs: %s", error.message)
        return self._now


def policy_of_run(kept: Mapping[str, Any], live: LivePolicy) -> Policy:
    """The policy of a run, as it is now; `kept` is the one that is stored with it.

    Raises InvalidInput where models.yaml can't be used, or no longer has what the run needs.
    """
    return RunPolicy(Policy.model_validate(kept), live).now()
