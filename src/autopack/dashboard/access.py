"""What endpoints are given: the open services, and a database session of one moment."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Annotated, Protocol

from fastapi import Depends, Header, Path, Query, Request

from autopack.db import ReadSession
from autopack.supervisor.services import Services


class Driving(Protocol):
    """The part of the service that drives runs."""

    @property
    def driving(self) -> int:
        """Runs in hand."""
        ...

    @property
    def healthy(self) -> bool:
        """Whether it works."""
        ...

    def wake(self) -> None:
        """Look for queued runs now."""


def services_of(request: Request) -> Services:
    """The services that the application opened at its start."""
    return request.app.state.services


def serving_of(request: Request) -> Driving:
    """The part of the application that drives runs."""
    return request.app.state.serving


async def reading(request: Request) -> AsyncGenerator[ReadSession]:
    """A session for one request."""
    async with services_of(request).database.read() as session:
        yield session


Here = Annotated[Services, Depends(services_of)]
Reading = Annotated[ReadSession, Depends(reading, scope="function")]

RUN_ID = r"^run_[0-9]{8}_[0-9]{6}_[0-9a-f]{4}$"
RunId = Annotated[
    str,
    Path(
        pattern=RUN_ID,
        max_length=40,
        description="A run's whole id.",
        examples=["run_20250303_101500_ab12"],
    ),
]
MaybeRun = Annotated[
    str | None,
    Query(
        pattern=RUN_ID, max_length=40, description="A run's whole id.", examples=["run_20250303_101500_ab12"]
    ),
]
PHASE = r"^[a-z0-9][a-z0-9_-]*$"
PhaseId = Annotated[
    str, Path(pattern=PHASE, max_length=64, description="A phase's id, or its number in the run, from 1.")
]
MaybePhase = Annotated[
    str | None,
    Query(pattern=PHASE, max_length=64, description="A phase's id or its number; without it, the whole run."),
]
MaybeKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[!-~]([ -~]*[!-~])?$",
        max_length=255,
        description="A key of your own making for this one request: sent again within a day under the same "
        "key, it creates nothing and gets the first one's answer.",
    ),
]
