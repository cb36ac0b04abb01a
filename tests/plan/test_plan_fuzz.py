from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from autopack.errors import InvalidInput
from autopack.plan import Plan, parse_plan

TEXT = """\
schema_version: 1
name: n
setup: [a]
copy: [b]
env: [TZ]
verify: [x, "y"]
budget: {tokens: 2_000, usd: 5.00}
tiers:
  - name: T
    phases:
      - id: a
        name: A
        description: |
          d
        category: c
        complexity: low
        files: ["todo/**"]
"""
PIECES = [
    *"\t\n :-[]{}&*!|>'\"%@`#,?~\\\0\x07é\u2028\ud800",
    "<<: ",
    "&a ",
    "*a",
    "!!int ",
    "null",
    "- ",
    ": ",
    "---\n",
]
WORDS = [
    "%YAML 1.1\n",
    "1e999",
    "-.inf",
    "0x",
    "9" * 5000,
    "0b2",
    "_",
    "? ",
    "!!binary ",
    "2024-01-01",
    "true",
]


def readable_or_refused(text: str) -> None:
    message = "plan.yaml:"
    try:
        plan = parse_plan(text, source="plan.yaml")
    except InvalidInput as refused:
        message = refused.message
    else:
        assert Plan.model_validate_json(plan.model_dump_json()) == plan
    assert message
    assert all(line.startswith("plan.yaml:") for line in message.splitlines())


@given(st.text())
def test_any_text_is_refused_with_a_message_that_names_the_file(text: str) -> None:
    readable_or_refused(text)


@settings(max_examples=300)
@given(
    st.integers(0, len(TEXT)),
    st.integers(0, 12),
    st.lists(st.sampled_from([*PIECES, *WORDS]), max_size=3).map("".join),
)
def test_a_plan_with_a_slip_is_read_or_refused_but_never_breaks(at: int, removed: int, added: str) -> None:
    readable_or_refused(TEXT[:at] + added + TEXT[at + removed :])
