"""`autopack notes`: added, listed with receipts, withdrawn, from a repository or from anywhere."""

from __future__ import annotations

import asyncio
import getpass
import io
import sys
from pathlib import Path

import pytest

from autopack.config import Settings
from autopack.db import Database
from autopack.notes import file
from autopack.notes.queries import record_receipt
from cli.calling import Autopack
from fixtures.world import FILES, new_repository
from views.recorded import EVIL


def deliver(settings: Settings, run_id: str, note_id: str, *, attempts: int) -> None:
    async def record() -> None:
        database = Database(settings.database_url)
        try:
            async with database.write() as session:
                for attempt in range(1, attempts + 1):
                    await record_receipt(
                        session,
                        note_id=note_id,
                        run_id=run_id,
                        phase_index=3,
                        phase_id="docs",
                        attempt=attempt,
                        role="builder",
                    )
        finally:
            await database.close()

    asyncio.run(record())


def test_a_note_is_added_listed_with_its_receipts_and_withdrawn(
    autopack: Autopack, recorded: str, settings: Settings, tmp_path: Path
) -> None:
    added = autopack("notes", "add", "Skip the UI.\nBackend only.")
    (note,) = file.read(tmp_path).notes
    assert added.code == 0
    assert added.out == f"Added note {note.id} to {file.notes_path(tmp_path)}, for every run of it.\n"
    assert (note.author, note.text) == (getpass.getuser(), "Skip the UI.\nBackend only.")
    assert "not delivered yet" in autopack("notes", "list").out
    deliver(settings, recorded, note.id, attempts=2)
    head, *lines = autopack("notes", "list").out.splitlines()
    assert head.startswith(f"{note.id}  20")
    assert head.endswith(f"  {note.author}")
    assert lines[:2] == ["    Skip the UI.", "    Backend only."]
    assert lines[3].startswith(f"  delivered to phase 3, attempt 2, builder of {recorded}, 20")
    assert autopack("notes", "withdraw", note.id[:5]).out == f"Withdrew note {note.id} of {note.author}.\n"
    assert file.read(tmp_path).notes == ()
    logged = autopack("logs", recorded).out
    assert f"note {note.id} by {note.author}: Skip the UI. Backend only." in logged
    assert f"note {note.id} withdrawn by {note.author}" in logged
    autopack("notes", "withdraw", note.id).failed(2, f"no note {note.id}", "autopack notes list")


def test_a_note_for_one_run_says_so(autopack: Autopack, recorded: str, tmp_path: Path) -> None:
    said = autopack("notes", "add", "Only here.", "--run", recorded[-4:]).out
    assert said.endswith(f"for run {recorded}.\n")
    assert file.read(tmp_path).notes[0].run_id == recorded
    assert f"(run {recorded} only)" in autopack("notes", "list").out
    autopack("notes", "add", "x", "--run", "nobody").failed(2, "no run nobody")


def test_the_repository_of_the_current_folder_counts_where_it_is_registered(
    autopack: Autopack, recorded: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`recorded` is a run of another one."""
    here = new_repository(tmp_path / "here", {**FILES, "src/a.py": ""})
    monkeypatch.chdir(here / "src")
    autopack("notes", "add", "Not registered yet.")
    assert not file.notes_path(here).exists()
    assert autopack("project", "add", here).code == 0
    autopack("notes", "add", "Here.")
    assert [note.text for note in file.read(here).notes] == ["Here."]
    assert [one["text"] for one in autopack("notes", "list", "--json").said["notes"]] == ["Here."]
    assert [note.text for note in file.read(tmp_path).notes] == ["Not registered yet."]
    assert autopack("notes", "add", "There.", "--run", recorded).code == 0
    assert [note.text for note in file.read(tmp_path).notes] == ["Not registered yet.", "There."]


def test_a_note_is_read_from_standard_input(
    autopack: Autopack, recorded: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("From\na pipe.\n"))
    assert autopack("notes", "add", "-").code == 0
    assert file.read(tmp_path).notes[0].text == "From\na pipe."


def test_what_can_not_be_noted_is_refused_with_what_to_do(autopack: Autopack, tmp_path: Path) -> None:
    autopack("notes", "add", "x").failed(2, "no run yet", "autopack run PLAN")
    autopack("notes", "list").failed(2, "no run yet")
    autopack("notes", "withdraw", "abc").failed(2, "no note abc")


def test_an_empty_note_and_a_planted_link_are_refused(
    autopack: Autopack, recorded: str, tmp_path: Path
) -> None:
    autopack("notes", "add", "  ").failed(2, "says nothing")
    (tmp_path / ".autopack").symlink_to(tmp_path)
    for words in (("add", "x"), ("list",), ("withdraw", "abc")):
        autopack("notes", *words).failed(2, "does not follow it")


def test_what_is_listed_can_not_steer_a_terminal_and_is_not_endless(
    autopack: Autopack, recorded: str, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / ".autopack").mkdir()
    ours = f"## 2026-11-27 10:15:03 UTC · A{EVIL} · note 3f9c2a1b · run run_x"
    file.notes_path(tmp_path).write_text(f"# T\n\nOld{EVIL}\n\n{ours}\n\nNew{EVIL}\n{'a line' * 60_000}\n")
    deliver(settings, recorded, "3f9c2a1b", attempts=12)
    told = autopack("notes", "list", "-n", "1")
    assert "3f9c2a1b" in told.out
    assert "(run run_x only)" in told.out
    assert "1 older note: --limit shows more." in told.out
    assert "2 earlier deliveries\n" in told.out
    assert "attempt 12" in told.out
    assert "attempt 2," not in told.out
    assert "are not read, by no prompt" in told.err
    assert "\x1b" not in told.out + told.err
    assert "\u202e" not in told.out + told.err
    assert "by hand" in autopack("notes", "list").out
    assert autopack("notes", "list", "--json").said["total"] == 2


def test_an_empty_list_says_how_to_begin(autopack: Autopack, recorded: str) -> None:
    assert "`autopack notes add TEXT` adds one" in autopack("notes", "list").out
    assert autopack("notes", "list", "--json").said["notes"] == []


def test_a_note_that_was_written_by_hand_is_withdrawn_by_its_id(
    autopack: Autopack, recorded: str, tmp_path: Path
) -> None:
    written = tmp_path / ".autopack" / "human_notes.md"
    written.parent.mkdir(exist_ok=True)
    written.write_text("Keep it small.\n")
    (note,) = autopack("notes", "list", "--json").said["notes"]
    told = autopack("notes", "withdraw", note["id"]).out
    assert told == f"Withdrew note {note['id']} that was written by hand.\n"
    assert written.read_text() == ""
