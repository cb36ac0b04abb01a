"""Starting and stopping: the rules, on a list of sessions and a time that are handed in."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import List, Optional

from tally.errors import TallyError
from tally.session import Session


class ClockError(TallyError):
    """What the clock was asked to do would make the log wrong."""


def running(sessions: List[Session]) -> Optional[Session]:
    """The session that has not been stopped, if there is one."""
    return next((session for session in reversed(sessions) if session.running), None)


def start(sessions: List[Session], tag: str, *, at: datetime, now: datetime, note: str = "") -> Optional[Session]:
    """Begin a session. One that still runs ends at that moment, and is returned as it ended.

    Raises ClockError for a moment in the future or inside a finished session.
    """
    at = _whole_second(at, now)
    for session in sessions:
        if session.end is not None and session.end > at:
            raise ClockError(f"at {at:%H:%M} you were on {session.tag!r}, until {session.end:%Y-%m-%d %H:%M}")
    new = Session(at, None, tag, note)
    previous = running(sessions)
    ended = None if previous is None else _end(sessions, previous, at)
    sessions.append(new)
    return ended


def stop(sessions: List[Session], *, at: datetime, now: datetime) -> Session:
    """End the running session and return it as it ended. Raises ClockError if there is none."""
    current = running(sessions)
    if current is None:
        raise ClockError("nothing is running: begin with `tally start TAG`")
    return _end(sessions, current, _whole_second(at, now))


def cancel(sessions: List[Session]) -> Session:
    """Forget the running session as if it had never been started, and return it."""
    current = running(sessions)
    if current is None:
        raise ClockError("nothing is running, so there is nothing to cancel")
    sessions.remove(current)
    return current


def _end(sessions: List[Session], session: Session, at: datetime) -> Session:
    if at < session.start:
        raise ClockError(f"{session.tag!r} has been running only since {session.start:%Y-%m-%d %H:%M}")
    ended = replace(session, end=at)
    sessions[sessions.index(session)] = ended
    return ended


def _whole_second(at: datetime, now: datetime) -> datetime:
    if at > now:
        raise ClockError(f"{at:%Y-%m-%d %H:%M} is in the future")
    return at.replace(microsecond=0)
