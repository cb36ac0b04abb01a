"""Plans as people give them: a file, a file inside a registered project, or a document.

A document is stored in the home, so that it has a path as every plan has. A starter that nobody filled in is
no plan: everything here refuses it.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from autopack import userfiles
from autopack.config import Settings
from autopack.db import ReadSession
from autopack.errors import AutopackError, InvalidInput, NotFound
from autopack.plan import Plan, parse_plan
from autopack.projects import queries
from autopack.projects.tables import ProjectRow
from autopack.redaction import Redactor

STARTER_NAME = "Replace this with what to build first"
STARTER_DESCRIPTION = """\
What to build, in as many words as it takes: behaviour, edge cases, names that must be kept,
          how it is tested. This is what the Builder reads."""

FOLDER = ".autopack"
"""Where a project keeps its plans."""
MOST_LISTED = 50

_DOCUMENT = "plan"
"""What a document is called in errors."""
_ALLOWED = (
    "Name a file inside a registered project: by its path from the project's top, or by an absolute one. "
    "Or send the plan itself, as `plan`."
)


def read_plan(file: Path) -> Plan:
    """The plan in a file.

    Raises `NotFound`, and `InvalidInput` for what is wrong with it or still holds the starter's words.
    """
    text = userfiles.read(file)
    plan = parse_plan(text, source=str(file))
    lines = text.splitlines()
    if left := [f"{file}:{_line(lines, first)}: {problem}" for first, problem in _left_over(plan)]:
        raise InvalidInput("\n".join(left))
    return plan


def check_document(document: Mapping[str, Any], redactor: Redactor) -> Plan:
    """The plan that a document is. Raises `InvalidInput`, where each problem is named by its place."""
    plan = userfiles.parse_document(document, source=_DOCUMENT, shape=Plan)
    if left := [f"{_DOCUMENT}: {problem}" for _, problem in _left_over(plan)]:
        raise InvalidInput("\n".join(left))
    text = plan.model_dump_json()
    if redactor.text(text) != text:
        raise InvalidInput(
            "The plan holds what looks like a key.",
            hint="Put it into a file that git ignores, and name that file in the plan's `copy`.",
        )
    return plan


def store_document(document: Mapping[str, Any], settings: Settings) -> Path:
    """Keep a document that was checked as a file, which its user alone can read. Again is the same file."""
    data = userfiles.written(document).encode()
    path = settings.plans / f"{hashlib.sha256(data).hexdigest()[:16]}.yaml"
    settings.plans.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, aside = tempfile.mkstemp(dir=settings.plans)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(aside).replace(path)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise
    return path


async def find_project(
    session: ReadSession, said: int | str | None, *, plan_path: str | None = None
) -> ProjectRow:
    """The project of an id, path or name; without one, that which holds `plan_path`, or the only one.

    Raises `NotFound`, and `InvalidInput` where several are meant.
    """
    known = await queries.every(session)
    if said is None:
        found = _holding(known, plan_path) or known
        said = "that nobody named"
    else:
        found = [one for one in known if said == one.path or str(said) == str(one.id)]
        found = found or [one for one in known if said == one.name]
    if len(found) == 1:
        return found[0]
    if not found:
        raise NotFound(
            f"There is no project {said}." if known else "No project is registered.",
            hint="`autopack project add DIR` registers a repository.",
        )
    raise InvalidInput(
        f"The project could be any of {', '.join(one.path for one in found[:4])}"
        f"{', …' if len(found) > 4 else ''}.",
        hint="Name it by its path or its id.",
    )


def plan_in_project(top: Path, said: str) -> Path:
    """The file inside a project's folder that a path names, from its top or absolute; links resolved.

    Raises `NotFound` where there is none, `InvalidInput` for whatever is not a file inside the folder.
    """
    given = Path(said)
    if "\0" in said or _is_no_path(said) or ".." in given.parts:
        raise InvalidInput(f"{said!r} can't be the path of a plan.", hint=_ALLOWED)
    inside = Path(os.path.realpath(top))
    path = Path(os.path.realpath(inside / given))
    if not path.is_relative_to(inside):
        raise InvalidInput(f"{said} is not inside the project {top}.", hint=_ALLOWED)
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        raise NotFound(f"There is no file {said} in the project {top}.", hint=_ALLOWED) from None
    except OSError as error:
        raise InvalidInput(f"{said} can't be read: {error.strerror}.", hint=_ALLOWED) from None
    if not stat.S_ISREG(mode):
        raise InvalidInput(f"{said} is not a file.", hint=_ALLOWED)
    return path


class PlanFile(NamedTuple):
    """A file of a project that may be a plan, with the plan's own name."""

    path: str
    """From the project's top, with slashes."""
    name: str | None
    """None where it can't be used as it is."""


def plan_files(top: Path) -> list[PlanFile]:
    """The files that stand where a project keeps its plans, `plan.yaml` first, then by name: the first 50.

    A folder or a file that a link puts outside the project is not looked at.
    """
    inside, folder = os.path.realpath(top), os.path.realpath(top / FOLDER)
    if not Path(folder).is_relative_to(inside):
        return []
    try:
        names = [one.name for one in Path(folder).iterdir() if one.suffix in (".yaml", ".yml")]
    except OSError:
        return []
    found: list[PlanFile] = []
    for name in sorted(names, key=lambda name: (name != "plan.yaml", name)):
        if len(found) == MOST_LISTED:
            break
        try:
            name.encode()  # else no request can hold it
            path = plan_in_project(top, f"{FOLDER}/{name}")
            seen = path.stat()
        except (AutopackError, OSError, UnicodeEncodeError):
            continue
        name_of_plan = _name_in(path, (seen.st_mtime_ns, seen.st_size, seen.st_ino))
        found.append(PlanFile(f"{FOLDER}/{name}", name_of_plan))
    return found


@lru_cache(maxsize=1_000)
def _name_in(path: Path, _as_it_is: tuple[int, int, int]) -> str | None:
    """The name of the plan in a file. As it is it is read once: a page asks for the list again and again."""
    try:
        return read_plan(path).name
    except AutopackError:
        return None


async def project_holding(session: ReadSession, path: Path) -> ProjectRow | None:
    """The innermost registered project that an absolute path is in; None: there is none."""
    found = _holding(await queries.every(session), str(path))
    return found[0] if found else None


def _holding(known: Sequence[ProjectRow], plan_path: str | None) -> list[ProjectRow]:
    """The innermost project that an absolute path is in."""
    if plan_path is None or not Path(plan_path).is_absolute():
        return []
    found = [one for one in known if Path(plan_path).is_relative_to(one.path)]
    return sorted(found, key=lambda one: len(one.path))[-1:]


def _is_no_path(said: str) -> bool:
    try:
        os.fsencode(said)
    except UnicodeEncodeError:
        return True
    return False


def _left_over(plan: Plan) -> Iterator[tuple[str, str]]:
    """What nobody replaced in the starter: its first line, and `where: what to write`."""
    written = (
        ("name", STARTER_NAME, "what to build first"),
        ("description", STARTER_DESCRIPTION, "what to build"),
    )
    for tier, entry in enumerate(plan.tiers):
        for number, phase in enumerate(entry.phases):
            for key, placeholder, what in written:
                if " ".join(str(getattr(phase, key)).split()) == " ".join(placeholder.split()):
                    place = f"tiers[{tier}].phases[{number}].{key}"
                    yield placeholder.splitlines()[0], f"{place}: is still the starter's; write {what}"


def _line(lines: Sequence[str], first: str) -> int:
    return next((at for at, one in enumerate(lines, start=1) if first in one), 1)
