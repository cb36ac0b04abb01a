from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from autopack.workspace.fingerprint import fingerprint
from fixtures.world import node_folder

PLACE = Path("/srv/me/autopack/workspaces/run_1/verify")


def of(output: str, *, command: str = "pytest -q", exit_code: int = 1, timed_out: bool = False) -> str:
    return fingerprint(
        command=command, output=output.encode(), exit_code=exit_code, timed_out=timed_out, places=(PLACE,)
    )


def pytest_run(
    *, test: str = "test_adds", got: str = "4", seconds: str = "0.12", passed: int = 3, line: int = 7
) -> str:
    return (
        f"{'.' * passed}F\n>       assert add(1, 2) == 3\nE       assert {got} == 3\n"
        f"tests/test_calc.py:{line}: AssertionError\n"
        f"FAILED tests/test_calc.py::{test} - assert {got} == 3\n1 failed, {passed} passed in {seconds}s\n"
    )


def test_two_runs_of_the_same_failing_test_are_the_same_failure() -> None:
    assert of(pytest_run()) == of(pytest_run(seconds="9.87"))
    assert of(pytest_run()) == of(pytest_run(passed=8))
    assert of(pytest_run()) == of("\x1b[31m" + pytest_run())


def test_another_test_value_line_or_command_is_another_failure() -> None:
    first = of(pytest_run())
    assert first != of(pytest_run(test="test_subtracts"))
    assert first != of(pytest_run(got="5"))
    assert first != of(pytest_run(line=9))
    assert first != of(pytest_run(), command="pytest")


def test_unittest_failures_are_told_apart_by_name_and_error() -> None:
    def run(name: str, got: int, seconds: str) -> str:
        return (
            f"FAIL: {name} (tests.test_calc.Adding)\nTraceback (most recent call last):\n"
            f'  File "{PLACE}/tests/test_calc.py", line 6, in {name}\nAssertionError: {got} != 3\n'
            f"Ran 1 test in {seconds}s\n\nFAILED (failures=1)\n"
        )

    assert of(run("test_a", 1, "0.001")) == of(run("test_a", 1, "0.002"))
    assert of(run("test_a", 1, "0.001")) != of(run("test_a", 2, "0.001"))
    assert of(run("test_a", 1, "0.001")) != of(run("test_b", 1, "0.001"))


def test_what_differs_between_two_runs_of_any_program_is_taken_out() -> None:
    def run(address: str, seconds: str, port: int, clock: str, temporary: str) -> str:
        return (
            f"{clock} starting <Object at {address}> on 127.0.0.1:{port}, pid {port}\n"
            f"writing /tmp/{temporary}/out.txt\nfailed after {seconds} ms\nerror: line 12: no such column\n"
        )

    first = of(run("0x7f00deadbeef", "12.5", 40123, "2025-01-02T03:04:05.678Z", "pytest-of-me/pytest-3"))
    second = of(run("0x7f11cafebabe", "99.1", 51234, "2025-01-02 13:14:15", "tmpabc123"))
    assert first == second
    assert of("error: line 12: no such column") != of("error: line 13: no such column")


def test_the_place_of_the_checkout_does_not_matter() -> None:
    elsewhere = fingerprint(
        command="make",
        output=b"/other/verify/x.c:3: error",
        exit_code=2,
        timed_out=False,
        places=(Path("/other/verify"),),
    )
    assert of(f"{PLACE}/x.c:3: error", command="make", exit_code=2) == elsewhere


def test_a_time_limit_is_one_failure_whatever_was_said_before() -> None:
    assert of("one", timed_out=True) == of("two", timed_out=True) != of("one")


def test_exit_codes_tell_silent_failures_apart() -> None:
    assert of("", exit_code=1) != of("", exit_code=2)


def node_run(
    folder: Path, reporter: str, *, name: str = "fails", got: str = "2", ahead: int = 0, more: str = ""
) -> str:
    """Fingerprint of a real run of Node's test runner, with one failing test."""
    tests = "".join(f"it('passes {number}', () => {{}});\n" for number in range(ahead))
    folder.mkdir(exist_ok=True)
    (folder / "a.test.mjs").write_text(
        "import { it } from 'node:test';\nimport assert from 'node:assert/strict';\n"
        f"it('{name}', () => assert.equal({got}, 1));\n{tests}"
    )
    if more:
        (folder / "0.test.mjs").write_text(more)
    done = subprocess.run(
        [str(node_folder() / "node"), "--test", f"--test-reporter={reporter}"],
        cwd=folder,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout
    return fingerprint(
        command="node --test", output=done.stdout, exit_code=1, timed_out=False, places=(folder,)
    )


@pytest.mark.parametrize("reporter", ["spec", "tap"])
def test_a_test_of_node_is_told_by_name_value_and_line(reporter: str, tmp_path: Path) -> None:
    passes = "import { it } from 'node:test';\nit('passes first', () => {});\n"
    first = node_run(tmp_path / "one", reporter)
    assert first == node_run(tmp_path / "one", reporter)
    assert first == node_run(tmp_path / "two", reporter, ahead=3, more=passes)
    assert first != node_run(tmp_path / "three", reporter, name="still fails")
    assert first != node_run(tmp_path / "four", reporter, got="3")


def test_jest_and_mocha_failures_are_told_by_name_and_value() -> None:
    def jest(got: int, seconds: str, passed: int) -> str:
        return (
            f"FAIL ./sum.test.js\n  sums\n    \u2715 adds ({seconds} ms)\n\n  \u25cf sums \u203a adds\n\n"
            f"    expect(received).toBe(expected)\n\n    Expected: 3\n    Received: {got}\n\n"
            f"      at Object.toBe (sum.test.js:4:23)\n\nTests: 1 failed, {passed} passed\n"
        )

    def mocha(got: int, milliseconds: int, number: int) -> str:
        return (
            f"  {number}) adds\n\n  4 passing ({milliseconds}ms)\n  1 failing\n\n  {number}) adds:\n\n"
            f"      AssertionError [ERR_ASSERTION]: {got} == 3\n      at Context.<anonymous> (sum.js:4:10)\n"
        )

    assert of(jest(4, "0.8", 2)) == of(jest(4, "0.9", 7)) != of(jest(5, "0.8", 2))
    assert of(mocha(4, 8, 1)) == of(mocha(4, 9, 2)) != of(mocha(5, 8, 1))


def test_a_linters_cross_is_no_test() -> None:
    def eslint(name: str) -> str:
        found = f"a.js\n  3:5  error  '{name}' is not defined  no-undef\n"
        return f"{found}\n\u2716 1 problem (1 error, 0 warnings)\n"

    assert of(eslint("one")) != of(eslint("two"))
