from __future__ import annotations

import re
from pathlib import Path

import pytest

from autopack.plan import Phase, Plan, parse_plan, plan_schema

DOCS = Path(__file__).parents[2] / "docs"


def test_the_example_of_the_docs_is_a_plan() -> None:
    (example,) = re.findall(r"^```yaml\n(.*?)^```$", (DOCS / "plan.md").read_text(), re.MULTILINE | re.DOTALL)
    plan = parse_plan(example, source="docs/plan.md")
    assert plan.model_fields_set == set(Plan.model_fields)


def test_the_docs_name_every_key_of_a_plan_and_a_phase() -> None:
    page = (DOCS / "plan.md").read_text()
    keys = [field.alias or name for kind in (Plan, Phase) for name, field in kind.model_fields.items()]
    assert not [key for key in keys if f"| `{key}` |" not in page]


@pytest.mark.parametrize("key", ["copy", "verify", "tiers"])
def test_the_schema_has_the_keys_as_a_user_writes_them(key: str) -> None:
    assert key in plan_schema()["properties"]
    assert "copy_files" not in plan_schema()["properties"]
