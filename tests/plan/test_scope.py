from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autopack.plan import in_scope

NAMES = st.text(alphabet="ab.", min_size=1, max_size=3)
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)
PARTS = st.one_of(st.just("**"), st.text(alphabet="ab.*?", min_size=1, max_size=3))
GLOBS = st.lists(PARTS, min_size=1, max_size=4).map("/".join)


def oracle(path: list[str], glob: list[str]) -> bool:
    """The same meaning by plain recursion: slow, but easy to believe."""
    if not glob:
        return not path
    if glob[0] == "**":
        if len(glob) == 1:
            return len(path) > 0
        return any(oracle(path[skipped:], glob[1:]) for skipped in range(len(path) + 1))
    if not path:
        return False
    pattern = "".join({"*": ".*", "?": "."}.get(char, re.escape(char)) for char in glob[0])
    return re.fullmatch(pattern, path[0]) is not None and oracle(path[1:], glob[1:])


@pytest.mark.parametrize(
    ("path", "glob", "expected"),
    [
        ("todo/store.py", "todo/**", True),
        ("todo/a/b.py", "todo/**", True),
        ("todo/a/b.py", "todo/", True),
        ("todo", "todo/**", False),
        ("todolist/a.py", "todo/**", False),
        ("src/todo/a.py", "todo/**", False),
        ("setup.py", "*.py", True),
        ("todo/store.py", "*.py", False),
        ("x.py", "**/x.py", True),
        ("a/b/x.py", "**/x.py", True),
        ("a/b/yx.py", "**/x.py", False),
        ("src/app.css", "src/**/*.css", True),
        ("src/a/b/app.css", "src/**/*.css", True),
        ("app.css", "src/**/*.css", False),
        ("README.md", "README.md", True),
        ("docs/README.md", "README.md", False),
        ("readme.md", "README.md", False),
        (".github/ci.yml", "*", False),
        (".env", "*", True),
        ("a/b/c", "**", True),
        ("test_1.py", "test_?.py", True),
        ("test_10.py", "test_?.py", False),
        ("test_b.py", "test_[ab].py", True),
        ("test_b.py", "test_[!ab].py", False),
        ("a.b", "a?b", True),
        ("a/b", "a?b", False),
        ("a/b", "a*b", False),
        ("axb", "a.b", False),
    ],
)
def test_a_glob_matches_whole_paths_from_the_top(path: str, glob: str, expected: bool) -> None:
    assert in_scope(path, (glob,)) is expected


def test_without_globs_everything_is_in_scope() -> None:
    assert in_scope("any/thing", ())


def test_a_hostile_glob_does_not_take_long() -> None:
    assert not in_scope("a/" * 200 + "a" * 200, ("**/" * 50 + "*a" * 40 + "b",))


@given(PATHS, GLOBS)
def test_matching_means_what_plain_recursion_says(path: str, glob: str) -> None:
    assert in_scope(path, (glob,)) == oracle(path.split("/"), glob.split("/"))


@given(PATHS, st.lists(GLOBS, min_size=1, max_size=3))
def test_a_path_is_in_scope_where_any_glob_matches(path: str, globs: list[str]) -> None:
    assert in_scope(path, tuple(globs)) == any(in_scope(path, (glob,)) for glob in globs)


@given(PATHS, PATHS)
def test_a_folder_holds_all_below_it_and_not_itself(folder: str, below: str) -> None:
    assert in_scope(f"{folder}/{below}", (f"{folder}/**", "never"))
    assert in_scope(f"{folder}/{below}", (f"{folder}/",))
    assert not in_scope(folder, (f"{folder}/**",))


@given(PATHS)
def test_a_path_without_wildcards_matches_itself_alone(path: str) -> None:
    assert in_scope(path, (path,))
    assert not in_scope(f"{path}/x", (path,))
    assert not in_scope(f"x/{path}", (path,))
