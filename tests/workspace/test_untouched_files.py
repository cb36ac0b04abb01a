"""Repositories whose attributes disagree with what was committed, as many are that began on Windows."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sample_repository import git, make_repository, open_workspace, settings, write

from autopack.workspace import Workspace

CASES = {
    "text": ("*.txt text", b"a\r\nb\r\n"),
    "auto": ("* text=auto", b"a\r\nb\r\n"),
    "mixed": ("*.txt text eol=crlf", b"a\r\nb\nc\n"),
    "ident": ("*.txt ident", b"$Id: 0123456789012345678901234567890123456789 $\n"),
}


@pytest.fixture(params=CASES)
async def odd(request: pytest.FixtureRequest, tmp_path: Path) -> Workspace:
    attributes, content = CASES[request.param]
    source = make_repository(tmp_path / "source")
    (source / "odd name.txt").write_bytes(content)
    git(source, "-c", "core.autocrlf=false", "add", "-A")
    git(source, "commit", "--quiet", "-m", "Odd")
    write(source, ".gitattributes", attributes + "\n")
    git(source, "add", ".gitattributes")
    git(source, "commit", "--quiet", "-m", "Attributes")
    return open_workspace(tmp_path, source)


async def test_untouched_files_are_no_change_and_their_checks_pass(odd: Workspace) -> None:
    base = await odd.create()
    tree = git(odd.build, "rev-parse", f"{base}^{{tree}}")
    assert await odd.snapshot() == tree
    for place in (odd.build, odd.verify):
        check = await odd.check(base, ("touch 'odd name.txt'",), settings())
        assert check.passed, check.failure
        os.utime(place / "odd name.txt", (1, 1))
    assert await odd.snapshot() == tree
    write(odd.build, "new.txt", "new\n")
    change = await odd.change(base, await odd.snapshot())
    assert [file.path for file in change.files] == ["new.txt"]


async def test_touched_files_are_a_change_and_their_checks_fail(odd: Workspace) -> None:
    base = await odd.create()
    check = await odd.check(base, ("echo more >> 'odd name.txt'; chmod +x README; rm calc.py",), settings())
    assert check.changed_by_checks == ("README", "calc.py", "odd name.txt")
    with (odd.build / "odd name.txt").open("ab") as file:
        file.write(b"more\n")
    tree = await odd.snapshot()
    change = await odd.change(base, tree)
    assert [file.path for file in change.files] == ["odd name.txt"]
    check = await odd.check(tree, ("true",), settings())
    assert check.passed, check.failure
    await odd.reset_build(tree)
    assert await odd.snapshot() == tree
