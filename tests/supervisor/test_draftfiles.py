"""What a draft is made from and written to: the goal's file, the plan's file, and the words on top of it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from autopack.errors import InvalidInput, Unavailable
from autopack.plan import parse_plan
from autopack.redaction import Redactor
from autopack.roles.drafts import Draft
from autopack.routing.policy import ModelRef, ProviderKind
from autopack.supervisor.draftfiles import (
    GOAL_LIMIT_BYTES,
    Goal,
    check_place,
    plan_text,
    read_goal,
    write_plan,
)
from autopack.supervisor.drafting import Drafted, Trial
from fixtures.planning import DRAFT, PHASE

MODEL = ModelRef(
    name="gpt-5", provider="openai", kind=ProviderKind.OPENAI, family="gpt", api_key_env="OPENAI_API_KEY"
)
NOW = datetime(2025, 3, 3, tzinfo=UTC)


def text_of(*, goal: str = "Say what one is", trial: Trial | None = None, **differs: Any) -> str:
    draft = Draft.model_validate(DRAFT | differs)
    drafted = Drafted(
        plan=draft.plan(),
        remarks=draft.remarks,
        trial=trial or Trial(passed=True),
        base="0123456789abcdef",
        model=MODEL,
        rounds=1,
    )
    return plan_text(drafted, Goal(goal), Redactor(), now=NOW)


@pytest.mark.parametrize("goal", ["Write a parser", "a/b is slow", "~ make it nicer", "x" * 5_000])
def test_words_are_a_goal(goal: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert read_goal(goal) == Goal(goal)


def test_a_file_of_exactly_the_limit_is_read_and_one_byte_more_is_not(tmp_path: Path) -> None:
    file = tmp_path / "SPEC"
    file.write_text("ä" * (GOAL_LIMIT_BYTES // 2))
    assert read_goal(str(file)).file == file
    file.write_text("ä" * (GOAL_LIMIT_BYTES // 2) + ".")
    with pytest.raises(InvalidInput, match="too long"):
        read_goal(str(file))
    with pytest.raises(InvalidInput, match="The goal is too long"):
        read_goal("x" * (GOAL_LIMIT_BYTES + 1))


@pytest.mark.parametrize(
    "differs",
    [
        {"name": "yes: #1"},
        {"name": "2048"},
        {"verify": ["printf 'a: %s\\n' \"$x\" # no", "cat <<E\na\n  b\nE\n"]},
        {"verify": []},
        {"tiers": [{"name": "A", "phases": [PHASE | {"description": "  deep\n\tone\n\n\n"}]}]},
        {"tiers": [{"name": "A", "phases": [PHASE | {"description": "long " * 100}]}]},
        {"tiers": [{"name": "A", "phases": [PHASE | {"description": "a\r\nb\x85c\u2028d\ufeffe\x1b[0m"}]}]},
        {"tiers": [{"name": "A", "phases": [PHASE | {"files": [f"src/{n}/**" for n in range(40)]}]}]},
    ],
)
def test_the_file_says_what_the_plan_says_whatever_is_in_it(differs: dict[str, Any]) -> None:
    plan = Draft.model_validate(DRAFT | differs).plan()
    assert parse_plan(text_of(**differs), source="plan.yaml") == plan


def test_texts_of_several_lines_are_blocks_and_scopes_stand_on_one_line() -> None:
    assert (
        "        description: |-\n          one.py says ONE = 1.\n          Its test is test_one.py.\n"
        in text_of()
    )
    assert "        files: [one.py, test_one.py]\n" in text_of()


def test_only_what_was_tried_is_said_to_have_passed() -> None:
    assert "# Its setup and verify passed in a clean checkout of commit 0123456789ab. " in text_of()
    assert "# Its verify passed in a clean checkout of commit 0123456789ab. " in text_of(setup=[])
    assert " passed " not in text_of(verify=[])


def test_no_goal_remark_or_output_can_leave_the_comment() -> None:
    odd = "a\nschema_version: 2\r- b\x85name: c\u2028d\x1b[31m\ufffe"
    trial = Trial(passed=False, failure=f"The command `x` failed.\n{odd}\n" + "line\n" * 100)
    text = text_of(goal=odd, trial=trial, remarks=[odd])
    comment = text.partition("\nschema_version: 1\n")[0]
    assert all(line.startswith("#") for line in comment.split("\n"))
    assert all(line.isprintable() for line in comment.split("\n"))
    assert len(comment.splitlines()) < 40
    assert parse_plan(text, source="plan.yaml").name == "small"


def test_a_key_in_the_goal_is_not_written() -> None:
    key = "sk-" + "proj-" + "aB3" * 16
    assert key not in text_of(goal=f"Use {key}", remarks=[f"It is {key}"])


def test_a_file_that_appears_while_the_plan_is_drafted_stays_and_the_plan_stands_beside_it(
    tmp_path: Path,
) -> None:
    place = tmp_path / ".autopack/plan.yaml"
    check_place(place, top=tmp_path, force=False)
    assert write_plan(place, "first\n", force=False) == place
    assert write_plan(place, "second\n", force=False) == place.with_name("plan-2.yaml")
    assert write_plan(place, "third\n", force=True) == place
    assert {path.name: path.read_text() for path in place.parent.iterdir()} == {
        "plan.yaml": "third\n",
        "plan-2.yaml": "second\n",
    }


def test_a_link_in_the_place_of_the_plan_is_replaced_and_not_written_through(tmp_path: Path) -> None:
    target, place = tmp_path / "target", tmp_path / ".autopack/plan.yaml"
    target.write_text("theirs\n")
    place.parent.mkdir()
    place.symlink_to(target)
    write_plan(place, "ours\n", force=True)
    assert (target.read_text(), place.read_text(), place.is_symlink()) == ("theirs\n", "ours\n", False)


def test_a_folder_that_is_gone_when_the_plan_is_written_is_an_error_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"plan\.yaml can't be written"):
        write_plan(tmp_path / "gone/deep/plan.yaml", "x\n", force=False)
