"""What the steps of every run in this process share, opened once at the door."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from autopack.agents.agents import AnyAgent
from autopack.agents.base import Agent
from autopack.agents.patience import Patience
from autopack.artifacts import ArtifactStore
from autopack.config import Settings
from autopack.db import Database, prepare_database
from autopack.redaction import Redactor, named_in, redactor_of
from autopack.routing.policyfile import LivePolicy
from autopack.supervisor.activities import Activity, ActivityBoard
from autopack.supervisor.workers import new_executor_id


@dataclass(frozen=True, kw_only=True)
class Services:
    """The process's database, stores and agent, and where its live activity goes."""

    settings: Settings
    database: Database
    artifacts: ArtifactStore
    transcripts: ArtifactStore
    """Conversations of open attempts, byte for byte; when an attempt ends they go to the artifacts."""
    agent: Agent
    environ: Mapping[str, str]
    """The process's environment: keys are read from it, commands get only what the plan passes through."""
    owner: str
    """This process's executor id."""
    activity: Callable[[Activity], None]
    activities: ActivityBoard
    """What the runs of this process are at; `engine()` keeps it written down."""
    leaving: asyncio.Event
    """Set when this process is to end: runs stop before their next step or request, for another to go on."""
    policy: LivePolicy
    """models.yaml as it is now."""
    redactor: Redactor
    """Knows this environment's keys; what is stored, logged or shown has passed it."""


@asynccontextmanager
async def open_services(
    settings: Settings, *, environ: Mapping[str, str], activity: Callable[[Activity], None] | None = None
) -> AsyncGenerator[Services]:
    """Bring the database to this version's schema and open everything; closed at the end.

    Raises `Unavailable` where the home can't be written or was written by a newer Autopack.
    """
    prepare_database(settings.database_url, home=settings.home)
    redactor = redactor_of(environ, also=named_in(settings.policy_path))
    database = Database(settings.database_url, redactor)

    activities = ActivityBoard()

    def shown(doing: Activity) -> None:
        doing = replace(doing, doing=redactor.text(doing.doing))
        activities.note(doing)
        if activity is not None:
            activity(doing)

    try:
        yield Services(
            settings=settings,
            database=database,
            artifacts=ArtifactStore(settings.artifacts, redactor),
            transcripts=ArtifactStore(settings.transcripts, verbatim=True),
            agent=AnyAgent(environ=environ, patience=Patience(retries=settings.retries), redactor=redactor),
            environ=environ,
            owner=new_executor_id(),
            activity=shown,
            activities=activities,
            leaving=asyncio.Event(),
            policy=LivePolicy(settings.policy_path),
            redactor=redactor,
        )
    finally:
        await database.close()
