"""From a goal to a plan whose commands were tried: ask the Planner, run them in a clean checkout, ask again.

Nothing is started, and nothing of the user's is touched: what is written where is `draftfiles.py`'s.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from autopack import userfiles
from autopack.agents.base import AgentGaveUp, ProviderRefused, ProviderUnreachable, Seat
from autopack.errors import AutopackError, InvalidInput
from autopack.notes import service as notes_service
from autopack.plan import Plan
from autopack.processes import Confinement
from autopack.roles.drafts import Draft
from autopack.roles.human_notes import NO_NOTES, ShownNotes, shown
from autopack.roles.planner import EarlierDraft, PlannerBrief
from autopack.routing.policy import ModelRef, Policy
from autopack.routing.policyfile import load_policy
from autopack.routing.schemas import KNOWN_CATEGORIES
from autopack.runs.schemas import Evidence
from autopack.supervisor.choosing import NoModel
from autopack.supervisor.hold import bare_settings, command_settings
from autopack.supervisor.launch import check_holds_no_key, confinement_for
from autopack.supervisor.planning import Planning, Spending, Tell
from autopack.supervisor.services import Services
from autopack.supervisor.temporary import temporary_workspace
from autopack.workspace import Check, Source, Workspace

ROUNDS = 3
"""How often a plan is drafted before one whose commands fail is given as it is."""

_COMMAND_CHARS, _SAID_CHARS = 100, 300


@dataclass(frozen=True, kw_only=True)
class Tried:
    """One command of a draft's, and what came of it in the clean checkout."""

    step: str
    """`setup` or `verify`."""
    command: str
    passed: bool | None
    """None: it was not run, as one before it had failed."""
    seconds: float | None = None
    """None: it was not run, or had passed in an earlier round."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A draft's setup and verify commands on the untouched commit, as a run's baseline has them."""

    passed: bool
    setup_failed: bool = False
    holds_key: bool = False
    """It holds what looks like a key: nothing of it was run."""
    untried: str = ""
    """Why its commands could not be tried, such as a full disk, which is no fault of the plan's."""
    failure: str = ""
    """Which command failed and how, and the end of its output. Empty where all passed."""
    commands: tuple[Tried, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Drafted:
    """A plan, and how far it can be trusted."""

    plan: Plan
    remarks: tuple[str, ...]
    trial: Trial
    base: str
    """The commit that it was drafted and tried on."""
    model: ModelRef
    rounds: int
    unmended: str = ""
    """Why there was no further round where there could have been one."""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What is to be planned, and where."""

    goal: str
    found: Source
    unsandboxed: bool = False


async def draft(services: Services, wish: Wish, *, owner: str, spending: Spending, tell: Tell) -> Drafted:
    """Have a plan drafted and its commands tried. `owner` is this process as a worker that is known to live.

    The clone that it is done in is gone afterwards. Raises `InvalidInput`, `Unavailable`, and `AgentGaveUp`
    where the Planner comes to no plan at all.
    """
    load_policy(services.settings.policy_path)  # a broken one is said, and its last good one not used
    confinement = await confinement_for(unsandboxed=wish.unsandboxed)
    if confinement is Confinement.NONE:
        tell("Unsandboxed: commands that a model writes run with your rights.")
    planning = Planning(services, owner=owner, spending=spending, tell=tell)
    warming = asyncio.create_task(services.agent.warm_up([await planning.choose()]))
    try:
        async with temporary_workspace(
            services.settings, services.redactor, owner=owner, top=wish.found.top
        ) as workspace:
            tell(f"Clones {wish.found.head[:10]}, to read it and to try commands in.")
            base = await workspace.create()
            rounds = _Rounds(
                services=services,
                planning=planning,
                workspace=workspace,
                base=base,
                wish=wish,
                confinement=confinement,
                tell=tell,
            )
            return await rounds.all()
    finally:
        await asyncio.gather(warming, return_exceptions=True)


@dataclass(frozen=True, kw_only=True)
class _Rounds:
    """The rounds of one draft, in one clone."""

    services: Services
    planning: Planning
    workspace: Workspace
    base: str
    wish: Wish
    confinement: Confinement
    tell: Tell

    async def all(self) -> Drafted:
        """Draft, try, and draft again with what was seen, until all passes or no round is left."""
        brief, drafted = await self._brief(), None
        for number in range(1, ROUNDS + 1):
            try:
                draft, model = await self.planning.ask(replace(brief, number=number), seat=self._seat)
            except (AgentGaveUp, ProviderUnreachable, ProviderRefused, NoModel) as error:
                if drafted is None:
                    raise
                return _as_it_is(replace(drafted, unmended=error.message))
            drafted = await self._drafted(draft, model, number)
            if drafted.trial.passed or drafted.trial.untried:
                break
            again = "" if number == ROUNDS else " It goes back to the Planner."
            said = drafted.trial.failure.splitlines()[0].rstrip(".")
            self.tell(f"{_short(said, _SAID_CHARS)}.{again}")
            failed = EarlierDraft(
                number=number,
                text=userfiles.written(draft.document()),
                failure=drafted.trial.failure,
            )
            brief = replace(brief, earlier=(*brief.earlier, failed))
        assert drafted is not None
        return _as_it_is(drafted)

    def _seat(self, agent: str) -> Seat:
        settings = bare_settings(self.confinement, self.services.environ)
        return self.workspace.seat(agent, settings, which="build", may_write=False)

    async def _brief(self) -> PlannerBrief:
        services = self.services
        return PlannerBrief(
            draft_id=f"draft_{secrets.token_hex(4)}",
            number=1,
            rounds=ROUNDS,
            goal=services.redactor.text(self.wish.goal),
            categories=_categories(services.policy.now()),
            earlier=(),
            checkout=self.workspace.build,
            secret=secrets.token_bytes(32),
            notes=await self._notes(),
        )

    async def _notes(self) -> ShownNotes:
        """What people wrote for every run. A file that can't be read is said, and stops no draft."""
        try:
            found = await asyncio.to_thread(
                notes_service.notes_of, self.wish.found.top, self.services.redactor
            )
        except AutopackError as error:
            self.tell(f"Goes on without your notes: {error.message}")
            return NO_NOTES
        return shown(notes_service.in_force(found, ""))

    async def _drafted(self, draft: Draft, model: ModelRef, number: int) -> Drafted:
        plan = draft.plan()
        return Drafted(
            plan=plan,
            remarks=tuple(map(self.services.redactor.text, draft.remarks)),
            trial=await self._try(plan),
            base=self.base,
            model=model,
            rounds=number,
        )

    async def _try(self, plan: Plan) -> Trial:
        """Run the plan's commands as a run's baseline does. A plan that holds a key is not run."""
        try:
            check_holds_no_key(plan, self.services.redactor)
        except InvalidInput as error:
            return Trial(passed=False, holds_key=True, failure=f"{error.message}\n{error.hint}")
        if commands := (*plan.setup, *plan.verify):
            listed = "; ".join(_short(command, _COMMAND_CHARS) for command in commands)
            self.tell(f"Tries in a clean checkout: {listed}")
        settings = command_settings(plan, self.confinement, self.services.environ)
        try:
            return _trial(plan, await self.workspace.check(self.base, plan.verify, settings))
        except AutopackError as error:  # the plan was paid for: it is kept as it is
            return Trial(passed=False, untried=f"{error.message} {error.hint}".strip())


def _trial(plan: Plan, check: Check) -> Trial:
    setup = _tried("setup", plan.setup, check.setup, failed=check.setup_failed)
    failed = not check.passed and not check.setup_failed and not check.changed_by_checks
    verify = _tried("verify", plan.verify, check.evidence, failed=failed)
    return Trial(
        passed=check.passed,
        setup_failed=check.setup_failed,
        failure=check.failure,
        commands=(*setup, *verify),
    )


def _tried(
    step: str, commands: Sequence[str], evidence: Sequence[Evidence], *, failed: bool
) -> Iterator[Tried]:
    """Each command with its evidence; those of a setup that was done already had passed before."""
    done = len(commands) if step == "setup" and not evidence and not failed else len(evidence)
    for place, command in enumerate(commands):
        last = failed and place == len(evidence) - 1
        seconds = evidence[place].duration_seconds if place < len(evidence) else None
        yield Tried(step=step, command=command, passed=not last if place < done else None, seconds=seconds)


def _as_it_is(drafted: Drafted) -> Drafted:
    """What the rounds came to. Raises `AgentGaveUp` where that can't be kept."""
    if drafted.trial.holds_key:
        raise AgentGaveUp(
            f"{drafted.model.name} wrote what looks like a key into the plan, in each of its drafts.",
            hint="Name in the goal the file or the variable that holds it, never its value.",
        )
    return drafted


def _short(text: str, limit: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def _categories(policy: Policy) -> tuple[str, ...]:
    """The words that a user's choice of models can mean something by."""
    mapped = (key.partition(":")[0] for key in policy.category_models)
    return tuple(dict.fromkeys((*policy.categories, *KNOWN_CATEGORIES, *mapped)))
