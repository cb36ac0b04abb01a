"""What is learned, from the command line: written after a run, shown, decided about, asked for."""

from __future__ import annotations

import json
from pathlib import Path

from autopack.config import Settings
from cli.processes import call
from fixtures.world import approves, builds, small_world, write_file
from supervisor.learned import QUICK, accounts, asked, have_it_written, in_file

GOOD = (builds(1, write_file("one.py", "ONE = 1\n")), approves())


async def test_a_run_shows_what_was_learned_and_its_lessons_are_decided_about(
    tmp_path: Path, settings: Settings
) -> None:
    conversations = (*GOOD, accounts("First.", "Second.", "Third."))
    async with small_world(tmp_path, settings, *conversations, plan=QUICK) as world:
        have_it_written(world)
        ended = await call(world, "run", world.plan)
        assert ended.code == 0, ended
        before, _, learned = ended.out.partition("What was learned (simulated)")
        assert "Succeeded: 1 of 1 phase" in before
        for said in ("Built: The file one.py is there.", "Failed: Nothing failed.", "2  Second.", "Next:"):
            assert said in learned
        run_id = json.loads((await call(world, "status", "--json")).out)["run_id"]
        shown = await call(world, "show", run_id)
        for said in ("Cost by phase", "agent:postmortem", f"autopack lessons accept {run_id} N"):
            assert said in shown.out
        said = json.loads((await call(world, "show", run_id, "--json")).out)["postmortem"]
        assert (said["state"], len(said["lessons"]), said["phases"][0]["id"]) == ("made", 3, "one")

        waiting = await call(world, "lessons", "list")
        assert "No lesson in" in waiting.out
        assert "2  Second." in waiting.out
        accepted = await call(world, "lessons", "accept", run_id, "2", "1")
        assert accepted.out.count("Accepted lesson") == 2
        assert [note.text for note in in_file(world)] == ["Second.", "First."]
        dismissed = await call(world, "lessons", "dismiss", run_id, "1", "3")
        assert dismissed.out.count("Dismissed lesson") == 2
        assert [note.text for note in in_file(world)] == ["Second."]
        listed = await call(world, "lessons", "list")
        assert "    Second." in listed.out
        assert "not delivered yet" in listed.out
        assert "To decide about" not in listed.out
        wrong = await call(world, "lessons", "accept", run_id, "4")
        assert (wrong.code, "has no lesson 4: it has 3" in wrong.err) == (2, True)
        again = await call(world, "postmortem", run_id)
        assert (again.code, len(asked(world))) == (0, 1)


async def test_one_that_was_not_made_says_why_and_is_made_when_it_is_asked_for(
    tmp_path: Path, settings: Settings
) -> None:
    async with small_world(tmp_path, settings, *GOOD, accounts("Late."), plan=QUICK) as world:
        ended = await call(world, "run", world.plan, "--json")
        result = json.loads(ended.out.splitlines()[-1])
        assert (ended.code, result["kind"], result["postmortem"]["state"]) == (0, "result", "not_made")
        run_id = result["status"]["run_id"]
        shown = await call(world, "show", run_id)
        assert "What was learned was not written: no model is mapped for agent:postmortem" in shown.out
        refused = await call(world, "postmortem", run_id)
        assert (refused.code, "was not written" in refused.err) == (2, True), refused
        have_it_written(world)
        made = await call(world, "postmortem", run_id, "--json")
        assert (made.code, json.loads(made.out)["lessons"][0]["text"]) == (0, "Late.")
