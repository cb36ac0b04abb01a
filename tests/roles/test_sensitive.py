from __future__ import annotations

import pytest

from autopack.roles.sensitive import sensitive


@pytest.mark.parametrize(
    "path",
    [
        "tests/test_store.py",
        "tests/data/golden.json",
        "pkg/store_test.go",
        "src/store.spec.ts",
        "src/app.test.tsx",
        "src/__tests__/app.js",
        "conftest.py",
        "pkg/conftest.py",
        "src/test/java/StoreTest.java",
        "StoreTests.cs",
        ".github/workflows/ci.yml",
        ".gitlab-ci.yml",
        "Jenkinsfile",
        ".pre-commit-config.yaml",
        "tox.ini",
        "pytest.ini",
        "setup.cfg",
        "pyproject.toml",
        "Makefile",
        "package.json",
        "frontend/package.json",
        "Cargo.toml",
        "sitecustomize.py",
        "evil.pth",
        "vitest.config.ts",
        "tsconfig.build.json",
        ".gitattributes",
        "AGENTS.md",
        ".autopack/plan.yaml",
    ],
)
def test_what_a_change_is_judged_by_is_pointed_out(path: str) -> None:
    assert sensitive(path)


@pytest.mark.parametrize(
    "path",
    ["todo/store.py", "README.md", "src/latest.py", "contest/entry.py", "docs/attest.md", "src/spec.md"],
)
def test_ordinary_files_are_not_pointed_out(path: str) -> None:
    assert sensitive(path) is None


def test_files_that_a_verify_command_names_are_pointed_out() -> None:
    commands = ["sh ./scripts/check.sh --config=conf/lint.yaml && python checks/run.py", "broken 'quote"]
    for path in ("scripts/check.sh", "conf/lint.yaml", "checks/run.py"):
        assert "named in the verify command" in str(sensitive(path, commands=commands))
    assert sensitive("verify/a.py", commands=["ruff check verify"])
    assert sensitive("todo/store.py", commands=["python -m pytest ."]) is None
