from __future__ import annotations

import pytest

from autopack.runs.schemas import TestCounts
from autopack.workspace.counts import read_counts

PYTEST = "===== 1 failed, 3 passed, 2 skipped, 1 xfailed, 1 warning, 2 errors in 0.12s ====="
COLOURED = (
    "\x1b[31m==== \x1b[31m\x1b[1m1 failed\x1b[0m, \x1b[32m3 passed\x1b[0m"
    "\x1b[31m in 65.04s (0:01:05)\x1b[0m\x1b[31m ====\x1b[0m"
)
UNITTEST = "....\n" + "-" * 70 + "\nRan 12 tests in 0.003s\n\n"
CARGO = "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s\n"
GO = (
    "=== RUN   TestA\n--- PASS: TestA (0.00s)\n"
    "    --- FAIL: TestB/sub (0.01s)\n--- FAIL: TestB (0.01s)\nFAIL\n"
)

NODE = (
    "\u2139 tests 9\n\u2139 suites 1\n\u2139 pass 4\n\u2139 fail 1\n\u2139 cancelled 1\n\u2139 skipped 1\n"
    "\u2139 todo 2\n\u2139 duration_ms 57.526754\n"
)
MOCHA = "  group\n    1) fails\n\n\n  5 passing (12ms)\n  2 pending\n  1 failing\n\n  1) group\n"


@pytest.mark.parametrize(
    ("output", "passed", "failed", "errors", "skipped"),
    [
        (PYTEST, 3, 1, 2, 3),
        (COLOURED, 3, 1, 0, 0),
        (".F\n1 failed, 1 passed in 0.02s\n", 1, 1, 0, 0),
        ("3 passed in 0.01s", 3, 0, 0, 0),
        ("no tests ran in 0.00s", 0, 0, 0, 0),
        (f"{PYTEST}\nand again\n2 passed in 1.00s\n", 2, 0, 0, 0),
        (UNITTEST + "OK\n", 12, 0, 0, 0),
        (UNITTEST + "OK (skipped=2)\n", 10, 0, 0, 2),
        (UNITTEST + "FAILED (failures=1, errors=2, skipped=1)\n", 8, 1, 2, 1),
        (UNITTEST + "FAILED (unexpected successes=1, expected failures=2)\n", 9, 1, 0, 2),
        (CARGO + CARGO, 6, 0, 0, 2),
        (GO, 1, 2, 0, 0),
        ("Tests:       1 failed, 2 skipped, 5 passed, 8 total\n", 5, 1, 0, 2),
        (NODE, 4, 1, 1, 3),
        (f"TAP version 13\nok 1 - adds\n{NODE}".replace("\u2139", "#"), 4, 1, 1, 3),
        (f"{NODE}\n{NODE.replace('pass 4', 'pass 5')}", 5, 1, 1, 3),
        (f"\x1b[34m{NODE}\x1b[39m\n\u2716 failing tests:\n", 4, 1, 1, 3),
        (MOCHA, 5, 1, 0, 2),
        ("\n  3 passing (1s)\n\n", 3, 0, 0, 0),
        ("      Tests  1 failed | 7 passed (8)\n", 7, 1, 0, 0),
    ],
)
def test_the_summary_of_a_runner_is_read(
    output: str, passed: int, failed: int, errors: int, skipped: int
) -> None:
    assert read_counts(output.encode()) == TestCounts(
        passed=passed, failed=failed, errors=errors, skipped=skipped
    )


@pytest.mark.parametrize(
    "output", ["", "3 passed the exam in May", "Ran 5 tests", "all good\n", "\xff\xfe", "# tests 9\n# Notes"]
)
def test_other_output_has_no_counts(output: str) -> None:
    assert read_counts(output.encode("latin-1")) is None
