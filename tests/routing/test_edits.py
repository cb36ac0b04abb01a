"""Changing one cell of models.yaml: what becomes of its text, of other writers, and of hand edits."""

from __future__ import annotations

import multiprocessing
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autopack import home
from autopack.errors import Conflict, InvalidInput, Unavailable
from autopack.routing.cells import Cell, written
from autopack.routing.edits import change, changed
from autopack.routing.policy import Policy, parse_policy
from autopack.routing.policyfile import default_policy_text, write_whole

SHIPPED = default_policy_text()
BLOCKS = """\
# Mine, in blocks.
schema_version: 1
categories:
  - core_backend # the first
  - docs
complexity_models:
    low:
        builder: gpt-low      # cheap
        # The auditor is another family.
        auditor: "claude-low"
    medium: {builder: 'gpt-medium', auditor: claude-medium}
    high: { builder: gpt-high , auditor: claude-high }   # dear
category_models:
  docs:
    builder: gpt-docs
    auditor: claude-docs # reads well
  "docs:low": {auditor: claude-docs-low,}
  # tests: {builder: gpt-tests}
exhausted: wait # or fail
agents:
  planner: claude-planner
"""
BRACES = (
    '{"schema_version": 1, "complexity_models": {"low": {"builder": "gpt-l", "auditor": "claude-l"},\n'
    '  "medium": {"builder": "gpt-m", "auditor": "claude-m"}, "high": {"builder": "o1", "auditor": "o3"}},\n'
    '  "category_models": { }, "exhausted": "fail"}'
)
BARE = """\
schema_version: 1
complexity_models:
  low: {builder: gpt-low, auditor: claude-low}
  medium: {builder: gpt-medium, auditor: claude-medium}
  high: {builder: gpt-high, auditor: claude-high}"""
TEXTS = [SHIPPED, BLOCKS, BLOCKS.replace("\n", "\r\n"), BRACES, BARE]
CATEGORIES = ["*", "core_backend", "docs", "security_auth_change", "tests", "a-word.of-a-plan", "true"]

cells = st.one_of(
    st.builds(
        Cell,
        st.sampled_from(["builder", "auditor"]),
        st.sampled_from(CATEGORIES),
        st.sampled_from(["low", "medium", "high", "*"]),
    ).filter(lambda cell: cell[1:] != ("*", "*")),
    st.sampled_from([Cell("agent:planner", "*", "*"), Cell("agent:postmortem", "*", "*")]),
)
plain = st.sampled_from(["gpt-4o", "claude-x", "glm-4.6", "o3"])
names = st.sampled_from(["gpt-4o", "claude-x", "glm-4.6", "gpt-x:free", "gpt-a,b", "gpt-é", "o3"])


searching = settings(deadline=None, max_examples=50)


def read(text: str) -> Policy:
    return parse_policy(text, source="models.yaml")


def edit(text: str, cell: Cell, model: str | None) -> str:
    return changed(text, cell, model, source="models.yaml")


def document(text: str, cell: Cell) -> dict[str, Any]:
    """What a file says, but for a cell and the words it may use."""
    said = read(text).model_dump(mode="json", exclude_none=True)
    section, *keys = cell.path
    inner = said[section]
    for key in keys[:-1]:
        inner = inner.get(key, {})
    inner.pop(keys[-1], None)
    if len(keys) == 2 and not inner:
        said[section].pop(keys[0], None)
    del said["categories"]
    return said


def lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


@searching
@given(text=st.sampled_from(TEXTS), cell=cells, model=names)
def test_exactly_one_cell_is_another(text: str, cell: Cell, model: str) -> None:
    after = edit(text, cell, model)
    assert written(read(after), cell) == model
    assert document(after, cell) == document(text, cell)
    assert edit(after, cell, model) == after, "again is no change"


@searching
@given(text=st.sampled_from(TEXTS[:3]), cell=cells, model=names)
def test_every_line_but_that_of_the_cell_stays_as_it_is(text: str, cell: Cell, model: str) -> None:
    before, after = lines(text), lines(edit(text, cell, model))
    kept = [line for line in after if line in before]
    assert len([line for line in before if line not in after]) <= 1
    assert kept == [line for line in before if line in after], "in their order"
    comments = [line.partition("#")[2] for line in before if "#" in line]
    assert [line.partition("#")[2] for line in after if "#" in line] == comments


@searching
@given(text=st.sampled_from(TEXTS), cell=cells, model=plain)
def test_what_was_there_can_be_put_back_byte_for_byte(text: str, cell: Cell, model: str) -> None:
    former = written(read(text), cell)
    after = edit(text, cell, model)
    if former is not None:
        assert edit(after, cell, former) == text


@searching
@given(
    text=st.sampled_from(TEXTS[:4]),
    category=st.sampled_from(["core_backend", "docs", "security_auth_change", "tests"]),
    complexity=st.sampled_from(["low", "medium", "high"]),
    role=st.sampled_from(["builder", "auditor"]),
    model=names,
)
def test_setting_and_resetting_a_new_cell_leaves_the_file_as_it_was(
    text: str, category: str, complexity: str, role: str, model: str
) -> None:
    cell = Cell(role, category, complexity)
    if written(read(text), cell) is None:
        assert edit(edit(text, cell, model), cell, None) == text


@searching
@given(text=st.sampled_from(TEXTS), changes=st.lists(st.tuples(cells, st.none() | names), max_size=6))
def test_many_changes_one_after_the_other_keep_every_comment(
    text: str, changes: list[tuple[Cell, str | None]]
) -> None:
    after = text
    kept: dict[Cell, str | None] = {}
    for cell, model in changes:
        after = edit(after, cell, model)
        kept[cell] = model if model is not None else written(read(SHIPPED), cell)
    policy = read(after)
    assert {cell: written(policy, cell) for cell in kept} == kept
    own = [line for line in lines(text) if line.lstrip().startswith("#")]
    assert [line for line in lines(after) if line.lstrip().startswith("#")] == own


def test_a_reset_of_what_every_file_has_is_what_ships() -> None:
    cell = Cell("builder", "*", "low")
    assert written(read(edit(BLOCKS, cell, None)), cell) == written(read(SHIPPED), cell)


def test_a_section_that_a_reset_empties_keeps_its_heading() -> None:
    text = BARE + '\ncategory_models: # mine\n  "docs:low": {builder: gpt-x}\n  # docs: {builder: gpt-y}\n'
    after = edit(text, Cell("builder", "docs", "low"), None)
    assert after == BARE + "\ncategory_models: {} # mine\n  # docs: {builder: gpt-y}\n"


def test_a_category_that_only_a_plan_knows_becomes_a_word_of_the_file() -> None:
    after = edit(SHIPPED, Cell("builder", "billing", "low"), "gpt-4o")
    assert read(after).categories[-1] == "billing"
    assert "\n  - schema_contract_change\n  - billing\n" in after
    assert '\n  "billing:low": {builder: gpt-4o}\n' in after


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        (
            BLOCKS.replace("low:\n", "low: &low\n").replace(
                "{builder: 'gpt-medium', auditor: claude-medium}", "*low"
            ),
            "low",
        ),
        (
            BLOCKS.replace("low:\n", "low: &low\n").replace(
                "{builder: 'gpt-medium', auditor: claude-medium}", "*low"
            ),
            "medium",
        ),
    ],
)
def test_what_several_places_share_is_left_to_its_writer(text: str, cell: str) -> None:
    with pytest.raises(Conflict, match=f"complexity_models.{cell}.builder can't be changed") as refused:
        edit(text, Cell("builder", "*", cell), "gpt-4o")
    assert "editor" in refused.value.hint


def test_an_entry_beside_an_alias_can_be_added() -> None:
    text = BLOCKS.replace("  docs:\n", "  docs: &docs\n").replace("{auditor: claude-docs-low,}", "*docs")
    after = edit(text, Cell("builder", "tests", "*"), "gpt-4o")
    assert '  "docs:low": *docs\n  tests: {builder: gpt-4o}\n' in after


@pytest.mark.parametrize(
    ("text", "model", "said"),
    [
        (SHIPPED, "nobody-1", "no provider is known for model 'nobody-1'"),
        (SHIPPED, "codex/", "names no model"),
        (SHIPPED, "gpt- 4", "is not a model's name"),
        (SHIPPED, "gpt-" + "x" * 300, "is not a model's name"),
        (SHIPPED.replace("low:", "lows:", 1), "gpt-4o", "models.yaml:"),
        (SHIPPED + "]", "gpt-4o", "is not valid YAML"),
    ],
)
def test_a_file_that_could_not_be_used_is_never_written(
    tmp_path: Path, text: str, model: str, said: str
) -> None:
    path = tmp_path / "models.yaml"
    path.write_text(text)
    with pytest.raises(InvalidInput, match=said.replace("(", "\\(")):
        change(path, Cell("builder", "docs", "low"), model)
    assert path.read_text() == text


def test_the_shipped_file_is_copied_first_and_then_changed(tmp_path: Path) -> None:
    path = tmp_path / "home" / "models.yaml"
    assert change(path, Cell("agent:planner", "*", "*"), "gpt-4o")
    assert path.read_text() == SHIPPED.replace("planner: claude-opus-5-5", "planner: gpt-4o")
    assert not change(path, Cell("agent:planner", "*", "*"), "gpt-4o")
    assert sorted(one.name for one in path.parent.iterdir()) == ["models.lock", "models.yaml"]


def test_the_first_copy_never_replaces_what_another_process_wrote_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / "models.yaml"
    path.write_text("Another's.")
    write_whole(path, SHIPPED, only_new=True)
    assert path.read_text() == "Another's."
    assert [one.name for one in tmp_path.iterdir()] == ["models.yaml"]


def test_mode_mark_and_link_of_the_file_stay(tmp_path: Path) -> None:
    elsewhere = tmp_path / "dotfiles.yaml"
    elsewhere.write_bytes(b"\xef\xbb\xbf" + SHIPPED.encode())
    elsewhere.chmod(0o640)
    path = tmp_path / "home" / "models.yaml"
    path.parent.mkdir()
    path.symlink_to(elsewhere)
    change(path, Cell("builder", "docs", "low"), "gpt-4o")
    assert path.is_symlink()
    assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o640
    assert elsewhere.read_bytes().startswith(b"\xef\xbb\xbf#")
    assert written(read(elsewhere.read_text("utf-8-sig")), Cell("builder", "docs", "low")) == "gpt-4o"


CATEGORIES_OF_WRITERS = ["core_backend", "frontend_ui", "tests", "docs"]


def _set_some(path: Path, category: str) -> None:
    for complexity in ("low", "medium", "high"):
        for role in ("builder", "auditor"):
            change(path, Cell(role, category, complexity), f"gpt-{category}-{complexity}")


def test_several_processes_that_change_cells_at_once_lose_none(tmp_path: Path) -> None:
    path = tmp_path / "home" / "models.yaml"
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_set_some, args=(path, one)) for one in CATEGORIES_OF_WRITERS]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert [writer.exitcode for writer in writers] == [0] * len(writers)
    policy = read(path.read_text())
    for category in CATEGORIES_OF_WRITERS:
        for complexity in ("low", "medium", "high"):
            for role in ("builder", "auditor"):
                assert written(policy, Cell(role, category, complexity)) == f"gpt-{category}-{complexity}"


def test_a_writer_waits_for_its_turn_and_not_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "models.yaml"
    path.write_text(SHIPPED)
    monkeypatch.setattr(home, "LOCK_SECONDS", 0.1)
    with (
        home.turn(tmp_path, "models"),
        pytest.raises(Unavailable, match="Another process has been writing models"),
    ):
        change(path, Cell("builder", "docs", "low"), "gpt-4o")
    assert path.read_text() == SHIPPED


def test_what_an_editor_saves_meanwhile_is_kept_and_the_change_is_made_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The editor puts a new file in place after ours was read."""
    path, chmod = tmp_path / "models.yaml", os.fchmod
    path.write_text(SHIPPED)
    saved = [SHIPPED.replace("exhausted: wait", "exhausted: fail") + "# Mine.\n"]

    def saved_before(handle: int, mode: int) -> None:
        if saved:
            path.with_suffix(".swp").write_text(saved.pop())
            path.with_suffix(".swp").replace(path)
        chmod(handle, mode)

    monkeypatch.setattr(os, "fchmod", saved_before)
    assert change(path, Cell("builder", "docs", "low"), "gpt-4o")
    after = path.read_text()
    assert after.endswith("# Mine.\n")
    assert read(after).exhausted == "fail"
    assert written(read(after), Cell("builder", "docs", "low")) == "gpt-4o"


def test_an_editor_that_breaks_the_file_meanwhile_keeps_what_it_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, chmod = tmp_path / "models.yaml", os.fchmod
    path.write_text(SHIPPED)

    def saved_before(handle: int, mode: int) -> None:
        path.write_text("half a f")
        chmod(handle, mode)

    monkeypatch.setattr(os, "fchmod", saved_before)
    with pytest.raises(InvalidInput, match=r"models\.yaml:1"):
        change(path, Cell("builder", "docs", "low"), "gpt-4o")
    assert path.read_text() == "half a f"
    assert not [one for one in tmp_path.iterdir() if one.name.startswith(".")]


def test_an_editor_that_never_stops_is_a_conflict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, chmod = tmp_path / "models.yaml", os.fchmod
    path.write_text(SHIPPED)

    def saved_before(handle: int, mode: int) -> None:
        with path.open("a") as edited:
            edited.write("# More.\n")
        chmod(handle, mode)

    monkeypatch.setattr(os, "fchmod", saved_before)
    with pytest.raises(Conflict, match="is being edited all the time"):
        change(path, Cell("builder", "docs", "low"), "gpt-4o")
    assert path.read_text().startswith(SHIPPED + "# More.\n")
