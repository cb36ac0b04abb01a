"""What a draft is made from and what it is written to: the goal as text or a file, and a new plan.yaml."""

from __future__ import annotations

import codecs
import errno
import os
import secrets
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from autopack import userfiles
from autopack.errors import Conflict, InvalidInput, NotFound, Unavailable
from autopack.plan import Plan, parse_plan
from autopack.redaction import Redactor
from autopack.supervisor.drafting import Drafted
from autopack.supervisor.planfiles import FOLDER
from autopack.userfiles.composing import comment_lines, composed

GOAL_LIMIT_BYTES = 200_000
"""Of a specification: longer than a model should have to read before it begins to look around."""
DEFAULT = Path(FOLDER, "plan.yaml")
_FAILURE_LINES = 20
_GOAL_CHARS = 200
_SPEC_ENDINGS = (".md", ".markdown", ".txt", ".rst", ".adoc")


class Goal(NamedTuple):
    """What the user wants planned, and the file that says it."""

    text: str
    file: Path | None = None

    @property
    def said(self) -> str:
        """On one line, for the plan's first comment."""
        line = " ".join((str(self.file) if self.file else self.text).split())
        return line if len(line) <= _GOAL_CHARS else f"{line[:_GOAL_CHARS]}…"


def read_goal(said: str) -> Goal:
    """The goal that an argument is, or that stands in the file which it names.

    Raises `InvalidInput` for one that is empty, too long, or no text, and `NotFound` for what can only be
    the name of a file that is not there.
    """
    if not said.strip():
        raise InvalidInput("The goal is empty.", hint="Say what to plan, or name a file that says it.")
    file = _file(said)
    if file is None:
        if said.lower().endswith(_SPEC_ENDINGS) and len(said.split()) == 1:
            raise NotFound(
                f"{said}: there is no such file.", hint="Check the path, or say the goal in words."
            )
        return Goal(_bounded(said, "The goal", size=len(said.encode(errors="surrogateescape"))))
    return Goal(_spec(file), file)


def _file(said: str) -> Path | None:
    """The file that a goal names; None where it is words."""
    try:
        file = Path(said).expanduser()
        mode = file.stat().st_mode
    except (OSError, RuntimeError, ValueError):  # too long for a name, "~ as in words", a NUL
        return None
    if not stat.S_ISREG(mode):
        raise InvalidInput(f"{said} is not a file.", hint="Name a file with the goal, or say it in words.")
    return file


def _spec(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            data = opened.read(GOAL_LIMIT_BYTES + 1)
    except OSError as error:
        raise InvalidInput(
            f"{file} can't be read: {error.strerror}.", hint="Check its permissions."
        ) from None
    text = data.decode("utf-8-sig", errors="ignore")
    if b"\0" in data or not _is_utf8(data[:GOAL_LIMIT_BYTES]):
        raise InvalidInput(f"{file} is not UTF-8 text.", hint="Name a text file, such as SPEC.md.")
    if not text.strip():
        raise InvalidInput(f"{file} is empty.", hint="Write into it what to plan.")
    return _bounded(text, str(file), size=len(data))


def _is_utf8(data: bytes) -> bool:
    """Whether it is, but for a letter that is cut at its end."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data)
    except UnicodeDecodeError:
        return False
    return True


def _bounded(text: str, what: str, *, size: int) -> str:
    if size > GOAL_LIMIT_BYTES:
        raise InvalidInput(
            f"{what} is too long: at most {GOAL_LIMIT_BYTES:,} bytes are taken.",
            hint="Name a shorter file, and let it name the parts of the repository that hold the rest.",
        )
    return text


def check_place(place: Path, *, top: Path, force: bool) -> None:
    """Check that a plan can be written here, before anything is spent on it.

    Raises `Conflict` where there is a file already, `NotFound`, `InvalidInput` and `Unavailable`.
    """
    folder = place.parent
    if place == top / DEFAULT:
        if not os.path.lexists(folder):
            folder = top
        elif folder.is_symlink() or not folder.is_dir():
            raise Conflict(
                f"{folder} is no folder: a link, or something else. Autopack does not follow it.",
                hint="Look where it came from, or name another file with --out.",
            )
    if not folder.is_dir():
        raise NotFound(f"{folder} is no folder.", hint="Make it, or name another file with --out.")
    if place.is_dir():
        raise InvalidInput(f"{place} is a folder.", hint="Name a file with --out.")
    if not force and os.path.lexists(place):
        raise Conflict(
            f"{place} is there already, and is not overwritten.",
            hint="Name another file with --out, or say --force.",
        )
    if not os.access(folder, os.W_OK | os.X_OK):
        raise Unavailable(f"{folder} can't be written.", hint="Mend its permissions, or name another file.")


def write_plan(place: Path, text: str, *, force: bool) -> Path:
    """Write the plan; gives where it is.

    Where a file has appeared meanwhile that is not to be overwritten, the plan stands beside it. Raises
    `Unavailable`.
    """
    try:
        place.parent.mkdir(exist_ok=True)
        if not force:
            return _written_anew(place, text)
        aside = _written_anew(place.with_name(f".{place.name}.{secrets.token_hex(4)}"), text)
        try:
            aside.replace(place)
        finally:
            aside.unlink(missing_ok=True)
    except OSError as error:
        raise Unavailable(
            f"{place} can't be written: {error.strerror}.", hint="Make its folder writable."
        ) from None
    return place


def _written_anew(place: Path, text: str) -> Path:
    """A file that was not there, under this name or the first like it that is free."""
    names = (place, *(place.with_stem(f"{place.stem}-{number}") for number in range(2, 100)))
    for name in names:
        try:
            file = name.open("x", encoding="utf-8")
        except FileExistsError:
            continue
        try:
            with file:
                file.write(text)
        except BaseException:
            name.unlink(missing_ok=True)
            raise
        return name
    raise FileExistsError(errno.EEXIST, "there are too many files of that name")


def plan_text(drafted: Drafted, goal: Goal, redactor: Redactor, *, now: datetime | None = None) -> str:
    """The plan as its file, with what is known of it as a comment on top."""
    document = _document(drafted.plan)
    comment = redactor.text("\n".join(_comment(drafted, goal, now or datetime.now(UTC))))
    text = composed(document, comment=comment)
    if not _says(text, drafted.plan):
        text = comment_lines(comment) + userfiles.written(document)
    return text


def _document(plan: Plan) -> dict[str, object]:
    return plan.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude_none=True)


def _says(text: str, plan: Plan) -> bool:
    try:
        return parse_plan(text, source="plan").digest == plan.digest
    except InvalidInput:
        return False


def _comment(drafted: Drafted, goal: Goal, now: datetime) -> Iterator[str]:
    trial, commit = drafted.trial, drafted.base[:12]
    yield f"Drafted by {drafted.model.name} on {now:%Y-%m-%d}, from: {goal.said}"
    if trial.passed and not drafted.plan.verify:
        yield f"VERIFIED BY NOTHING: the plan names no command that checks it. Drafted on commit {commit}."
    elif trial.passed:
        parts = "setup and verify" if drafted.plan.setup else "verify"
        yield f"Its {parts} passed in a clean checkout of commit {commit}. Read it before a run."
    elif trial.untried:
        yield f"NOT TRIED: {' '.join(trial.untried.split())}"
    else:
        part = "setup" if trial.setup_failed else "verify"
        yield f"DOES NOT WORK YET: its {part} failed in a clean checkout of commit {commit}:"
        yield ""
        yield from (f"  {line}" for line in _ends(trial.failure))
    if drafted.unmended:
        yield f"It was not mended: {drafted.unmended}"
    if drafted.remarks:
        yield ""
        yield "The Planner's remarks:"
        yield from (f"- {' '.join(remark.split())}" for remark in drafted.remarks)


def _ends(failure: str) -> list[str]:
    """The first line of a failure, which says what failed, and the last ones, which say how."""
    first, *rest = failure.splitlines()
    left_out = ["[…]"] if len(rest) > _FAILURE_LINES else []
    return [first, *left_out, *rest[-_FAILURE_LINES:]]
