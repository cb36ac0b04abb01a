"""The Planner: what it is asked, and the plan that it drafts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from autopack.agents.base import Access, Agent, AgentTask, Metering, Watcher
from autopack.roles import human_notes, prompts
from autopack.roles.briefs import Call, instructions_section
from autopack.roles.drafts import Draft
from autopack.roles.fence import Fence, tail
from autopack.roles.human_notes import NO_NOTES, ShownNotes

FAILURE_LIMIT_CHARS = 12_000
"""What a Planner is shown of what became of a draft of its own: its end."""


@dataclass(frozen=True, kw_only=True)
class EarlierDraft:
    """A draft that did not hold, and what was seen when it was tried."""

    number: int
    text: str
    """The draft as a document."""
    failure: str


@dataclass(frozen=True, kw_only=True)
class PlannerBrief:
    """All that a Planner is told. `checkout` holds the user's last commit, and nothing else."""

    draft_id: str
    number: int
    """Which round this is, from 1."""
    rounds: int
    """How many there can be."""
    goal: str
    """What the user asks for, in a sentence or as a whole specification."""
    categories: tuple[str, ...]
    """Words that the user's models.yaml knows."""
    earlier: tuple[EarlierDraft, ...]
    checkout: Path
    secret: bytes = field(repr=False)
    """Of this draft; boundary codes of fences are derived from it."""
    notes: ShownNotes = NO_NOTES


async def plan(agent: Agent, brief: PlannerBrief, *, call: Call, meter: Metering, watch: Watcher) -> Draft:
    """Have a plan drafted. Raises what `Agent.run` raises."""
    result = await agent.run(planner_task(brief, call=call), meter=meter, watch=watch)
    return result.output


def planner_task(brief: PlannerBrief, *, call: Call) -> AgentTask[Draft]:
    """The task as the agent gets it. Reads the checkout's agent instructions, and nothing else."""
    return call.task(
        instructions=prompts.text("planner"),
        prompt=planner_prompt(brief),
        checkout=brief.checkout,
        access=Access.READ,
        output=Draft,
    )


def planner_prompt(brief: PlannerBrief) -> str:
    """The user prompt; its first three lines identify the conversation."""
    fence = Fence(
        secret=brief.secret, run_id=brief.draft_id, phase_id="", attempt=brief.number, role="planner"
    )
    return prompts.fill(
        "planner_task",
        draft_id=brief.draft_id,
        number=str(brief.number),
        rounds=str(brief.rounds),
        goal=fence.around("goal", brief.goal.strip()),
        categories="\n".join(f"- `{category}`" for category in brief.categories),
        instructions=instructions_section(brief.checkout, fence),
        notes=human_notes.section(brief.notes, fence),
        earlier=_earlier(brief.earlier, fence),
    )


def _earlier(drafts: Sequence[EarlierDraft], fence: Fence) -> str:
    if not drafts:
        return ""
    told = "\n\n".join(_one_earlier(draft, fence, whole=draft is drafts[-1]) for draft in drafts)
    return (
        "\n## Your earlier drafts\n\n"
        "They did not hold when they were tried. Find the cause before you write, and keep what was right.\n"
        "Where the repository itself is broken, say so in your remarks; do not choose commands that check\n"
        f"less only because they pass.\n\n{told}\n"
    )


def _one_earlier(draft: EarlierDraft, fence: Fence, *, whole: bool) -> str:
    parts = [f"### Draft {draft.number}"]
    if whole:
        parts.append(fence.around("draft", draft.text))
    parts.append(fence.around("what became of it", tail(draft.failure.strip(), FAILURE_LIMIT_CHARS)))
    return "\n\n".join(parts)
