"""The entry point: versions, wrong use, errors, and what must never be seen."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from autopack import __version__
from autopack.cli import app
from autopack.config import Settings
from cli.calling import Autopack
from fixtures.database import execute, home_environ
from views.recorded import live_owner, record_run

PROGRAM = [sys.executable, "-c", "import sys; from autopack.cli import main; sys.exit(main())"]
COMMANDS = [
    "init", "project", "plan", "run", "runs", "status", "show", "diff", "logs", "merge", "discard", "usage",
    "doctor", "demo", "pause", "resume", "cancel", "retry", "skip", "serve", "context", "notes",
    "models", "route", "lessons", "postmortem",
]  # fmt: skip


def test_the_version_is_answered_before_anything_heavy_is_imported() -> None:
    probe = "import sys; from autopack.cli import main; main(['--version']); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[:] = {sys.path!r}; {probe}"],
        capture_output=True,
        text=True,
        check=True,
    )
    version, modules = done.stdout.splitlines()
    assert version == f"autopack {__version__}"
    assert not {"typer", "rich", "pydantic", "sqlalchemy", "asyncio"} & set(modules.split())


def test_a_version_among_other_words_is_answered_too(autopack: Autopack) -> None:
    assert autopack("--version", "runs").out == f"autopack {__version__}\n"


def test_help_imports_no_database_and_no_rich() -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; from autopack.cli import main; main(['-h']); print(*sys.modules)",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert not {"rich", "sqlalchemy", "pydantic", "dbos"} & set(done.stdout.splitlines()[-1].split())


def test_the_help_names_every_command_in_full(autopack: Autopack) -> None:
    told = autopack("--help")
    assert told.code == 0
    listed = told.out.partition("Commands:")[2].split("\n\n")[0].strip().splitlines()
    assert sorted(line.split()[0] for line in listed) == sorted(COMMANDS)
    assert not [line for line in listed if line.endswith("...")]


@pytest.mark.parametrize("arguments", [[], ["project"], ["plan"]])
def test_a_command_that_is_missing_is_answered_with_help(autopack: Autopack, arguments: list[str]) -> None:
    told = autopack(*arguments)
    assert told.code == 2
    assert told.out.startswith("Usage: autopack")


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["nope"], "nope"),
        (["runs", "--nope"], "--nope"),
        (["show"], "RUN"),
        (["runs", "-n", "x"], "--limit"),
        (["usage", "--period", "year"], "year"),
        (["run"], "PLAN"),
        (["resume"], "RUN"),
        (["resume", "x", "--unsandboxed"], "--unsandboxed"),
    ],
)
def test_wrong_use_is_one_line_a_hint_and_exit_code_2(
    autopack: Autopack, arguments: list[str], word: str
) -> None:
    autopack(*arguments).failed(2, word)


@pytest.mark.parametrize("command", ["status", "show", "diff", "logs", "merge", "discard", "usage"])
def test_a_run_that_is_not_there_is_exit_code_2(autopack: Autopack, command: str) -> None:
    autopack(command, "nothing").failed(2, "There is no run nothing", "autopack runs")


def test_resuming_a_run_that_is_not_there_is_exit_code_2(autopack: Autopack) -> None:
    autopack("resume", "nothing").failed(2, "There is no run nothing")


@pytest.mark.parametrize("command", ["runs", "status", "usage", "project list"])
def test_a_home_that_can_not_be_written_is_said(
    autopack: Autopack, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("AUTOPACK_HOME", str(tmp_path / "file/home"))
    autopack(*command.split()).failed(1, "can't be written", "AUTOPACK_HOME")


def test_a_home_of_a_newer_autopack_is_refused(autopack: Autopack, settings: Settings) -> None:
    execute(settings, "UPDATE alembic_version SET version_num = '9999'")
    autopack("runs").failed(1, "newer Autopack", "Upgrade")


def test_a_defect_is_one_line_and_the_details_are_in_the_log(
    autopack: Autopack, recorded: str, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    execute(settings, "UPDATE runs SET state = 'nonsense' WHERE id = :run", {"run": recorded})
    autopack("runs").failed(1, "ValueError", "nonsense", "autopack.log")
    logged = [json.loads(line) for line in (tmp_path / "home/autopack.log").read_text().splitlines()]
    assert "ValueError" in logged[-1]["exception"]
    monkeypatch.setenv("AUTOPACK_DEBUG", "1")
    shown = autopack("runs")
    assert shown.code == 1
    assert "Traceback" in shown.err
    assert "ValueError: 'nonsense'" in shown.err


def test_an_interrupt_is_exit_code_130_and_silent(settings: Settings, tmp_path: Path) -> None:
    owner = asyncio.run(live_owner(settings))
    run_id = asyncio.run(record_run(settings, repository=tmp_path, owner=owner))
    # A suite that runs in the background of a shell ignores SIGINT, and so would its children.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with subprocess.Popen(
        [*PROGRAM, "logs", run_id, "--follow"],
        env={**os.environ, **home_environ(settings)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as following:
        assert following.stdout is not None
        following.stdout.readline()
        following.send_signal(signal.SIGINT)
        _, told = following.communicate()
    assert (following.returncode, told) == (130, "")


def test_a_reader_that_closes_the_pipe_is_no_error(recorded: str, settings: Settings) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*PROGRAM, "show", recorded],
        env={**os.environ, **home_environ(settings)},
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")


def test_an_old_locale_gets_escapes_instead_of_an_error(recorded: str, settings: Settings) -> None:
    done = subprocess.run(
        [*PROGRAM, "show", recorded],
        env={**os.environ, **home_environ(settings), "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "+ store" in done.stdout


def test_the_docs_that_are_made_from_the_code_are_written_and_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from autopack.cli import reference

    assert reference.main(["--check"], folder=tmp_path) == 1
    assert capsys.readouterr().out.count("is stale") == len(reference.pages())
    assert reference.main([], folder=tmp_path) == 0
    assert reference.main(["--check"], folder=tmp_path) == 0
    (tmp_path / "models.schema.json").write_text("{}\n")
    assert reference.main(["--check"], folder=tmp_path) == 1
    assert "models.schema.json is stale: run python -m autopack.cli.reference" in capsys.readouterr().out
    told = (tmp_path / "cli.md").read_text()
    assert all(f"## autopack {command}\n" in told for command in [*COMMANDS, "plan check", "project add"])


def test_nothing_of_an_error_can_steer_the_terminal(autopack: Autopack) -> None:
    told = autopack("status", "\x1b[2Jx")
    assert "\x1b" not in told.err
    assert "\\x1b[2Jx" in told.err


def test_the_app_closes_the_log_file_it_opened(autopack: Autopack) -> None:
    import logging

    autopack("runs")
    assert app.app.info.name == "autopack"
    assert not [one for one in logging.getLogger().handlers if type(one).__name__ == "RotatingFileHandler"]
