from __future__ import annotations

import re
from pathlib import Path
from textwrap import indent

import pytest
from pydantic import ValidationError
from ruamel.yaml import YAML

from autopack.errors import InvalidInput
from autopack.simulator import Fault, LogEntry, load_scenario
from autopack.simulator.scenario import Call, Step

HEAD = "schema_version: 1\nname: t\nconversations:\n  - when: [a]\n    steps:\n"


def load(folder: Path, text: str) -> str:
    """The error's message, which is one line and names the file."""
    file = folder / "s.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInput) as caught:
        load_scenario(file)
    assert str(file) in caught.value.message
    assert "\n" not in caught.value.message
    assert "Tuple should have" not in caught.value.message or "conversations: []" in text
    return caught.value.message


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("{}", "steps[0]: a step needs `text`, `calls` or an `answer`"),
        ("{answer: {}, text: x}", "`answer` stands alone"),
        ("{answer: {}, calls: [{tool: t}]}", "`answer` stands alone"),
        ("{text: x, stall: 3}", "steps[0].stall"),
        ("{text: x, delay_seconds: -1}", "steps[0].delay_seconds"),
        ("{text: x, delay_seconds: .inf}", "steps[0].delay_seconds"),
        ("{calls: [{args: {}}]}", "steps[0].calls[0].tool"),
        ("{calls: [{tool: ''}]}", "steps[0].calls[0].tool"),
        ("{calls: [{tool: t, args: {day: 2026-01-01}}]}", "calls[0].args.day"),
        ("{text: x, usage: {input_tokens: 1, cache_read_tokens: 2}}", "usage: the cache tokens are parts of"),
        (
            "{text: x, usage: {output_tokens: 1, reasoning_tokens: 2}}",
            "usage: reasoning_tokens are a part of",
        ),
        ("{text: x, usage: {output_tokens: -1}}", "usage.output_tokens"),
        ("{text: x, faults: [{}]}", "steps[0].faults[0]: a fault has exactly one of `status`, `cut`,"),
        ("{text: x, faults: [{cut: 0.5, empty: true}]}", "this one has `cut` and `empty`"),
        ("{text: x, faults: [{status: 200}]}", "steps[0].faults[0].status"),
        ("{text: x, faults: [{status: 600}]}", "steps[0].faults[0].status"),
        ("{text: x, faults: [{cut: 1}]}", "steps[0].faults[0].cut"),
        ("{text: x, faults: [{stall: -0.1}]}", "steps[0].faults[0].stall"),
        ("{text: x, faults: [{malformed: head}]}", "steps[0].faults[0].malformed"),
        ("{text: x, faults: [{no_usage: false}]}", "steps[0].faults[0].no_usage"),
        (
            "{text: x, faults: [{status: 500, times: 0}]}",
            "a number of requests from 1 on, or the word always",
        ),
        ("{text: x, faults: [{status: 500, times: true}]}", "or the word always"),
        ("{text: x, faults: [{status: 500, times: ever}]}", "or the word always"),
        (
            "{text: x, faults: [{cut: 0, retry_after: 1}]}",
            "`retry_after` belongs to a `status`, not to `cut`",
        ),
        ("{text: x, faults: [{status: 429, retry_after: 1, in_stream: true}]}", "is a header"),
        ("{text: x, faults: [{status: 429, retry_after: -1}]}", "steps[0].faults[0].retry_after"),
        ("{text: x, faults: [{status: 429, code: ''}]}", "steps[0].faults[0].code"),
        ("{text: x, faults: [{cut: 0, times: always}, {status: 500}]}", "comes `always` must be the last"),
        ("{text: x, faults: [{malformed: arguments}]}", "needs a step with `calls` or an `answer`"),
        ("{calls: [{tool: t, args: {c: {file: none.py}}}]}", "`file: none.py` can't be read"),
        ("{calls: [{tool: t, args: {c: {file: ../x.py}}}]}", "points outside the scenario's folder"),
        ("{calls: [{tool: t, args: {c: {file: /etc/passwd}}}]}", "points outside the scenario's folder"),
        ("{calls: [{tool: t, args: {c: {file: link}}}]}", "points outside the scenario's folder"),
        ("{calls: [{tool: t, args: {c: {file: latin.py}}}]}", "not UTF-8"),
    ],
)
def test_a_step_that_can_not_be_served_is_named(tmp_path: Path, step: str, said: str) -> None:
    (tmp_path / "link").symlink_to("/etc/passwd")
    (tmp_path / "latin.py").write_bytes(b"\xe9")
    assert said in load(tmp_path, HEAD + f"      - {step}\n")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the top level"),
        ("a: [", "line 1"),
        ("a: 1\na: 2\n", "duplicate key"),
        ("schema_version: 2\nname: t\nconversations: []\n", "schema_version"),
        ("schema_version: 1\nname: t\nconversations: []\n", "conversations"),
        (HEAD.replace("[a]", "['a\n\n    b']") + "      - {text: x}\n", "must be one line of text"),
        (
            HEAD + "      - {text: x}\n  - when: [b, a]\n    steps: [{text: y}]\n",
            "['b', 'a'] is never reached",
        ),
    ],
)
def test_a_file_that_is_no_scenario_is_refused(tmp_path: Path, text: str, said: str) -> None:
    assert said in load(tmp_path, text)


def test_many_mistakes_are_counted_but_not_all_listed(tmp_path: Path) -> None:
    assert "(and 2 more)" in load(tmp_path, HEAD + "      - {text: x, a: 1, b: 1, c: 1, d: 1, e: 1}\n")


def test_a_file_that_is_not_there_or_not_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"none\.yaml can't be read: No such file"):
        load_scenario(tmp_path / "none.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"\xe9")
    with pytest.raises(InvalidInput, match="not UTF-8"):
        load_scenario(tmp_path / "latin.yaml")


def test_an_argument_can_be_the_text_of_a_file_beside_the_scenario(tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "store.py").write_text("x = 1  # größer\n", encoding="utf-8")
    file = tmp_path / "s.yaml"
    args = "{path: store.py, content: {file: code/store.py}, deep: {file: 1}, other: {file: a, b: c}}"
    file.write_text(HEAD + f"      - {{calls: [{{tool: write_file, args: {args}}}]}}\n", encoding="utf-8")
    (call,) = load_scenario(file).conversations[0].steps[0].calls
    assert call.args == {
        "path": "store.py",
        "content": "x = 1  # größer\n",
        "deep": {"file": 1},
        "other": {"file": "a", "b": "c"},
    }


def test_a_scenario_made_in_code_has_no_folder_to_read_from() -> None:
    with pytest.raises(ValidationError, match="needs a scenario that is read from a file"):
        Call(tool="write_file", args={"content": {"file": "store.py"}})


def test_the_example_in_the_documentation_is_a_scenario(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "simulator.md").read_text(encoding="utf-8")
    example, _ = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "store.py").write_text("tasks = []\n", encoding="utf-8")
    (tmp_path / "s.yaml").write_text(example, encoding="utf-8")
    scenario = load_scenario(tmp_path / "s.yaml")
    assert [len(conversation.steps) for conversation in scenario.conversations] == [2, 1, 1]
    assert told(page, "Field of a step") == set(Step.model_fields)
    assert told(page, "Field of the log") == set(LogEntry.model_fields)


def told(page: str, head: str) -> set[str]:
    """Names in the first column of the table that begins so."""
    _, _, table = page.partition(f"| {head} |")
    rows = table.partition("\n\n")[0].splitlines()
    return {name for row in rows for name in re.findall(r"`(\w+)`", row.partition(" | ")[0])}


def test_each_fault_in_the_documentation_is_one(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "simulator.md").read_text(encoding="utf-8")
    _, example = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    (tmp_path / "s.yaml").write_text(HEAD + indent(example, " " * 6), encoding="utf-8")
    (step,) = load_scenario(tmp_path / "s.yaml").conversations[0].steps
    assert [fault.times for fault in step.faults] == [2, 1, "always"]
    rows = re.findall(r"^\| `\{(.+?)\}` \|", page, re.MULTILINE)
    shown = [Fault.model_validate(YAML(typ="safe", pure=True).load(f"{{{row}}}")) for row in rows]  # pyright: ignore[reportUnknownMemberType]
    assert set[str]().union(*(fault.model_fields_set for fault in shown)) == set(Fault.model_fields)
