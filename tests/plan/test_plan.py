from __future__ import annotations

from decimal import Decimal

import pytest
from pydantic import ValidationError

from autopack.errors import InvalidInput
from autopack.plan import Budget, Complexity, Phase, Plan, Tier, is_secret_name, parse_plan

WHOLE = """\
schema_version: 1
name: todo-cli
setup: ["python -m venv .venv"]
copy: [.env.test, fixtures/data.json]
env: [TZ]
verify: ["pytest -q", "ruff check"]
budget: {tokens: 2_000_000, usd: 5.00}
tiers:
  - name: Core
    phases:
      - id: store
        name: Task store
        description: What to build.
        category: core_backend
        complexity: medium
        files: ["todo/**", "tests/**"]
        attempts: 2
      - {id: cli, name: CLI, description: d, category: any-word, complexity: high, verify: [make]}
  - name: Words
    phases:
      - {id: readme, name: README, description: d, category: docs, complexity: low, verify: none}
"""

PHASE = "{id: a, name: A, description: d, category: c, complexity: low}"
HEAD = f"schema_version: 1\nname: n\nverify: none\ntiers: [{{name: T, phases: [{PHASE}]}}]\n"


def refusal(text: str) -> str:
    with pytest.raises(InvalidInput) as caught:
        parse_plan(text, source="plan.yaml")
    assert caught.value.exit_code == 2
    return caught.value.message


def plan_with(**phase: str) -> str:
    """A plan whose one phase starts on line 8, with some of its lines said otherwise or added."""
    lines = {"id": "a", "name": "A", "description": "d", "category": "c", "complexity": "low"} | phase
    body = "\n".join(f"        {key}: {value}" for key, value in lines.items() if value != "-")
    return f"schema_version: 1\nname: n\nverify: [x]\ntiers:\n  - name: T\n    phases:\n      -\n{body}\n"


def test_a_whole_plan_is_read_as_it_is_written() -> None:
    plan = parse_plan(WHOLE, source="plan.yaml")
    assert plan.copy_files == (".env.test", "fixtures/data.json")
    assert plan.budget == Budget(tokens=2_000_000, usd=Decimal(5))
    assert plan.network is False
    store, cli, readme = (phase for _, _, _, phase in plan.phases())
    assert store.complexity is Complexity.MEDIUM
    assert store.files == ("todo/**", "tests/**")
    assert (store.attempts, cli.attempts) == (2, 3)
    assert readme.files == ()


def test_phases_are_counted_over_the_whole_run_from_one() -> None:
    plan = parse_plan(WHOLE, source="plan.yaml")
    assert [(tier, number, phase.id) for tier, number, _, phase in plan.phases()] == [
        (1, 1, "store"),
        (1, 2, "cli"),
        (2, 3, "readme"),
    ]


def test_a_phase_s_own_commands_replace_the_plan_s_and_none_means_no_check() -> None:
    plan = parse_plan(WHOLE, source="plan.yaml")
    store, cli, readme = (phase for _, _, _, phase in plan.phases())
    assert plan.commands(store) == ("pytest -q", "ruff check")
    assert plan.commands(cli) == ("make",)
    assert plan.commands(readme) == ()


def test_a_plan_goes_through_json_and_back_unchanged() -> None:
    for text in (
        WHOLE,
        HEAD,
        plan_with(verify="none"),
        HEAD.replace("verify: none\n", "").replace("low", "low, verify: none"),
    ):
        plan = parse_plan(text, source="plan.yaml")
        assert Plan.model_validate_json(plan.model_dump_json()) == plan


def test_a_plan_can_t_be_changed() -> None:
    plan = parse_plan(WHOLE, source="plan.yaml")
    with pytest.raises(ValidationError):
        plan.name = "other"  # pyright: ignore[reportAttributeAccessIssue]


def test_a_plan_can_be_made_in_code() -> None:
    phase = Phase(id="a", name="A", description="d", category="c", complexity=Complexity.LOW)
    plan = Plan(
        schema_version=1, name="n", verify=("x",), copy_files=("y",), tiers=(Tier(name="T", phases=(phase,)),)
    )
    assert plan.commands(phase) == ("x",)


def test_verify_may_be_left_to_every_phase() -> None:
    plan = parse_plan(
        HEAD.replace("verify: none\n", "").replace("low}", "low, verify: [x]}"), source="plan.yaml"
    )
    assert [plan.commands(phase) for _, _, _, phase in plan.phases()] == [("x",)]


def test_harder_stops_at_high() -> None:
    assert [c.harder() for c in Complexity] == [Complexity.MEDIUM, Complexity.HIGH, Complexity.HIGH]


SAY = 'write commands, such as verify: ["python -m pytest -q"], or verify: none to check nothing'


def test_a_plan_that_says_no_verify_anywhere_is_told_once() -> None:
    assert refusal(HEAD.replace("verify: none\n", "")) == f"plan.yaml:1: verify: is missing; {SAY}"


def test_the_phases_that_lack_verify_are_named_where_only_some_say_it() -> None:
    text = WHOLE.replace('verify: ["pytest -q", "ruff check"]\n', "")
    assert refusal(text) == f"plan.yaml:10: tiers[0].phases[0].verify: is missing; {SAY}"


def test_the_same_id_twice_is_told_at_the_second() -> None:
    text = WHOLE.replace("id: readme", "id: store")
    assert refusal(text) == (
        "plan.yaml:21: tiers[1].phases[0].id: 'store' is taken by an earlier phase; write another id"
    )


ID = "can't be an id; write at most 64 of a-z, 0-9, - and _, such as 'store-2'"
SECRET = "looks like a secret, and keys never reach the commands of a plan; remove it"


@pytest.mark.parametrize(
    ("key", "value", "line", "place", "problem"),
    [
        ("id", "Store", 8, "id", f"'Store' {ID}"),
        ("id", "a b", 8, "id", f"'a b' {ID}"),
        ("id", '"a\\nAutopack-Run: x"', 8, "id", f"'a\\nAutopack-Run: x' {ID}"),
        ("id", "x" * 65, 8, "id", f"'{'x' * 65}' {ID}"),
        ("id", "-a", 8, "id", f"'-a' {ID}"),
        ("id", "12", 8, "id", "12 is read as a number, but must be text; put it in quotes: '12'"),
        ("id", "''", 8, "id", f"'' {ID}"),
        ("name", "' '", 9, "name", "must not be empty; write a text"),
        ("name", "''", 9, "name", "must not be empty; write a text"),
        ("name", '"a\\nb"', 9, "name", "must be one line of printable characters; write it on one line"),
        ("name", "x" * 201, 9, "name", "is longer than 200 characters; shorten it"),
        ("name", "2048", 9, "name", "2048 is read as a number, but must be text; put it in quotes: '2048'"),
        ("description", "' '", 10, "description", "must not be empty; write a text"),
        (
            "category",
            "core:low",
            11,
            "category",
            "'core:low' is not one word; write letters, digits, - and _, such as core_backend",
        ),
        ("complexity", "hard", 12, "complexity", "'hard' is not one of low, medium, high; write one of them"),
        ("complexity", "-", 8, "complexity", "is missing; add 'complexity: ...'"),
        ("attempts", "0", 13, "attempts", "must be at least 1, not 0"),
        ("attempts", "11", 13, "attempts", "must be at most 10, not 11"),
        ("attempts", "many", 13, "attempts", "must be a whole number, not the text 'many'"),
        (
            "files",
            "[../x]",
            13,
            "files[0]",
            "'../x' leaves the repository; write a path inside it, without '..'",
        ),
        (
            "files",
            "[/etc/*]",
            13,
            "files[0]",
            "'/etc/*' is an absolute path; write it relative to the repository",
        ),
        (
            "files",
            "['C:/x']",
            13,
            "files[0]",
            "'C:/x' is an absolute path; write it relative to the repository",
        ),
        ("files", "['a\\b']", 13, "files[0]", "'a\\\\b' holds a backslash; write / between folders"),
        (
            "files",
            "['!a']",
            13,
            "files[0]",
            "'!a' excludes, which a scope can't; name what is inside the scope",
        ),
        ("files", "[./a]", 13, "files[0]", "'./a' is not a plain path; write it like todo/store.py"),
        ("files", "[a//b]", 13, "files[0]", "'a//b' is not a plain path; write it like todo/store.py"),
        ("files", "['']", 13, "files[0]", "must not be empty; write a text"),
        (
            "files",
            "[.git/config]",
            13,
            "files[0]",
            "'.git/config' is inside .git; only files of the checkout can be named",
        ),
        ("verify", "pytest", 13, "verify", "must be a list of commands or the word none; write ['pytest']"),
        ("verify", "[]", 13, "verify", "holds no command; write one, or the word none to check nothing"),
        ("verify", "", 13, "verify", "has no value; write one, or remove the line"),
        ("verify", "['  ']", 13, "verify[0]", "must not be empty; write a text"),
        ("verify", "[[python, -m]]", 13, "verify[0]", "must be one text, not a list"),
        ("verifi", "[x]", 13, "verifi", "is not a known key; did you mean 'verify'?"),
    ],
)
def test_a_phase_that_can_t_be_used_says_where_and_what_to_write(
    key: str, value: str, line: int, place: str, problem: str
) -> None:
    assert refusal(plan_with(**{key: value})) == f"plan.yaml:{line}: tiers[0].phases[0].{place}: {problem}"


@pytest.mark.parametrize(
    ("added", "place", "problem"),
    [
        (
            "copy: [/etc/passwd]",
            "copy[0]",
            "'/etc/passwd' is an absolute path; write it relative to the repository",
        ),
        ("copy: [~/x]", "copy[0]", "'~/x' is an absolute path; write it relative to the repository"),
        (
            "copy: [a/../../b]",
            "copy[0]",
            "'a/../../b' leaves the repository; write a path inside it, without '..'",
        ),
        ("copy_files: [a]", "copy_files", "is not a known key; write one of " + "{known}, or remove it"),
        ("env: [OPENAI_API_KEY]", "env[0]", f"OPENAI_API_KEY {SECRET}"),
        ("env: [TZ, GH_TOKEN]", "env[1]", f"GH_TOKEN {SECRET}"),
        ("env: [MY_SECRET_THING]", "env[0]", f"MY_SECRET_THING {SECRET}"),
        (
            "env: [TZ=UTC]",
            "env[0]",
            "must hold names of variables only, such as TZ; values come from the environment",
        ),
        ("network: yes", "network", "must be true or false, not the text 'yes'; write one of them"),
        (
            "limits: {memory: 4}",
            "limits.memory",
            "'4' is no size; write a number and its unit, MB, GB, MiB or GiB: 500 MB, 4 GiB",
        ),
        (
            "limits: {memory: 4 TB}",
            "limits.memory",
            "'4 TB' is no size; write a number and its unit, MB, GB, MiB or GiB: 500 MB, 4 GiB",
        ),
        ("limits: {memory: 9MB}", "limits.memory", "9MB is too little for any command; write 64 MB or more"),
        ("limits: {processes: 1}", "limits.processes", "must be at least 10, not 1"),
        ("limits: {command_minutes: 0}", "limits.command_minutes", "must be at least 1, not 0"),
        (
            "limits: {cpus: 2}",
            "limits.cpus",
            "is not a known key; write one of memory, processes, command_minutes, phase_minutes, "
            "run_minutes, stall_minutes, or remove it",
        ),
        ("budget: {tokens: 0}", "budget.tokens", "must be more than 0, not 0"),
        ("budget: {usd: -1}", "budget.usd", "must be more than 0, not -1"),
        ("budget: {usd: .nan}", "budget.usd", "must be a number, not the number NaN"),
        ("budget: {}", "budget", "sets no limit; write tokens, usd or both, or remove it"),
        ("budget: 5", "budget", "must hold keys and values, not the number 5"),
        ("setup: make", "setup", "must be a list, not one text; write ['make']"),
        ("setup: [1]", "setup[0]", "1 is read as a number, but must be text; put it in quotes: '1'"),
    ],
)
def test_a_plan_level_line_that_can_t_be_used_says_what_to_write(
    added: str, place: str, problem: str
) -> None:
    known = "schema_version, name, setup, copy, env, verify, network, limits, budget, on_budget, tiers"
    assert refusal(HEAD + added) == f"plan.yaml:5: {place}: {problem.replace('{known}', known)}"


@pytest.mark.parametrize(
    ("tiers", "message"),
    [
        ("tiers: []", "plan.yaml:4: tiers: must hold at least 1; add one"),
        ("tiers: [{name: T, phases: []}]", "plan.yaml:4: tiers[0].phases: must hold at least 1; add one"),
        ("tiers: [{name: T}]", "plan.yaml:4: tiers[0].phases: is missing; add 'phases: ...'"),
        ("", "plan.yaml:1: tiers: is missing; add 'tiers: ...'"),
    ],
)
def test_a_plan_holds_at_least_one_tier_and_each_tier_a_phase(tiers: str, message: str) -> None:
    assert refusal(f"schema_version: 1\nname: n\nverify: none\n{tiers}\n") == message


def test_a_newer_plan_says_to_upgrade_and_nothing_else() -> None:
    assert refusal("schema_version: 2\nstages: []\n") == (
        "plan.yaml:1: schema_version: 2 was written for a newer Autopack, this one reads 1; upgrade Autopack"
    )


def test_several_problems_are_each_named() -> None:
    text = (
        WHOLE.replace("medium", "hard")
        .replace("attempts: 2", "attempts: 99")
        .replace("env: [TZ]", "env: [1]")
    )
    assert [line.split(":")[1] for line in refusal(text).splitlines()] == ["5", "15", "17"]


@pytest.mark.parametrize(
    "name",
    [
        *(
            "OPENAI_API_KEY",
            "API_KEY",
            "APIKEY",
            "GH_TOKEN",
            "TOKEN",
            "AWS_SECRET_ACCESS_KEY",
            "client_secret",
        ),
        *("DB_PASSWORD", "PASSWORD", "GOOGLE_APPLICATION_CREDENTIALS", "AWS_ACCESS_KEY_ID", "TOKEN_FILE"),
    ],
)
def test_names_that_look_like_secrets_are_known(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name", ["TZ", "LANG", "CI", "PYTHONPATH", "TOKENIZERS_PARALLELISM", "KEYBOARD", "MONKEY"]
)
def test_names_that_look_like_settings_may_pass(name: str) -> None:
    assert not is_secret_name(name)


def test_a_plan_of_500_phases_is_read() -> None:
    phases = "".join(
        f"      - id: p{n}\n        name: Phase {n}\n        description: |\n          Some words.\n"
        "          And more.\n        category: core_backend\n        complexity: medium\n"
        "        files: ['a/**', 'b/**']\n"
        for n in range(500)
    )
    text = f"schema_version: 1\nname: n\nverify: [x]\ntiers:\n  - name: T\n    phases:\n{phases}"
    plan = parse_plan(text, source="plan.yaml")
    assert sum(1 for _ in plan.phases()) == 500


@pytest.mark.parametrize(
    ("text", "size"),
    [("4 GB", 4_000_000_000), ("1.5GB", 1_500_000_000), ("512 MiB", 512 * 2**20), ("64 MB", 64_000_000)],
)
def test_the_limits_of_a_command_are_read_and_kept_as_written(text: str, size: int) -> None:
    plan = parse_plan(
        HEAD + f"limits: {{memory: {text}, processes: 300, command_minutes: 5}}\n", source="plan.yaml"
    )
    assert (plan.limits.memory_bytes, plan.limits.processes, plan.limits.command_minutes) == (size, 300, 5)
    assert Plan.model_validate(plan.model_dump(mode="json")) == plan


def test_limits_that_are_not_said_leave_memory_to_the_machine() -> None:
    limits = parse_plan(HEAD, source="plan.yaml").limits
    assert (limits.memory_bytes, limits.processes, limits.command_minutes) == (None, 1024, 30)
