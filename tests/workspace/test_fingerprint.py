from __future__ import annotations

from pathlib import Path

from autopack.workspace.fingerprint import fingerprint

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
