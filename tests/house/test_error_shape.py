"""Style rule 7: one tree of errors, told at the top of `errors.py`, and one shape in which they leave."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator

from autopack import errors
from autopack.errors import AutopackError
from house.tree import modules

BRANCH = re.compile(r"^    ([│├└ ─]*)(\w+) +(\d{3}), exit (\d)", re.MULTILINE)


def _tree(error: type[AutopackError], parent: str = "") -> Iterator[tuple[type[AutopackError], str]]:
    """Every class of ours with the name of its parent, whichever module it is in."""
    yield error, parent
    for child in error.__subclasses__():
        if child.__module__.startswith("autopack."):
            yield from _tree(child, error.__name__)


def _all_errors() -> list[tuple[type[AutopackError], str]]:
    for module in modules():
        importlib.import_module(module)
    return list(_tree(AutopackError))


def _told() -> Iterator[tuple[str, str, int, int]]:
    """Name, parent, status and exit code of each line of the tree in the docstring."""
    above: list[str] = []
    for indent, name, status, exit_code in BRANCH.findall(errors.__doc__ or ""):
        above[len(indent) // 4 :] = [name]
        yield name, above[-2] if len(above) > 1 else "", int(status), int(exit_code)


def test_every_error_is_in_the_tree_as_it_is() -> None:
    there = {(error.__name__, parent, error.status, error.exit_code) for error, parent in _all_errors()}
    assert len(there) > 5
    assert set(_told()) == there


def test_every_error_has_a_code_of_its_own() -> None:
    """Its name in small letters, so that a script can rely on it."""
    for error, _ in _all_errors()[1:]:
        assert vars(error).get("code") == re.sub(r"(?<!^)(?=[A-Z])", "_", error.__name__).lower()
        assert 400 <= error.status < 600
        assert error.exit_code in (1, 2)


def test_every_error_leaves_in_one_shape() -> None:
    for error, _ in _all_errors():
        raised = error("What happened.", hint="What to do.")
        assert raised.body() == {
            "error": {"code": error.code, "message": "What happened.", "hint": "What to do."}
        }
        assert (str(raised), error("What happened.").hint) == ("What happened.", "")
