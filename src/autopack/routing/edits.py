"""Changing one cell of models.yaml: its comments, its order and all else in it stay as they are.

Writers of one home take turns; a hand editor takes none. What was read is therefore compared with what is
there right before it is replaced, and the change is made anew to what a hand edit left. Waits for the disk:
call it in a thread.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from codecs import BOM_UTF8
from pathlib import Path
from typing import Any

from autopack import userfiles
from autopack.errors import Conflict, InvalidInput, Unavailable
from autopack.home import turn
from autopack.routing.cells import Cell, categories_of, check_choice, written
from autopack.routing.policy import Policy, parse_policy
from autopack.routing.policyfile import default_policy, load_policy
from autopack.userfiles import surgery

_TRIES = 20
"""How often a change is made again that met a hand edit."""


def change(path: Path, cell: Cell, model: str | None) -> bool:
    """Give a cell of the file at `path` a model; False where it has it already.

    None: what the file that Autopack ships has there, or nothing. Raises `InvalidInput` where the file is
    broken or no model can be called by that name, `Conflict` where it can't be changed without its owner,
    and `Unavailable` where it can't be read or written.
    """
    load_policy(path)
    with turn(path.parent, "models"):
        for _ in range(_TRIES):
            file = path.resolve()  # a link to elsewhere stays one
            data, before = _bytes(file), userfiles.read(file)
            mark = BOM_UTF8 if data.startswith(BOM_UTF8) else b""
            after = changed(before, cell, model, source=str(path))
            if data != mark + before.encode():
                continue
            if after == before:
                return False
            if _replace(file, data, mark + after.encode()):
                return True
    raise Conflict(f"{path} is being edited all the time.", hint="Save it, and try again.")


def changed(text: str, cell: Cell, model: str | None, *, source: str) -> str:
    """The text of models.yaml with another model in one cell, and nothing else different.

    A category that only plans know is added to `categories`. Raises as `change` does.
    """
    policy = parse_policy(text, source=source)
    if model is None:
        model = written(default_policy(), cell)
    if model == written(policy, cell):
        return text
    if model is not None:
        check_choice(model, policy)
    new_word = cell.agent is None and cell.category != "*" and cell.category not in categories_of(policy)
    wanted = _document(policy)
    _set(wanted, cell, model)
    if new_word:
        there = policy.categories if "categories" in policy.model_fields_set else ()
        wanted["categories"] = [*there, cell.category]
    userfiles.parse_document(wanted, source=source, shape=Policy)
    try:
        if new_word and model is not None:
            text = surgery.extend(text, "categories", cell.category)
        text = surgery.drop(text, cell.path) if model is None else surgery.put(text, cell.path, model)
        if _document(parse_policy(text, source=source)) == wanted:
            return text
    except (surgery.CantChange, InvalidInput):
        pass
    raise Conflict(
        f"{source}: {'.'.join(cell.path)} can't be changed without changing more: it is written with an "
        f"anchor or an alias, or in a form that only its writer should touch.",
        hint="Change it in an editor.",
    )


def _document(policy: Policy) -> dict[str, Any]:
    return policy.model_dump(mode="json", exclude_none=True)


def _set(document: dict[str, Any], cell: Cell, model: str | None) -> None:
    section, *keys, last = cell.path
    inner = document[section]
    for key in keys:
        inner = inner.setdefault(key, {})
    if model is not None:
        inner[last] = model
        return
    inner.pop(last, None)
    if keys and not inner:
        del document[section][keys[0]]


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise Unavailable(f"{file} can't be read: {error.strerror}", hint="Try again.") from None


def _replace(file: Path, former: bytes, data: bytes) -> bool:
    """Put these bytes in the file's place; False where it was edited meanwhile."""
    aside = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    try:
        try:
            with aside.open("xb") as new:
                new.write(data)
                old = file.stat()
                with contextlib.suppress(PermissionError):
                    os.fchown(new.fileno(), old.st_uid, old.st_gid)
                os.fchmod(new.fileno(), stat.S_IMODE(old.st_mode))
                new.flush()
                os.fsync(new.fileno())
            if file.read_bytes() != former:
                return False
            aside.replace(file)
        finally:
            aside.unlink(missing_ok=True)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise Unavailable(
            f"{file} can't be written: {error.strerror}", hint="Make its folder writable."
        ) from None
    return True
