"""Docs that can be trusted: links lead somewhere, decisions name a check that exists, settings are told."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from autopack.agents.claude_code import ClaudeCode
from autopack.agents.codex import Codex
from house.tree import ROOT, python_files, syntax, text, tracked

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CHECK = re.compile(r"`([\w./-]+)(?:::(\w+))?`")
PARTS = ("## Context", "## Decision", "## Consequences", "Check: ")


def _pages() -> list[str]:
    samples = "src/"
    return [path for path in tracked() if path.endswith(".md") and not path.startswith(samples)]


def _decisions() -> list[str]:
    return [path for path in _pages() if path.startswith("docs/decisions/")]


def test_the_readme_stays_under_150_lines() -> None:
    assert len(text("README.md").splitlines()) < 150


def test_every_link_to_a_file_of_ours_leads_to_one() -> None:
    broken = [
        f"{path}: {target}"
        for path in _pages()
        for target in LINK.findall(text(path))
        if not re.match(r"[a-z]+:", target) and not _leads_somewhere(path, target)
    ]
    assert not broken, "\n".join(broken)


def _leads_somewhere(page: str, target: str) -> bool:
    file, _, anchor = target.partition("#")
    found = (ROOT / page).parent / file if file else ROOT / page
    if not found.exists():
        return False
    return not anchor or anchor in set(_anchors(found.read_text(encoding="utf-8")))


def _anchors(page: str) -> Iterator[str]:
    for heading in re.findall(r"^#+ (.+)$", page, re.MULTILINE):
        yield re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = [int(PurePosixPath(path).name[:4]) for path in _decisions()]
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_decision_is_one_page_with_its_four_parts() -> None:
    wrong = {
        path: missing
        for path in _decisions()
        if (missing := [part for part in PARTS if f"\n{part}" not in text(path)])
        or len(text(path).splitlines()) > 60
    }
    assert not wrong


def test_a_decision_names_a_check_that_exists() -> None:
    """`Check:` is followed by `path` or `path::test_name`, in backquotes; each of them has to be there."""
    missing: list[str] = []
    for path in _decisions():
        told = CHECK.findall(text(path).partition("\nCheck: ")[2])
        assert told, f"{path} names no check"
        missing += [f"{path}: {file}::{name}" for file, name in told if not _exists(file, name)]
    assert not missing, "\n".join(["these checks are not there:", *missing])


def _exists(file: str, name: str) -> bool:
    if not (ROOT / file).is_file():
        return False
    defined = (node for node in ast.walk(syntax(file)) if name) if file.endswith(".py") else iter(())
    return not name or any(getattr(node, "name", "") == name for node in defined)


def test_every_decision_is_listed_in_the_architecture() -> None:
    told = text("docs/architecture.md")
    assert not [path for path in _decisions() if PurePosixPath(path).name not in told]


def test_every_package_of_the_house_is_in_the_architecture() -> None:
    told = text("docs/architecture.md")
    inside = {path.split("/")[2] for path in python_files("src") if path.startswith("src/autopack/")}
    rooms = {name if name.endswith(".py") else f"{name}/" for name in inside if not name.startswith("_")}
    assert not {room for room in rooms if room not in told}


def test_every_setting_is_documented() -> None:
    """Settings are read at the doors: `config.py` and the command line. Decisions are not for users."""
    doors = [
        path for path in python_files("src") if path.startswith(("src/autopack/config", "src/autopack/cli/"))
    ]
    named = {name for path in doors for name in re.findall(r"\bAUTOPACK_[A-Z][A-Z0-9_]*\b", text(path))}
    where = [path for path in _pages() if path not in _decisions() and path != "CHANGELOG.md"]
    told = "".join(text(path) for path in where)
    assert not {name for name in named if name not in told}


def test_the_changelog_tells_what_users_gain() -> None:
    page = text("CHANGELOG.md")
    assert re.search(r"^## .+\n(?:\n|[^#\n].*\n)*- ", page, re.MULTILINE), "no entry under a heading"


def test_the_versions_of_coding_agents_that_were_tried_are_told_as_they_are() -> None:
    """`./dev test agents` installs them, and docs/agents.md names them, in the order of its columns."""
    tried = [one.tried for one in (ClaudeCode, Codex)]
    pins = dict(re.findall(r"@[\w-]+/([\w-]+)@(\d[\d.]*\d)", text("dev")))
    assert [pins["claude-code"], pins["codex"]] == tried
    (row,) = re.findall(r"^\| Tried with \|(.*)$", text("docs/agents.md"), re.MULTILINE)
    assert re.findall(r"\d+(?:\.\d+)+", row) == tried
