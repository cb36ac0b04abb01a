from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autopack.roles.parts import PART_BYTES, part_bytes, split

LIMIT = 2_000
searching = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])

_letters = st.text("ab +-@\\é日\r\t{}", max_size=30)
_line = st.tuples(st.sampled_from(" +-"), st.one_of(_letters, st.just("x" * 900), st.just("日" * 1500)))
_hunk = st.tuples(st.integers(0, 5000), st.lists(_line, min_size=1, max_size=12))
_file = st.tuples(st.sampled_from(["text", "binary", "deleted", "renamed"]), st.lists(_hunk, max_size=4))


@st.composite
def diffs(draw: st.DrawFn) -> bytes:
    """A diff as git writes it: text files with hunks, binary, deleted and renamed ones."""
    files = draw(st.lists(_file, min_size=1, max_size=5))
    return "".join(written(number, kind, hunks) for number, (kind, hunks) in enumerate(files)).encode()


def written(number: int, kind: str, hunks: list[tuple[int, list[tuple[str, str]]]]) -> str:
    name = f"src/f{number}.py"
    head = f"diff --git a/{name} b/{name}\n"
    if kind == "binary":
        return f"{head}index 1..2 100644\nBinary files a/{name} and b/{name} differ\n"
    if kind == "renamed":
        return f"{head}similarity index 100%\nrename from {name}\nrename to other/{name}\n"
    new = "/dev/null" if kind == "deleted" else f"b/{name}"
    text = f"{head}index 1..2 100644\n--- a/{name}\n+++ {new}\n"
    for start, lines in hunks:
        old = sum(mark in " -" for mark, _ in lines)
        added = sum(mark in " +" for mark, _ in lines)
        text += f"@@ -{start},{old} +{start},{added} @@ def f():\n"
        text += "".join(f"{mark}{content}\n" for mark, content in lines)
    return text


@searching
@given(diffs(), st.integers(200, LIMIT))
def test_the_parts_of_a_diff_are_the_diff_and_each_is_within_the_limit(diff: bytes, limit: int) -> None:
    parts = split(diff, limit=limit)
    assert b"".join(part.body for part in parts) == diff
    assert all(part.body for part in parts)
    assert all(len(part.lead) + len(part.body) <= limit for part in parts)
    assert len({part.digest for part in parts}) == len({(part.lead, part.body) for part in parts})


@searching
@given(st.binary(max_size=3_000), st.integers(64, 500))
def test_no_byte_is_lost_whatever_the_bytes_are(data: bytes, limit: int) -> None:
    parts = split(data, limit=limit)
    assert b"".join(part.body for part in parts) == data
    assert all(len(part.lead) + len(part.body) <= limit for part in parts)


@searching
@given(diffs())
def test_a_part_says_which_file_and_line_it_begins_at(diff: bytes) -> None:
    numbers = numbered(diff)
    place = 0
    for part in split(diff, limit=LIMIT):
        begins_file = part.body.startswith(b"diff --git ")
        assert part.lead.startswith(b"diff --git ") != begins_file
        if not begins_file:
            opened = re.findall(rb"^diff --git .*\n", diff[:place], re.MULTILINE)[-1]
            assert part.lead.startswith(opened)
        line = diff.rfind(b"\n", 0, place) + 1
        assert part.inside_line == (line != place)
        if line in numbers:
            shown = re.findall(rb"^@@ -(\d+),\d+ \+(\d+),\d+ @@", part.lead, re.MULTILINE)
            assert shown, part
            assert tuple(map(int, shown[-1])) == numbers[line]
        place += len(part.body)


def numbered(diff: bytes) -> dict[int, tuple[int, int]]:
    """Line numbers in the old and the new file for each content line's offset."""
    found: dict[int, tuple[int, int]] = {}
    place, old, new, inside = 0, 0, 0, False
    for line in diff.split(b"\n"):
        if header := re.match(rb"@@ -(\d+),\d+ \+(\d+),", line):
            old, new, inside = int(header[1]), int(header[2]), True
        elif line.startswith(b"diff --git"):
            inside = False
        elif inside and line[:1] in (b" ", b"+", b"-"):
            found[place] = (old, new)
            old += line[:1] in (b" ", b"-")
            new += line[:1] in (b" ", b"+")
        place += len(line) + 1
    return found


@searching
@given(diffs())
def test_a_character_is_never_taken_apart(diff: bytes) -> None:
    for part in split(diff, limit=LIMIT):
        part.body.decode()


def test_files_that_fit_together_stay_whole() -> None:
    files = [written(number, "text", [(1, [("+", "x" * 300)] * 2)]).encode() for number in range(10)]
    parts = split(b"".join(files), limit=LIMIT)
    assert len(parts) == 5
    assert [part.body for part in parts] == [a + b for a, b in zip(files[::2], files[1::2], strict=True)]
    assert not any(part.lead for part in parts)


def test_a_large_file_is_cut_between_hunks() -> None:
    hunks = [(place * 100 + 1, [("+", "x" * 500)] * 2) for place in range(4)]
    parts = split(written(0, "text", hunks).encode(), limit=LIMIT)
    assert len(parts) == 4
    assert all(part.body.count(b"\n@@ ") + part.body.startswith(b"@@ ") == 1 for part in parts)
    assert all(part.lead.endswith(b"+++ b/src/f0.py\n") for part in parts[1:])


def test_a_diff_that_fits_is_one_part() -> None:
    (part,) = split(b"x" * LIMIT, limit=LIMIT)
    assert (part.lead, part.body) == (b"", b"x" * LIMIT)
    assert split(b"", limit=LIMIT)[0].body == b""


def test_the_size_of_a_part_follows_the_models_window() -> None:
    assert part_bytes(None) == PART_BYTES == part_bytes(1_000_000)
    assert part_bytes(32_768) == 32_768
    assert part_bytes(100) == 8_000


def test_a_limit_too_small_for_any_part_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least"):
        split(b"x", limit=10)
