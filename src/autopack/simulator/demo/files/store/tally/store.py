"""The log: where sessions are kept, one JSON object per line.

`Log.update` is the only way to change it. It holds a lock, so two terminals never lose each
other's work, and it writes nothing if the change fails half way.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Iterator, List, Mapping

from tally.errors import RecordError, TallyError
from tally.session import Session

try:
    import fcntl
except ImportError:  # Windows has none; there, one terminal at a time
    fcntl = None


def default_path(environ: Mapping[str, str]) -> Path:
    """Where the log is: `TALLY_LOG`, else the user's data folder by the XDG rules."""
    if environ.get("TALLY_LOG"):
        return Path(environ["TALLY_LOG"]).expanduser()
    data = environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(data).expanduser() / "tally" / "log.jsonl"


class Log:
    """The sessions in one file, oldest first. The file appears with the first session."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> List[Session]:
        """All sessions. Raises TallyError that names the line which cannot be read."""
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return []
        except (OSError, UnicodeDecodeError) as error:
            raise TallyError(f"cannot read {self.path}: {error}") from error
        sessions = []
        for number, line in enumerate(text.split("\n"), start=1):
            if not line.strip():
                continue
            try:
                sessions.append(Session.from_line(line))
            except RecordError as error:
                raise TallyError(f"{self.path}, line {number}: {error}") from error
        return sessions

    @contextlib.contextmanager
    def update(self) -> Iterator[List[Session]]:
        """Hand out the sessions to be changed in place; what they are at the end is written.

        If the block raises, the log stays as it was.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with _locked(self.path):
                sessions = self.read()
                before = list(sessions)
                yield sessions
                if sessions != before:
                    self._write(sessions)
        except OSError as error:
            raise TallyError(f"cannot write {self.path}: {error}") from error

    def _write(self, sessions: List[Session]) -> None:
        with self.path.open("w", encoding="utf-8") as file:
            for session in sorted(sessions, key=lambda session: session.start):
                file.write(session.to_line() + "\n")


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Wait for, and hold, the lock beside the log. It is released even if the process is killed."""
    with path.with_name(path.name + ".lock").open("w") as handle:
        if fcntl is not None:
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
