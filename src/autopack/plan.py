"""The file a user writes: a plan of tiers and phases, parsed and validated. Nothing is run here."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from decimal import Decimal
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
    model_validator,
)

from autopack import userfiles
from autopack.userfiles import Loc, Misfits

MAX_TOKENS = 10**15
"""Bound of token numbers: far above any run, and sums of them still fit a 64-bit column."""

_WORD = r"[A-Za-z0-9][A-Za-z0-9_.-]*"
_ID = r"[a-z0-9][a-z0-9_-]*"
_SECRET = re.compile(
    r"(^|_)(API_?KEY|TOKEN|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?|ACCESS_KEY|PRIVATE_KEY)(_|$)|SECRET|APIKEY",
    re.IGNORECASE,
)


class Complexity(StrEnum):
    """How hard a phase is; routing maps each step to a Builder and an Auditor model."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"

    def harder(self) -> Complexity:
        """The next harder step; `high` stays `high`."""
        return Complexity.MEDIUM if self is Complexity.LOW else Complexity.HIGH


def is_secret_name(name: str) -> bool:
    """Whether a variable of this name looks like it holds a secret (`OPENAI_API_KEY`, `GH_TOKEN`)."""
    return _SECRET.search(name) is not None


def in_scope(path: str, files: tuple[str, ...]) -> bool:
    """Whether a changed path (relative, with slashes, as git gives it) is in the scope `files`.

    No globs at all means no scope: everything is in it. A glob matches the whole path from the top of the
    repository: `*` and `?` stay inside one name, `**` stands for any number of folders, `todo/**` and
    `todo/` for all below `todo`, `*.py` for the top level only, `**/x.py` for `x.py` anywhere.
    """
    return not files or any(_matches(path.split("/"), _parts(glob)) for glob in files)


def _parts(glob: str) -> list[str]:
    return (f"{glob}**" if glob.endswith("/") else glob).split("/")


def _matches(names: list[str], parts: list[str]) -> bool:
    """Positions in `names` that the parts so far can have reached; linear in both, whatever the glob."""
    reached: set[int] = {0}
    for number, part in enumerate(parts):
        if not reached:
            return False
        if part == "**":
            at_least_one = number == len(parts) - 1
            reached = set(range(min(reached) + at_least_one, len(names) + 1))
        else:
            reached = {at + 1 for at in reached if at < len(names) and fnmatchcase(names[at], part)}
    return len(names) in reached


def _one_line(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be empty; write a text")
    if not text.isprintable():
        raise ValueError("must be one line of printable characters; write it on one line")
    return text.strip()


def _filled(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be empty; write a text")
    return text


def _phase_id(text: str) -> str:
    if not re.fullmatch(_ID, text) or len(text) > 64:
        raise ValueError(
            f"{text[:70]!r} can't be an id; write at most 64 of a-z, 0-9, - and _, such as 'store-2'"
        )
    return text


def _category(text: str) -> str:
    if not re.fullmatch(_WORD, text) or len(text) > 64:
        raise ValueError(
            f"{text[:70]!r} is not one word; write letters, digits, - and _, such as core_backend"
        )
    return text


def _relative(text: str) -> str:
    parts = text.removesuffix("/").split("/")
    if text.startswith(("/", "~")) or re.match(r"[A-Za-z]:", text):
        raise ValueError(f"{text!r} is an absolute path; write it relative to the repository")
    if ".." in parts:
        raise ValueError(f"{text!r} leaves the repository; write a path inside it, without '..'")
    if "\\" in text:
        raise ValueError(f"{text!r} holds a backslash; write / between folders")
    if not text.isprintable() or text != text.strip() or "" in parts or "." in parts:
        raise ValueError(f"{text!r} is not a plain path; write it like todo/store.py")
    if parts[0].lower() == ".git":
        raise ValueError(f"{text!r} is inside .git; only files of the checkout can be named")
    return text


def _glob(text: str) -> str:
    if text.startswith("!"):
        raise ValueError(f"{text!r} excludes, which a scope can't; name what is inside the scope")
    return _relative(text)


def _env(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        raise ValueError("must hold names of variables only, such as TZ; values come from the environment")
    if is_secret_name(name):
        raise ValueError(
            f"{name} looks like a secret, and keys never reach the commands of a plan; remove it"
        )
    return name


def _verify(value: object) -> object:
    """`none` is how a user says that nothing is checked; it is kept as an empty tuple."""
    if value == "none":
        return ()
    if isinstance(value, str):
        raise ValueError(f"must be a list of commands or the word none; write [{value[:60]!r}]")
    if value == []:
        raise ValueError("holds no command; write one, or the word none to check nothing")
    return tuple(cast("list[object]", value)) if isinstance(value, list) else value


def _say_none(value: tuple[str, ...] | None) -> list[str] | str | None:
    return "none" if value == () else None if value is None else list(value)


Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_one_line)]
Command = Annotated[str, Field(min_length=1, max_length=10_000), AfterValidator(_filled)]
Glob = Annotated[str, Field(min_length=1, max_length=1_000), AfterValidator(_glob)]
RelativePath = Annotated[str, Field(min_length=1, max_length=1_000), AfterValidator(_relative)]
EnvName = Annotated[str, Field(max_length=200), AfterValidator(_env)]
_commands_schema: dict[str, Any] = {
    "anyOf": [
        {"type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 10_000}, "minItems": 1},
        {"const": "none"},
    ]
}
_says_none = PlainSerializer(_say_none)


class _Frozen(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
        use_attribute_docstrings=True,
    )


class Budget(_Frozen):
    """What a run, a tier or a phase may use at most: a call that could cross it is not made."""

    tokens: Annotated[int, Field(gt=0, le=MAX_TOKENS)] | None = None
    """Input and output tokens of all its calls together."""
    usd: Annotated[Decimal, Field(gt=0, le=1_000_000, allow_inf_nan=False)] | None = None
    """US dollars of all its calls together."""

    @model_validator(mode="after")
    def _says_something(self) -> Budget:
        if self.tokens is None and self.usd is None:
            raise ValueError("sets no limit; write tokens, usd or both, or remove it")
        return self


class Phase(_Frozen):
    """One piece of work: built, verified, audited and committed on its own."""

    id: Annotated[
        str, Field(json_schema_extra={"pattern": f"^{_ID}$", "maxLength": 64}), AfterValidator(_phase_id)
    ]
    """Unique in the plan; it stands in commit trailers and on the command line."""
    name: Name
    """One line; the commit's subject."""
    description: Annotated[str, Field(min_length=1, max_length=100_000), AfterValidator(_filled)]
    """What to build, in as many words as it takes."""
    category: Annotated[
        str, Field(json_schema_extra={"pattern": f"^{_WORD}$", "maxLength": 64}), AfterValidator(_category)
    ]
    """Any word; models.yaml may map it to models of its own."""
    complexity: Complexity
    """low, medium or high: which models build and audit it."""
    files: Annotated[tuple[Glob, ...], Field(max_length=200)] = ()
    """Scope: globs from the repository's top. A change outside it is a failed attempt. Empty: no scope."""
    attempts: Annotated[int, Field(ge=1, le=10)] = 3
    """How often the Builder may try."""
    verify: Annotated[
        tuple[Command, ...] | None,
        BeforeValidator(_verify),
        _says_none,
        WithJsonSchema(_commands_schema),
    ] = None
    """Commands that must pass, instead of the plan's; the word none for no check."""
    budget: Budget | None = None
    """What its attempts may use at most, together."""


class Tier(_Frozen):
    """Phases that belong together, in the order they are built."""

    name: Name
    """One line."""
    budget: Budget | None = None
    """What its phases may use at most, together."""
    phases: Annotated[tuple[Phase, ...], Field(min_length=1, max_length=1_000)]
    """At least one."""


_SIZE = re.compile(r"(\d{1,6}(?:\.\d{1,3})?) ?(MB|GB|MiB|GiB)")
_UNITS = {"MB": 10**6, "GB": 10**9, "MiB": 2**20, "GiB": 2**30}
_LEAST_MEMORY = 64 * 10**6


def _size(value: object) -> str:
    if not isinstance(value, str) or not (found := _SIZE.fullmatch(value)):
        raise ValueError(
            f"{str(value)[:40]!r} is no size; write a number and its unit, MB, GB, MiB or GiB: 500 MB, 4 GiB"
        )
    if float(found[1]) * _UNITS[found[2]] < _LEAST_MEMORY:
        raise ValueError(f"{value} is too little for any command; write 64 MB or more")
    return value


class Limits(_Frozen):
    """What one command may take, with everything that it starts (setup, verify and the Builder's shell), and
    how long phase and run may be worked on."""

    memory: (
        Annotated[
            str,
            BeforeValidator(_size),
            WithJsonSchema({"type": "string", "pattern": f"^{_SIZE.pattern}$"}),
        ]
        | None
    ) = None
    """A number with MB, GB, MiB or GiB. Not said: three quarters of the machine's memory."""
    processes: Annotated[int, Field(ge=10, le=100_000)] = 1024
    """At a time."""
    command_minutes: Annotated[int, Field(ge=1, le=1_440)] = 30
    """Time for each command of setup and verify."""
    phase_minutes: Annotated[int, Field(ge=1, le=100_000)] | None = None
    """Time that one phase may be worked on, pauses not counted. Not said: no limit."""
    run_minutes: Annotated[int, Field(ge=1, le=100_000)] | None = None
    """Time that the run may be worked on, pauses not counted. Not said: no limit."""
    stall_minutes: Annotated[int, Field(ge=1, le=1_440)] = 60
    """Time without a sign of life, from a model or a step, after which the run is stopped."""

    @property
    def memory_bytes(self) -> int | None:
        """None: not said."""
        found = _SIZE.fullmatch(self.memory or "")
        return None if found is None else int(float(found[1]) * _UNITS[found[2]])


class Plan(_Frozen):
    """A whole plan.yaml."""

    schema_version: Literal[1]
    """Version of this format."""
    name: Name
    """One line; how runs of this plan are called."""
    setup: Annotated[tuple[Command, ...], Field(max_length=100)] = ()
    """Commands that prepare a fresh checkout, with network; run again when a manifest changes."""
    copy_files: Annotated[tuple[RelativePath, ...], Field(alias="copy", max_length=200)] = ()
    """Ignored files of your checkout that the checks need."""
    env: Annotated[tuple[EnvName, ...], Field(max_length=200)] = ()
    """Variables passed through to commands; nothing else is. Never keys."""
    verify: Annotated[
        tuple[Command, ...],
        BeforeValidator(_verify),
        _says_none,
        WithJsonSchema(_commands_schema),
    ] = ()
    """Commands that must pass before a phase is committed; the word none for no check."""
    network: bool = False
    """Whether the Builder's shell and the checks may use the network."""
    limits: Limits = Field(default_factory=Limits)
    """What each command may take, and how long phase and run may be worked on."""
    budget: Budget | None = None
    """What the run may use at most."""
    on_budget: Literal["pause", "fail"] = "pause"
    """What a run does at a budget of its own, of a tier or of a phase."""
    tiers: Annotated[tuple[Tier, ...], Field(min_length=1, max_length=200)]
    """At least one."""

    @model_validator(mode="after")
    def _fits_together(self) -> Plan:
        found: list[tuple[Loc, str]] = []
        seen: set[str] = set()
        unverified: list[Loc] = []
        for tier, entry in enumerate(self.tiers):
            for number, phase in enumerate(entry.phases):
                place: Loc = ("tiers", tier, "phases", number)
                if phase.id in seen:
                    found.append(
                        ((*place, "id"), f"{phase.id!r} is taken by an earlier phase; write another id")
                    )
                seen.add(phase.id)
                if phase.verify is None:
                    unverified.append((*place, "verify"))
        if "verify" not in self.model_fields_set and unverified:
            everywhere = sum(len(tier.phases) for tier in self.tiers) == len(unverified)
            places: list[Loc] = [("verify",)] if everywhere else unverified
            found += [(place, f"is missing; {_SAY_VERIFY}") for place in places]
        if found:
            raise Misfits(found)
        return self

    def phases(self) -> Iterator[tuple[int, int, Tier, Phase]]:
        """Every phase in order, with the tier's and the phase's 1-based index, phases over the whole run."""
        index = 0
        for tier_index, tier in enumerate(self.tiers, start=1):
            for phase in tier.phases:
                index += 1
                yield tier_index, index, tier, phase

    @property
    def digest(self) -> str:
        """Names what the plan says, however it is written: the beginning of a SHA-256 of all its values."""
        return hashlib.sha256(self.model_dump_json(by_alias=True).encode()).hexdigest()[:16]

    def commands(self, phase: Phase) -> tuple[str, ...]:
        """Verification commands of a phase: its own, else the plan's. Empty: the user said `none`."""
        return self.verify if phase.verify is None else phase.verify


_SAY_VERIFY = 'write commands, such as verify: ["python -m pytest -q"], or verify: none to check nothing'


def parse_plan(text: str, *, source: str) -> Plan:
    """The plan in the YAML `text` of the file called `source`.

    Raises InvalidInput that names file, line and what to write, for each problem on its own line.
    """
    return userfiles.parse(text, source=source, shape=Plan)


def plan_schema(*, refs: str = "#/$defs/{model}") -> dict[str, Any]:
    """JSON Schema of plan.yaml, as published in docs/plan.schema.json. `verify` may stand at either level."""
    return userfiles.published_schema(Plan, title="Autopack plan", refs=refs)
