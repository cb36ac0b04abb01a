"""`autopack models` and `autopack route`: what they show, change, and say of what can't be."""

from __future__ import annotations

import pytest

from autopack.config import Settings
from autopack.routing.policyfile import default_policy_text
from cli.calling import Autopack

CELL = ("builder", "core_backend", "medium")


def test_the_mapping_is_a_table_that_marks_what_was_changed(autopack: Autopack, recorded: str) -> None:
    plain = autopack("models").out.splitlines()
    assert plain[0].split() == ["ROLE", "CATEGORY", "LOW", "MEDIUM", "HIGH"]
    assert plain[1].split() == [
        "builder",
        "core_backend",
        "gpt-6-luna",
        "claude-sonnet-5-5",
        "claude-opus-5-5",
    ]
    assert plain[-1].startswith("Never another model than these (fail-fast): external_feature_reuse, ")
    autopack("models", "set", *CELL, "gpt-4o")
    autopack("models", "set", *CELL, "gpt-5", "--run", recorded[-4:])
    assert "gpt-4o [own]" in autopack("models").out
    assert "[own]: set for exactly this cell" in autopack("models").out
    of_run = autopack("models", "--run", recorded[-4:]).out
    assert "gpt-5 [run]" in of_run
    assert "[run]: changed for this run; counts for phases that begin later." in of_run
    rows = autopack("models", "--run", recorded, "--json").said
    assert [one["model"] for one in rows if one["scope"] == "run"] == ["gpt-5"]


def test_a_default_is_set_and_taken_back(autopack: Autopack, settings: Settings) -> None:
    said = autopack("models", "set", *CELL, "gpt-4o")
    assert said.out == "builder of core_backend:medium has gpt-4o, in runs that are created from now on.\n"
    assert said.err == "note: OPENAI_API_KEY is not set here: gpt-4o can't be called without it.\n"
    again = autopack("models", "set", *CELL, "gpt-4o", "--json").said
    assert (again["changed"], again["model"], again["scope"], again["run_id"]) == (
        False,
        "gpt-4o",
        "global",
        None,
    )
    said = autopack("models", "reset", *CELL)
    assert said.out.startswith("builder of core_backend:medium has nothing of its own")
    assert autopack("models", "reset", *CELL).out.endswith(" already.\n")
    assert settings.policy_path.read_text() == default_policy_text()
    said = autopack("models", "set", "agent:planner", "*", "*", "gpt-4o")
    assert said.out == "agent:planner has gpt-4o, in runs that are created from now on.\n"


def test_a_run_is_given_another_model_and_its_own_again(autopack: Autopack, recorded: str) -> None:
    said = autopack("models", "set", *CELL, "gpt-4o", "--run", recorded[-4:])
    assert (
        said.out
        == f"builder of core_backend:medium has gpt-4o, in phases that {recorded} begins from now on.\n"
    )
    logged = autopack("logs", recorded).out.splitlines()[-1]
    assert "builder of core_backend, medium: gpt-4o from the next phase on, set by " in logged
    said = autopack("models", "reset", *CELL, "--run", recorded, "--json").said
    assert (said["changed"], said["model"], said["run_id"]) == (True, "claude-sonnet-5-5", recorded)
    logged = autopack("logs", recorded).out.splitlines()[-1]
    assert "builder of core_backend, medium: its own model again, reset by " in logged


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("set", "writer", "docs", "low", "gpt-4o"), "'writer' is not a role"),
        (("set", "builder", "zork", "low", "gpt-4o"), "Categories: core_backend"),
        (("set", "builder", "docs", "hard", "gpt-4o"), "Complexities: low, medium, high"),
        (("set", "builder", "docs", "low", "zork"), "no provider is known"),
        (("reset", "agent:nobody", "*", "*"), "Helpers: agent:planner"),
        (("reset", *CELL, "--run", "zork"), "There is no run zork"),
        (("--run", "zork"), "There is no run zork"),
    ],
)
def test_what_can_t_be_is_one_line_and_a_hint(autopack: Autopack, words: tuple[str, ...], said: str) -> None:
    autopack("models", *words).failed(2, said)


def test_a_file_that_is_broken_is_an_error_with_its_line(autopack: Autopack, settings: Settings) -> None:
    settings.policy_path.write_text(default_policy_text() + "zork: 1\n")
    autopack("models").failed(2, ": zork: is not a known key")
    autopack("models", "set", *CELL, "gpt-4o").failed(2, ": zork: is not a known key")
    autopack("route", *CELL).failed(2, ": zork: is not a known key")


def test_a_route_is_explained_with_every_candidate(autopack: Autopack, recorded: str) -> None:
    autopack("models", "set", *CELL, "gpt-4o", "--run", recorded)
    assert autopack("route", *CELL).out.startswith("claude-sonnet-5-5, by anthropic\n")
    said = autopack("route", "auditor", "core_backend", "medium", "--run", recorded)
    first, why, _, *candidates = said.out.splitlines()
    assert first == "claude-sonnet-5-5, by anthropic"
    assert "of the family gpt, to be avoided" in why
    assert candidates[0].startswith(
        "- gpt-6.1-terra: complexity medium maps auditor to gpt-6.1-terra; of the"
    )
    assert [line for line in candidates if line.startswith("* claude-sonnet-5-5: ")]
    told = autopack("route", *CELL, "--run", recorded, "--json").said
    assert (told["verdict"], told["model"]["name"], told["source"]) == ("go", "gpt-4o", "run_override")
    autopack("route", "builder", "docs", "hard").failed(2, "'hard' is not a complexity")
    autopack("route", "agent:nobody", "*", "*").failed(2, "no model is mapped for agent:nobody")


def test_a_route_that_leads_nowhere_says_so_and_until_when(
    autopack: Autopack, settings: Settings, recorded: str
) -> None:
    caps = "{anthropic: {weekly_cap_tokens: 1000}, openai: {weekly_cap_tokens: 1000}}"
    text = default_policy_text().replace("providers: {}", f"providers: {caps}", 1)
    settings.policy_path.write_text(text)
    said = autopack("route", *CELL)
    assert said.code == 0
    assert said.out.startswith("none now; claude-sonnet-5-5 from 2")
    said = autopack("route", "builder", "security_auth_change", "low")
    assert said.out.startswith("none: claude-opus-5-5 can't be used, and the policy says to fail\n")


@pytest.mark.parametrize("words", [["models"], ["route", "builder", "docs", "low"]])
def test_a_broken_file_is_said_beside_what_still_counts(
    autopack: Autopack, settings: Settings, words: list[str]
) -> None:
    assert autopack(*words).err == ""
    with settings.policy_path.open("a") as file:
        file.write("nonsense: [\n")
    told = autopack(*words)
    assert told.code == 0
    assert "Its last good version counts until that is mended." in " ".join(told.err.split())
