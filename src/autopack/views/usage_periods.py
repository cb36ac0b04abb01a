"""What was used in a period, by provider, model and role class, and where every quota stands.

Read from hourly sums alone: it takes as long after ten million calls as after ten thousand.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict

from autopack.db import ReadSession
from autopack.errors import InvalidInput
from autopack.routing.policy import Policy
from autopack.routing.policyfile import LivePolicy
from autopack.usage.queries import hourly_summary
from autopack.usage.schemas import UsageSum
from autopack.usage.service import Period, begins
from autopack.views.quotas import PoolUsage, WindowUsage, pool_usages
from autopack.views.spend import Spend, spend_of


class _Shown(BaseModel):
    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class ProviderUsage(_Shown):
    """What was used of one provider. Real and simulated calls are never added up: each has its own row."""

    provider: str
    period: str
    """`day`, `week` or `month`; `all` on the command line."""
    prompt_tokens: int
    """Reported, cache reads and writes included."""
    completion_tokens: int
    """Reported, reasoning included."""
    total_tokens: int
    cap_tokens: int | None
    """Autopack's share of the cap of this period; null where none is configured."""
    percent_of_cap: float | None
    """Of that cap, spent, as the cap counts it (see its window under `pools`): 100 is all of it."""
    simulated: bool
    """A script answered."""
    usage: Spend


class ModelUsage(_Shown):
    """What was used of one model."""

    provider: str
    model: str
    prompt_tokens: int
    """Reported, cache reads and writes included."""
    completion_tokens: int
    """Reported, reasoning included."""
    total_tokens: int
    simulated: bool
    """A script answered."""
    usage: Spend


class RoleClassUsage(_Shown):
    """What the Builders and Auditors used, or all helpers beside them."""

    role_class: str
    """`core`: builder and auditor; `aux`: every other."""
    simulated: bool
    """A script answered."""
    usage: Spend


class UsageResponse(_Shown):
    """What was used in a period, largest first."""

    period: str
    since: datetime | None
    """The first instant that counts: the whole of the oldest hour does. Null: all time."""
    now: datetime
    """The instant of which this is, and the end of the period."""
    real: Spend | None
    """All calls to real providers; null where there was none."""
    simulated: Spend | None
    """All calls that a script answered; null where there was none."""
    providers: tuple[ProviderUsage, ...]
    models: tuple[ModelUsage, ...]
    role_classes: tuple[RoleClassUsage, ...]
    pools: tuple[PoolUsage, ...]
    policy_problem: str | None
    """What is wrong with models.yaml as it stands: its last good version counts. Null: nothing."""


async def usage_of_period(
    session: ReadSession, live: LivePolicy, period: Period | None, *, now: datetime | None = None
) -> UsageResponse:
    """Usage of a rolling period up to now (None: of all time), and the quotas as they are now."""
    now = now or datetime.now(UTC)
    since = None if period is None else begins(period, now=now)
    sums = await hourly_summary(
        session, group_by=("pool", "provider", "model", "role_class", "simulated"), since=since
    )
    policy, problem = _policy(live)
    pools = await pool_usages(session, policy, sums, now=now)
    capped = {pool.pool: window for pool in pools if (window := _cap_of(pool, period)) is not None}
    said = period or "all"
    return UsageResponse(
        period=said,
        since=since,
        now=now,
        real=_all(sums, simulated=False),
        simulated=_all(sums, simulated=True),
        providers=tuple(
            _provider(group, said, capped.get(str(group[0].provider))) for group in _groups(sums, "provider")
        ),
        models=tuple(_by_name(group) for group in _groups(sums, "provider", "model")),
        role_classes=tuple(
            RoleClassUsage(
                role_class=str(group[0].role_class), simulated=group[0].simulated, usage=spend_of(group)
            )
            for group in _groups(sums, "role_class")
        ),
        pools=pools,
        policy_problem=problem or None,
    )


def _policy(live: LivePolicy) -> tuple[Policy | None, str]:
    """The policy that counts, if any, and what is wrong with the file: usage is shown all the same."""
    try:
        return live.now(), live.problem
    except InvalidInput as error:
        return None, error.message


def _cap_of(pool: PoolUsage, period: Period | None) -> WindowUsage | None:
    """The window of a quota's cap in tokens of a period, if there is one."""
    return next(
        (
            one
            for one in pool.windows
            if one.window == period and one.unit == "tokens" and one.cap is not None
        ),
        None,
    )


def _all(sums: Sequence[UsageSum], *, simulated: bool) -> Spend | None:
    own = [one for one in sums if one.simulated == simulated]
    return spend_of(own) if own else None


def _groups(sums: Sequence[UsageSum], *names: str) -> Iterator[list[UsageSum]]:
    """The sums by the fields that are named, real and simulated apart, the largest group first."""
    groups: dict[tuple[object, ...], list[UsageSum]] = {}
    for one in sums:
        groups.setdefault((one.simulated, *(getattr(one, name) for name in names)), []).append(one)
    sizes = {key: sum(one.total_tokens for one in group) for key, group in groups.items()}
    yield from (groups[key] for key in sorted(groups, key=lambda key: (-sizes[key], *map(str, key))))


def _provider(sums: Sequence[UsageSum], period: str, cap: WindowUsage | None) -> ProviderUsage:
    usage = spend_of(sums)
    return ProviderUsage(
        provider=str(sums[0].provider),
        period=period,
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        total_tokens=usage.tokens,
        cap_tokens=int(cap.cap) if cap is not None and cap.cap is not None else None,
        percent_of_cap=None if cap is None else cap.percent,
        simulated=sums[0].simulated,
        usage=usage,
    )


def _by_name(sums: Sequence[UsageSum]) -> ModelUsage:
    usage = spend_of(sums)
    return ModelUsage(
        provider=str(sums[0].provider),
        model=str(sums[0].model),
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        total_tokens=usage.tokens,
        simulated=sums[0].simulated,
        usage=usage,
    )
