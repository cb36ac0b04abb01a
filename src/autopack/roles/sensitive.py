"""Which changed files touch what a change is judged by: tests, CI, and verification itself."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterable

_TEST_FOLDERS = {"test", "tests", "testing", "__tests__", "spec", "specs", "e2e", "fixtures", "testdata"}
_TEST_FILE = re.compile(
    r"^(test_.*|.*_test|.*_spec|tests?)\.\w+$|^.*\.(test|tests|spec|e2e|cy)\.\w+$|^.*(Test|Tests|Spec|IT)\.\w+$"
)
_TEST_SETUP = {"conftest.py", "sitecustomize.py", "usercustomize.py", "testing.py"}
_CI_FOLDERS = (".github", ".gitlab", ".circleci", ".buildkite", ".woodpecker", ".forgejo", ".gitea", ".ci")
_CI_FILES = re.compile(
    r"^(\.gitlab-ci.*\.ya?ml|azure-pipelines.*\.ya?ml|jenkinsfile.*|\.travis\.yml|appveyor\.yml|\.drone\.yml"
    r"|bitbucket-pipelines\.yml|cloudbuild\.ya?ml|\.pre-commit-config\.yaml|codecov\.ya?ml|\.codecov\.yml)$"
)
_RUNNER_FILES = re.compile(
    r"^(tox\.ini|pytest\.ini|\.pytest\.ini|setup\.cfg|setup\.py|pyproject\.toml|noxfile\.py|tasks\.py|\.coveragerc"
    r"|(gnu)?makefile|.*\.mk|justfile|taskfile\.ya?ml|rakefile|build\.gradle(\.kts)?|pom\.xml|build\.xml"
    r"|package\.json|package-lock\.json|pnpm-lock\.yaml|yarn\.lock|uv\.lock|poetry\.lock|requirements.*\.txt"
    r"|cargo\.toml|go\.mod|cmakelists\.txt|(jest|vitest|vite|playwright|cypress|karma|babel)\.config\.\w+"
    r"|\.mocharc\..*|ruff\.toml|\.ruff\.toml|mypy\.ini|\.flake8|\.pylintrc|pyrightconfig\.json|tsconfig.*\.json"
    r"|\.?eslint.*|biome\.jsonc?|dockerfile.*|(docker-)?compose.*\.ya?ml|.*\.pth)$"
)


def sensitive(path: str, *, commands: Iterable[str] = ()) -> str | None:
    """Why a change of this file deserves a closer look, or None.

    `path` is relative to the repository with `/`; `commands` are those that verify the phase.
    """
    if command := next((command for command in commands if _names(command, path)), None):
        return f"named in the verify command `{command}`"
    folders, name = path.split("/")[:-1], posixpath.basename(path)
    lower = name.lower()
    if (folders and folders[0].lower() in _CI_FOLDERS) or _CI_FILES.match(lower):
        return "continuous integration"
    if lower in _TEST_SETUP:
        return "runs before or instead of tests"
    if _TEST_FILE.match(name) or _TEST_FILE.match(lower):
        return "a test"
    if any(folder.lower() in _TEST_FOLDERS for folder in folders):
        return "below a test folder"
    if _RUNNER_FILES.match(lower):
        return "settings of build, tests or checks"
    if lower in (".gitignore", ".gitattributes", ".gitmodules"):
        return "decides what git sees"
    if path.split("/", 1)[0] == ".autopack" or lower in ("agents.md", "claude.md"):
        return "instructs agents"
    return None


def _names(command: str, path: str) -> bool:
    """Whether a command line has the file, or a folder above it, as one of its words."""
    try:
        words = shlex.split(command, comments=False)
    except ValueError:
        words = command.split()
    for word in words:
        for part in re.split(r"[=:,;&|<>()]+", word):
            name = posixpath.normpath(part) if part else ""
            if name and name not in (".", "/", "..") and (path == name or path.startswith(name + "/")):
                return True
    return False
