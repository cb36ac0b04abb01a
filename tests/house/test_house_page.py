"""The page's sources and its place in the packages: what they hold, and what they must not."""

from __future__ import annotations

import importlib.util
import json
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from hatchling.builders.wheel import WheelBuilder

from house.tree import ROOT, text, tracked

PAGE = "src/autopack/dashboard/frontend/"
LONG = 400
MADE = {f"{PAGE}package-lock.json", f"{PAGE}src/api/schema.ts"}
"""Files that a program writes."""

HARNESS = f"{PAGE}src/testing"
"""What the tests themselves are made with."""


def _sources() -> list[str]:
    return [path for path in tracked() if path.startswith(PAGE)]


def test_the_lock_of_the_page_holds_hashes_and_no_address() -> None:
    locked: dict[str, dict[str, Any]] = json.loads(text(f"{PAGE}package-lock.json"))["packages"]
    found = {name: package for name, package in locked.items() if name}
    assert found, "the lock is empty"
    assert not [name for name, package in found.items() if "resolved" in package]
    assert not [name for name, package in found.items() if "integrity" not in package]
    assert "omit-lockfile-registry-resolved=true" in text(f"{PAGE}.npmrc").splitlines()


def test_no_file_of_the_page_is_over_400_lines() -> None:
    lengths = {path: len(text(path).splitlines()) for path in _sources() if path not in MADE}
    assert not {path: lines for path, lines in lengths.items() if lines > LONG}


def test_every_folder_of_components_has_tests_beside_them() -> None:
    folders = {str(PurePosixPath(path).parent) for path in _sources() if path.endswith(".tsx")}
    tested = {str(PurePosixPath(path).parent) for path in _sources() if ".test.ts" in path}
    assert folders - tested - {f"{PAGE}src", HARNESS} == set()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """What a package is built from: the page's sources with a module beside, and a page that is built."""
    copy = tmp_path / "tree"
    for name in ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE", ".gitignore"):
        copy.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, copy / name)
    for name in (*_sources(), "src/autopack/__init__.py", "src/autopack/dashboard/__init__.py"):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, copy / name)
    static = copy / "src/autopack/dashboard/static"
    (static / "assets").mkdir(parents=True)
    (static / "index.html").write_text("<!doctype html>")
    (static / "assets/index-1a2b3c4d.js").write_text("0")
    (copy / PAGE / "node_modules/react").mkdir(parents=True)
    (copy / PAGE / "node_modules/react/index.js").write_text("0")
    (static / ".built-from").write_text(_hook(copy).inputs())
    return copy


def _hook(tree: Path) -> Any:
    """The tree's own hatch_build.py."""
    spec = importlib.util.spec_from_file_location("hatch_build_of_a_tree", tree / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    hook = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(hook)
    return hook


def _wheel(tree: Path) -> Iterator[str]:
    for wheel in WheelBuilder(str(tree)).build(directory=str(tree.parent / "dist")):
        with zipfile.ZipFile(wheel) as packed:
            yield from packed.namelist()


def test_a_wheel_has_the_page_and_nothing_that_it_is_built_with(tree: Path) -> None:
    names = list(_wheel(tree))
    assert "autopack/dashboard/static/index.html" in names
    assert "autopack/dashboard/static/assets/index-1a2b3c4d.js" in names
    assert not [name for name in names if "frontend" in name or "node_modules" in name]


def test_a_wheel_without_the_page_is_refused(tree: Path) -> None:
    shutil.rmtree(tree / PAGE)  # as in a source distribution: there is nothing to build it from
    (tree / "src/autopack/dashboard/static/index.html").unlink()
    with pytest.raises(RuntimeError, match=r"The page of the dashboard is missing: .* has no index\.html"):
        list(_wheel(tree))
    assert not list(tree.parent.glob("dist/*.whl"))


def test_a_page_is_stale_once_a_source_changes_and_not_for_what_it_is_built_with(tree: Path) -> None:
    hook = _hook(tree)
    assert hook.fresh()
    (tree / PAGE / "node_modules/react/index.js").write_text("1")
    assert hook.fresh()
    (tree / "src/autopack/dashboard/static/index.html").rename(tree / "index.html")
    assert not hook.fresh()
    (tree / "index.html").rename(tree / "src/autopack/dashboard/static/index.html")
    assert hook.fresh()
    (tree / PAGE / "src/paths.ts").write_text("export const paths = {};\n")
    assert not hook.fresh()
