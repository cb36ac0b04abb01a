from __future__ import annotations

import json
import os
import re
import stat
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from autopack.errors import InvalidInput, Unavailable
from autopack.plan import Complexity
from autopack.routing.policy import Policy, ProviderKind, parse_policy
from autopack.routing.policyfile import default_policy_text, load_policy
from autopack.usage.prices import PriceTable, price
from autopack.usage.schemas import TokenUsage

DOCS = Path(__file__).parents[2] / "docs"
HEAD = """\
schema_version: 1
complexity_models:
  low: {builder: gpt-4o-mini, auditor: claude-haiku-4-5}
  medium: {builder: claude-sonnet-4-5, auditor: gpt-4o}
  high: {builder: claude-opus-4-5, auditor: gpt-5}
"""
LOCAL = 'providers: {local: {kind: openai, base_url: "http://127.0.0.1:1/v1", api_key_env: LOCAL_KEY}}\n'


def policy(added: str = "") -> Policy:
    return parse_policy(HEAD + added, source="models.yaml")


def refusal(text: str) -> str:
    with pytest.raises(InvalidInput) as caught:
        parse_policy(text, source="models.yaml")
    return caught.value.message


def shipped() -> Policy:
    return parse_policy(default_policy_text(), source="the shipped models.yaml")


def documented() -> str:
    (example,) = re.findall(
        r"^```yaml\n(.*?)^```$", (DOCS / "models.md").read_text(), re.MULTILINE | re.DOTALL
    )
    return example


def test_the_shipped_builder_and_auditor_are_always_of_different_families() -> None:
    got = shipped()
    pairs = [got.complexity_models.of(complexity) for complexity in Complexity]
    pairs += [models for models in got.category_models.values() if models.builder and models.auditor]
    for pair in pairs:
        assert pair.builder is not None
        assert pair.auditor is not None
        assert got.resolve(pair.builder).family != got.resolve(pair.auditor).family


def test_every_shipped_model_has_a_price_and_none_is_glm() -> None:
    for name in shipped().named_models():
        model = shipped().resolve(name)
        assert price(
            model=name, provider=model.provider, usage=TokenUsage(input_tokens=1), at=datetime.now(UTC)
        ), name
        assert model.family in ("gpt", "claude")


def test_the_shipped_file_sets_no_limit_and_is_explained() -> None:
    assert not any(shipped().limits(pool).caps for pool in shipped().quotas())
    assert default_policy_text().count("\n#") > 15


def test_harder_shipped_pairs_cost_more() -> None:
    def cost(complexity: Complexity) -> Decimal:
        pair = shipped().complexity_models.of(complexity)
        usage, at = TokenUsage(input_tokens=1000, output_tokens=1000), datetime.now(UTC)
        each = [
            price(model=name, provider=shipped().resolve(name).provider, usage=usage, at=at)
            for name in (pair.builder, pair.auditor)
        ]
        return sum((one for one in each if one is not None), Decimal(0))

    assert cost(Complexity.LOW) < cost(Complexity.MEDIUM) < cost(Complexity.HIGH)


def test_a_policy_goes_through_json_and_back_unchanged() -> None:
    for got in (policy(), shipped(), parse_policy(documented(), source="docs")):
        assert Policy.model_validate_json(got.model_dump_json()) == got
        assert Policy.model_validate(json.loads(got.model_dump_json())) == got


def test_the_example_of_the_docs_uses_every_key() -> None:
    got = parse_policy(documented(), source="docs/models.md")
    assert got.model_fields_set == set(Policy.model_fields)


@pytest.mark.parametrize(
    ("name", "provider", "kind", "family", "key"),
    [
        ("gpt-4o", "openai", "openai", "gpt", "OPENAI_API_KEY"),
        ("o1", "openai", "openai", "gpt", "OPENAI_API_KEY"),
        ("o3-mini", "openai", "openai", "gpt", "OPENAI_API_KEY"),
        ("o4-mini", "openai", "openai", "gpt", "OPENAI_API_KEY"),
        ("claude-opus-5-5", "anthropic", "anthropic", "claude", "ANTHROPIC_API_KEY"),
        ("opus-4.5", "anthropic", "anthropic", "claude", "ANTHROPIC_API_KEY"),
        ("glm-5.3", "glm", "zai", "glm", "ZAI_API_KEY"),
        ("qwen", "local", "openai", "local", "LOCAL_KEY"),
        ("llama", "local", "openai", "meta", "LOCAL_KEY"),
        ("codex-mini", "openai", "openai", "gpt", "OPENAI_API_KEY"),
        ("gpt-oss", "local", "openai", "gpt", "LOCAL_KEY"),
    ],
)
def test_a_name_tells_provider_protocol_family_and_key(
    name: str, provider: str, kind: str, family: str, key: str
) -> None:
    got = policy(
        LOCAL + "models:\n  qwen: {provider: local}\n  llama: {provider: local, family: meta}\n"
        "  codex-mini: {provider: openai}\n  gpt-oss: {provider: local}\n"
    ).resolve(name)
    assert (got.name, got.provider, got.kind, got.family, got.api_key_env) == (
        name,
        provider,
        kind,
        family,
        key,
    )
    assert got.base_url == ("http://127.0.0.1:1/v1" if provider == "local" else None)


def test_a_provider_can_be_sent_through_a_gateway_and_be_simulated() -> None:
    got = policy(
        "providers: {openai: {base_url: 'https://gw.example.com/v1/', api_key_env: GW_KEY, simulated: true}}"
    ).resolve("gpt-4o")
    assert (got.base_url, got.api_key_env, got.simulated) == ("https://gw.example.com/v1", "GW_KEY", True)
    assert got.kind is ProviderKind.OPENAI
    assert policy().resolve("gpt-4o").simulated is False


def test_glm_runs_through_an_openai_compatible_endpoint() -> None:
    got = policy(
        "providers: {glm: {kind: openai, base_url: 'https://glm.example.com/v4'}}\nagents: {planner: glm-4.6}"
    ).resolve("glm-4.6")
    assert (got.provider, got.kind, got.family, got.api_key_env) == ("glm", "openai", "glm", "ZAI_API_KEY")


def test_openai_speaks_responses_at_its_usual_address() -> None:
    got = policy("providers: {openai: {kind: openai-responses}}").resolve("gpt-5")
    assert (got.kind, got.base_url, got.api_key_env) == ("openai-responses", None, "OPENAI_API_KEY")


def test_a_gateway_may_speak_any_of_the_protocols() -> None:
    for kind in ProviderKind:
        got = policy(
            f"providers: {{gate: {{kind: {kind}, base_url: 'https://x.y', api_key_env: GATE_KEY}}}}\n"
            "models: {m: {provider: gate}}"
        ).resolve("m")
        assert (got.kind, got.base_url) == (kind, "https://x.y")


def test_an_unknown_model_is_refused_with_both_remedies() -> None:
    with pytest.raises(InvalidInput) as caught:
        policy().resolve("llama3")
    assert caught.value.message == "llama3: no provider is known for model 'llama3'"
    assert caught.value.hint == (
        "write a name that starts with gpt-, o1, o3, o4-, claude-, opus- or glm-, "
        "or add it with its provider under models:"
    )


def test_keys_and_prices_and_names_are_gathered() -> None:
    got = policy(
        LOCAL + "models: {q: {provider: local, price: {input: 0.5, output: 2}}, gpt-4o: {family: x}}"
    )
    agents = {"CURSOR_API_KEY", "CLAUDE_CODE_OAUTH_TOKEN", "AUTOPACK_CODEX_KEY"}
    assert got.key_names() == {"OPENAI_API_KEY", "ANTHROPIC_API_KEY", "ZAI_API_KEY", "LOCAL_KEY", *agents}
    assert got.prices() == {"q": PriceTable(input=Decimal("0.5"), output=Decimal(2))}
    assert got.named_models() == (
        *("gpt-4o-mini", "claude-haiku-4-5", "claude-sonnet-4-5", "gpt-4o", "claude-opus-4-5", "gpt-5"),
    )


def test_caps_are_autopack_s_share_of_the_account() -> None:
    got = policy(
        "providers:\n  openai: {weekly_cap_tokens: 25_000_000, daily_cap_usd: 2.5, autopack_share: 0.6}\n"
        "pools: {claude-max: {billing: subscription, windows: [{hours: 5, cap_tokens: 100}, {days: 7}]}}"
    )
    caps = [(cap.window, cap.unit, cap.amount) for cap in got.limits("openai").caps]
    assert caps == [("day", "usd", 1_500_000_000), ("week", "tokens", 15_000_000_000)]
    assert [cap.words for cap in got.limits("claude-max").caps] == ["100 tokens in 5 hours"]
    assert [*got.limits("claude-max").spans] == ["5 hours", "7 days"]
    assert got.limits("anthropic").caps == ()
    assert got.quotas()[-1] == "claude-max"


def test_what_is_kept_free_is_closed_to_others() -> None:
    limits = policy(
        "providers:\n"
        "  openai: {daily_cap_tokens: 1000, reserve_for: {security_auth_change: 0.1, auditor: 0.05}}"
    ).limits("openai")
    tokens = {
        who: limits.levels(*who)[0].limit // 1000
        for who in [("builder", "docs"), ("auditor", "docs"), ("auditor", "security_auth_change")]
    }
    assert [*tokens.values()] == [850, 900, 1000]


def test_without_a_word_the_seed_s_three_categories_fail_fast() -> None:
    assert policy().fail_fast.categories == (
        "external_feature_reuse",
        "security_auth_change",
        "schema_contract_change",
    )


def refusals() -> list[tuple[str, str]]:
    """Pairs of added lines and the message, from blocks that are parted by an empty line."""
    blocks = (Path(__file__).parent / "refused_models.txt").read_text().strip().split("\n\n")[1:]
    return [(added, message) for added, _, message in (block.partition("\n=> ") for block in blocks)]


@pytest.mark.parametrize(("added", "message"), refusals())
def test_a_line_that_can_t_be_used_says_where_and_what_to_write(added: str, message: str) -> None:
    assert refusal(HEAD + added) == message


@pytest.mark.parametrize(
    ("removed", "message"),
    [
        (", auditor: gpt-4o}", "4: complexity_models.medium.auditor: is missing; add 'auditor: ...'"),
        (
            "high: {builder: claude-opus-4-5, auditor: gpt-5}",
            "2: complexity_models.high: is missing; add 'high: ...'",
        ),
    ],
)
def test_every_complexity_has_a_builder_and_an_auditor(removed: str, message: str) -> None:
    assert refusal(HEAD.replace(removed, "}" if removed.startswith(",") else "")) == f"models.yaml:{message}"


@pytest.mark.parametrize(
    "url",
    [
        *("https://example.com", "http://127.0.0.1:8000/v1", "http://127.8.8.8", "http://localhost:1"),
        *("http://[::1]:8000/v1", "HTTP://LOCALHOST/x"),
    ],
)
def test_an_address_that_is_safe_is_taken(url: str) -> None:
    got = policy(f"providers: {{openai: {{base_url: '{url}'}}}}").resolve("gpt-5")
    assert got.base_url == url


def test_no_error_shows_what_may_be_a_key() -> None:
    for line in (
        "{api_key_env: sk-proj-abc}",
        "{api_key: sk-proj-abc}",
        "{base_url: 'https://sk-proj-abc@x.y'}",
        "{base_url: 'https://x.y?k=sk-proj-abc'}",
    ):
        assert "sk-proj-abc" not in refusal(HEAD + f"providers: {{openai: {line}}}")


def test_the_first_use_copies_the_shipped_file_and_the_next_reads_the_user_s(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "home" / "models.yaml"
    assert load_policy(path) == shipped()
    assert path.read_text() == default_policy_text()
    assert [entry.name for entry in path.parent.iterdir()] == ["models.yaml"]
    path.write_text(HEAD)
    assert load_policy(path) == policy()
    assert path.read_text() == HEAD


def test_a_user_s_file_with_an_error_names_its_path_and_line(tmp_path: Path) -> None:
    path = tmp_path / "models.yaml"
    path.write_text(HEAD + "exhausted: never\n")
    with pytest.raises(InvalidInput, match=re.escape(f"{path}:6: exhausted: ")):
        load_policy(path)


def test_a_home_that_can_t_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    path = tmp_path / "file" / "models.yaml"
    with pytest.raises(Unavailable) as caught:
        load_policy(path)
    assert caught.value.message == f"{path} can't be written: its folder is a file"
    assert caught.value.hint == "make its folder writable, or set AUTOPACK_HOME to a folder that is"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_home_is_a_clear_error_and_leaves_nothing(tmp_path: Path) -> None:
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        with pytest.raises(Unavailable, match="can't be written: Permission denied"):
            load_policy(tmp_path / "models.yaml")
    finally:
        tmp_path.chmod(stat.S_IRWXU)
    assert list(tmp_path.iterdir()) == []
