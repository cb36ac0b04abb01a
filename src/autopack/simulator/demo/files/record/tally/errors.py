"""What can go wrong in a way the user can do something about."""

from __future__ import annotations


class TallyError(Exception):
    """A mistake or a broken input, told in one line without a traceback."""


class RecordError(TallyError):
    """A session that makes no sense, or a line of the log that is not one."""
