"""Every error Autopack raises on purpose, as one tree.

    AutopackError                   500, exit 1
    ├── InvalidInput                422, exit 2   what the user wrote can't be used as it is
    ├── NotFound                    404, exit 2   what the user named does not exist
    ├── Conflict                    409, exit 2   the thing exists, but not in a state that allows this
    │   ├── IllegalMove             409, exit 2   a state move that the tables in runs/states.py do not hold
    │   ├── Fenced                  409, exit 1   another owner has taken the run over
    │   ├── BranchCheckedOut        409, exit 2   the integration branch is checked out by the user
    │   └── BranchMoved             409, exit 2   the integration branch is not where the run left it
    ├── Forbidden                   403, exit 2   a request over HTTP that may come from somebody else
    ├── MethodNotAllowed            405, exit 2   a method that this address over HTTP does not know
    ├── TooLarge                    413, exit 2   a request with more in its body than is read
    ├── UnsupportedMediaType        415, exit 2   a request whose body is not JSON
    ├── Unavailable                 503, exit 1   something outside Autopack is missing, refused or broken
    │   ├── DiskFull                503, exit 1   a disk that is written to has no room left
    │   ├── DiskUnusable            503, exit 1   a disk that is written to is read-only, or fails
    │   ├── DatabaseLocked          503, exit 1   another process holds the database for too long
    │   ├── DatabaseUnreachable     503, exit 1   the database's server is away, or dropped the connection
    │   ├── RepositoryUnreachable   503, exit 1   the user's repository was moved, or can't be written
    │   ├── ProviderUnreachable     503, exit 1   a model's server does not answer (agents/base.py)
    │   ├── ProviderRefused         503, exit 1   a model's server refuses the request itself (agents/base.py)
    │   ├── QuotaReached            503, exit 1   a call would pass a cap of its quota (routing/quota.py)
    │   │   └── AccountFull         503, exit 1   the account says that nothing is left (routing/quota.py)
    │   ├── QuotaBusy               503, exit 1   it fits once others have ended (routing/quota.py)
    │   └── NoModel                 503, exit 1   no model may do the work now (supervisor/choosing.py)
    ├── AgentGaveUp                 500, exit 1   a model came to no usable answer (agents/base.py)
    ├── DiffTooLarge                422, exit 1   more than an Auditor can read (roles/large.py)
    ├── SetupFailed                 500, exit 1   setup is red on an untouched commit (supervisor/endings.py)
    ├── BaselineRed                 500, exit 1   checks are red on an untouched one (supervisor/endings.py)
    ├── BudgetReached               500, exit 1   a call could cross a budget (supervisor/budgets.py)
    ├── TimeLimitReached            500, exit 1   worked on for as long as it may be (supervisor/clock.py)
    └── Stalled                     500, exit 1   no sign of life for too long (supervisor/clock.py)

A message says what happened and why, on one line; a hint says what to do about it. The command line
prints both without a traceback; over HTTP they are `{"error": {"code", "message", "hint"}}`.
"""

from __future__ import annotations

import errno
import os
from typing import ClassVar


class AutopackError(Exception):
    """Root of the tree. `code` names the kind, `status` is HTTP's, `exit_code` the shell's."""

    code: ClassVar[str] = "internal_error"
    status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def body(self) -> dict[str, dict[str, str]]:
        """The one shape in which an error leaves Autopack as JSON."""
        return {"error": {"code": self.code, "message": self.message, "hint": self.hint}}


class InvalidInput(AutopackError):
    """What the user wrote (a plan, a policy, an argument) can't be used as it is."""

    code = "invalid_input"
    status = 422
    exit_code = 2


class NotFound(AutopackError):
    """What the user named does not exist here."""

    code = "not_found"
    status = 404
    exit_code = 2


class Conflict(AutopackError):
    """The thing exists, but its present state does not allow this."""

    code = "conflict"
    status = 409
    exit_code = 2


class IllegalMove(Conflict):
    """A state move that the transition tables do not hold."""

    code = "illegal_move"


class Fenced(Conflict):
    """Another owner took the run over: this process must stop working on it."""

    code = "fenced"
    exit_code = 1


class BranchCheckedOut(Conflict):
    """The user has the integration branch checked out: moving it would change their checkout."""

    code = "branch_checked_out"


class BranchMoved(Conflict):
    """The integration branch is not where the run left it; it is never forced."""

    code = "branch_moved"


class Forbidden(AutopackError):
    """A request over HTTP that may come from another machine, or from a page of somebody else's."""

    code = "forbidden"
    status = 403
    exit_code = 2


class MethodNotAllowed(AutopackError):
    """A method that this address over HTTP does not know."""

    code = "method_not_allowed"
    status = 405
    exit_code = 2


class TooLarge(AutopackError):
    """A request over HTTP with more in its body than is read."""

    code = "too_large"
    status = 413
    exit_code = 2


class UnsupportedMediaType(AutopackError):
    """A request over HTTP whose body is not JSON."""

    code = "unsupported_media_type"
    status = 415
    exit_code = 2


class Unavailable(AutopackError):
    """Something outside Autopack (disk, git, sandbox, a model's server) is missing, refused or broken."""

    code = "unavailable"
    status = 503
    exit_code = 1


class DiskFull(Unavailable):
    """A disk that is written to has no room left."""

    code = "disk_full"


class DiskUnusable(Unavailable):
    """A disk that is written to is read-only, fails, or its rights are missing."""

    code = "disk_unusable"


class DatabaseLocked(Unavailable):
    """Another process holds the database for longer than anyone should."""

    code = "database_locked"


class DatabaseUnreachable(Unavailable):
    """The database's server can't be reached, or it dropped the connection."""

    code = "database_unreachable"


class RepositoryUnreachable(Unavailable):
    """The user's repository is not where it was, or can't be written."""

    code = "repository_unreachable"


def of_system(error: OSError) -> AutopackError | None:
    """What a refusal of the operating system means to a user; None where it is no matter of a disk."""
    place = "" if error.filename is None else f" {os.fsdecode(error.filename)}"
    said = os.strerror(error.errno) if error.errno else ""
    if error.errno in _FULL:
        return DiskFull(
            f"There is no room left on the disk to write{place or ' a file'}: {said}.",
            hint="Free some (`autopack doctor` says how much there is), then resume the run.",
        )
    if error.errno in _UNUSABLE:
        return DiskUnusable(
            f"The disk can't be used for{place or ' a file'}: {said}.",
            hint="Mend its mount or its permissions, then resume the run.",
        )
    return None


_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_UNUSABLE = frozenset({errno.EROFS, errno.EIO, errno.EACCES, errno.EPERM, errno.ESTALE})
