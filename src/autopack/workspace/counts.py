"""What a test runner said of itself at its end, read from its output.

Known: pytest, unittest, go test -v, cargo test, jest, vitest, mocha, node:test. Output that none of them
wrote gives None.
"""

from __future__ import annotations

import re

from autopack.runs.schemas import TestCounts

_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_PYTEST = re.compile(
    r"^(?:=+ )?(?P<what>(?:\d+ [a-z]+(?:, )?)+|no tests ran) in [\d.]+s(?: \([\d:, a-z]+\))?(?: =+)?$",
    re.MULTILINE,
)
_PYTEST_PART = re.compile(r"(\d+) ([a-z]+)")
_UNITTEST = re.compile(
    r"^Ran (?P<ran>\d+) tests? in [\d.]+s\n+(?:OK|FAILED|NO TESTS RAN)(?: \((?P<what>[^)]*)\))?", re.MULTILINE
)
_CARGO = re.compile(r"^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored;", re.MULTILINE)
_GO = re.compile(r"^\s*--- (PASS|FAIL|SKIP): ", re.MULTILINE)
_JEST = re.compile(r"^\s*Tests:?\s+(?P<what>.*\d+ (?:passed|failed).*)$", re.MULTILINE)
_NODE = re.compile(
    r"^(?:#|\u2139) tests \d+\n(?P<what>(?:(?:#|\u2139) [a-z_]+ [\d.]+(?:\n|$))+)", re.MULTILINE
)
_NODE_PART = re.compile(r"([a-z]+) (\d+)$", re.MULTILINE)
_MOCHA = re.compile(
    r"^ +(?P<passed>\d+) passing \([^)\n]+\)(?:\n +(?P<skipped>\d+) pending)?"
    r"(?:\n +(?P<failed>\d+) failing)?$",
    re.MULTILINE,
)


def read_counts(output: bytes) -> TestCounts | None:
    """Counts of the last summary in the output (cargo and go print several: their sum)."""
    said = plain(output)
    readers = (_pytest, _unittest, _cargo, _jest, _node, _mocha, _go)
    return next((counts for read in readers if (counts := read(said)) is not None), None)


def plain(output: bytes) -> str:
    """Output as text, without terminal colours and carriage returns."""
    return _ANSI.sub("", output.decode("utf-8", "replace")).replace("\r\n", "\n")


def _pytest(said: str) -> TestCounts | None:
    found = list(_PYTEST.finditer(said))
    if not found:
        return None
    counts = {word: int(number) for number, word in _PYTEST_PART.findall(found[-1]["what"])}
    return TestCounts(
        passed=counts.get("passed", 0) + counts.get("xpassed", 0),
        failed=counts.get("failed", 0),
        errors=counts.get("error", 0) + counts.get("errors", 0),
        skipped=counts.get("skipped", 0) + counts.get("xfailed", 0),
    )


def _unittest(said: str) -> TestCounts | None:
    found = list(_UNITTEST.finditer(said))
    if not found:
        return None
    last = found[-1]
    named = dict(re.findall(r"([a-z ]+)=(\d+)", last["what"] or ""))
    counts = {name.strip(): int(number) for name, number in named.items()}
    failed = counts.get("failures", 0) + counts.get("unexpected successes", 0)
    errors = counts.get("errors", 0)
    skipped = counts.get("skipped", 0) + counts.get("expected failures", 0)
    passed = max(0, int(last["ran"]) - failed - errors - skipped)
    return TestCounts(passed=passed, failed=failed, errors=errors, skipped=skipped)


def _cargo(said: str) -> TestCounts | None:
    found = _CARGO.findall(said)
    if not found:
        return None
    passed, failed, ignored = (sum(int(entry[place]) for entry in found) for place in range(3))
    return TestCounts(passed=passed, failed=failed, skipped=ignored)


def _jest(said: str) -> TestCounts | None:
    found = list(_JEST.finditer(said))
    if not found:
        return None
    counts = {word: int(number) for number, word in re.findall(r"(\d+) (\w+)", found[-1]["what"])}
    return TestCounts(
        passed=counts.get("passed", 0),
        failed=counts.get("failed", 0),
        skipped=counts.get("skipped", 0) + counts.get("todo", 0),
    )


def _node(said: str) -> TestCounts | None:
    """The end of node:test's `spec` and `tap` reports, which differ in the mark before each line."""
    found = list(_NODE.finditer(said))
    if not found:
        return None
    counts = {word: int(number) for word, number in _NODE_PART.findall(found[-1]["what"])}
    return TestCounts(
        passed=counts.get("pass", 0),
        failed=counts.get("fail", 0),
        errors=counts.get("cancelled", 0),
        skipped=counts.get("skipped", 0) + counts.get("todo", 0),
    )


def _mocha(said: str) -> TestCounts | None:
    found = list(_MOCHA.finditer(said))
    if not found:
        return None
    counts = {word: int(number or 0) for word, number in found[-1].groupdict().items()}
    return TestCounts(passed=counts["passed"], failed=counts["failed"], skipped=counts["skipped"])


def _go(said: str) -> TestCounts | None:
    found: list[str] = _GO.findall(said)
    if not found:
        return None
    return TestCounts(passed=found.count("PASS"), failed=found.count("FAIL"), skipped=found.count("SKIP"))
