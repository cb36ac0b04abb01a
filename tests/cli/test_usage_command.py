"""`autopack usage`: of a run, of a period, of every quota."""

from __future__ import annotations

import pytest

from autopack.config import Settings
from cli.calling import Autopack
from usage.calls import call, record_now


def test_a_run_is_told_by_phase_and_attempt_with_what_an_accepted_one_costs(
    autopack: Autopack, recorded: str
) -> None:
    told = autopack("usage", recorded).out
    rows = {line.split("  ")[0]: line.split()[-2:] for line in told.splitlines() if "  " in line.strip()}
    assert rows["store"] == ["3,300", "$0.7500+"]
    assert "  attempt 1  verification failed" in told
    assert "Of this, attempts that failed: 1,100 tokens, $0.2500." in told
    assert "Per accepted phase (1 of 3, all attempts counted): 3,300+ tokens, $0.7500+." in told
    said = autopack("usage", "show", recorded[-4:], "--json").said
    assert (said["run_id"], said["accepted"]["cost_usd_per_phase"]) == (recorded, "0.75")


def test_a_period_is_told_by_model_with_every_quota(
    autopack: Autopack, recorded: str, settings: Settings
) -> None:
    autopack("usage")
    text = settings.policy_path.read_text()
    caps = "providers: {openai: {weekly_cap_tokens: 11_000, autopack_share: 0.5}}"
    settings.policy_path.write_text(text.replace("providers: {}", caps))
    record_now(settings, call(role="agent:planner"))
    told = autopack("usage", "--period", "week").out
    assert "claude-opus-5-5" in told
    assert "helpers" in told
    assert "week: 2,310 of 5,500 tokens used (42%)" in told
    assert "the oldest usage leaves it" in told
    said = autopack("usage", "--period", "week", "--json").said
    percents = {one["provider"]: one["percent_of_cap"] for one in said["providers"]}
    assert percents == {"anthropic": None, "openai": 42.0}


def test_a_broken_policy_is_said_beside_the_usage(
    autopack: Autopack, recorded: str, settings: Settings
) -> None:
    settings.policy_path.write_text("schema_version: 1\n")
    told = autopack("usage")
    assert "claude-opus-5-5" in told.out
    assert "complexity_models" in told.err
    assert told.code == 0


@pytest.mark.parametrize("words", [("--help",), ("-h",)])
def test_the_help_of_the_group_lists_its_commands(autopack: Autopack, words: tuple[str, ...]) -> None:
    told = autopack("usage", *words)
    assert told.code == 0
    assert "show" in told.out


def test_a_price_that_is_added_later_is_given_to_the_calls_that_had_none(
    autopack: Autopack, recorded: str, settings: Settings
) -> None:
    record_now(settings, call(model="mine", cost_usd=None), call(model="nobodys", cost_usd=None))
    assert "No price changed" in autopack("usage", "reprice", "--model", "mine").out
    text = settings.policy_path.read_text()
    assert "\nmodels: {}\n" in text
    price = "models: {mine: {provider: openai, price: {input: 2, output: 10}}}"
    settings.policy_path.write_text(text.replace("\nmodels: {}\n", f"\n{price}\n"))
    told = autopack("usage", "reprice")
    assert "Looked at 4 calls without a price." in told.out, told
    assert "mine" in told.out
    assert "Still without a known price: 1 call of nobodys." in told.out
    again = autopack("usage", "reprice", "--json").said
    assert (again["looked_at"], again["repriced"], again["difference_usd"]) == (1, 0, "0")


def test_a_price_that_was_wrong_is_mended_with_all(
    autopack: Autopack, recorded: str, settings: Settings
) -> None:
    record_now(settings, call(model="mine"))
    autopack("usage")
    text = settings.policy_path.read_text()
    price = "models: {mine: {provider: openai, price: {input: 200, output: 0}}}"
    settings.policy_path.write_text(text.replace("\nmodels: {}\n", f"\n{price}\n"))
    told = autopack("usage", "reprice", "--all", "--model", "mine", "--since", "2025-01-01").out
    assert "Looked at 1 call. 1 price changed: +$0.0190 in all." in told
    autopack("usage", "reprice", "--since", "yesterday").failed(2, "yesterday")
    settings.policy_path.write_text("schema_version: 1\n")
    autopack("usage", "reprice").failed(2, "complexity_models")
