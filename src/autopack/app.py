"""The service as an application: everything is opened when it starts, and closed when it ends."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.middleware import Middleware

from autopack import __version__
from autopack.config import Settings
from autopack.dashboard import (
    docs_page,
    endpoints,
    event_endpoints,
    model_endpoints,
    note_endpoints,
    page,
    postmortem_endpoints,
    run_endpoints,
    usage_endpoints,
)
from autopack.dashboard.contract import openapi_of, operation_id
from autopack.dashboard.guard import Guard
from autopack.dashboard.problems import handle_errors
from autopack.feed.tailer import Tailer
from autopack.supervisor import repair
from autopack.supervisor.machines import refuse_second_machine
from autopack.supervisor.services import open_services
from autopack.views.activity import passing_activities

DESCRIPTION = "Steer runs and see what they do. Every error has one shape: what happened, and what to do."


class _Application(FastAPI):
    def openapi(self) -> dict[str, object]:
        """The document that /docs shows."""
        return openapi_of(self)


def create_app(
    settings: Settings,
    environ: Mapping[str, str],
    *,
    address: str = "http://127.0.0.1:8000",
    unsandboxed: bool = False,
) -> FastAPI:
    """The application on one home. `address` is where it is reached, for other processes to know.

    `unsandboxed`: what models write in runs that are started here runs with the user's rights.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        from autopack.supervisor.serving import serving

        async with open_services(settings, environ=environ) as services:
            await refuse_second_machine(settings, services.database)
            await repair.at_start(settings, services.database)
            app.state.services = services
            app.state.tailer = tailer = Tailer(services.database, also=passing_activities)
            try:
                async with serving(services, address=address) as driving:
                    app.state.serving = driving
                    yield
            finally:
                await tailer.close()

    app = _Application(
        title="Autopack",
        version=__version__,
        description=DESCRIPTION,
        lifespan=lifespan,
        middleware=[Middleware(Guard)],
        docs_url=None,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
        redirect_slashes=False,
        generate_unique_id_function=operation_id,
    )
    app.state.unsandboxed = unsandboxed
    handle_errors(app)
    app.include_router(run_endpoints.router)
    app.include_router(endpoints.router)
    app.include_router(event_endpoints.router)
    app.include_router(model_endpoints.router)
    app.include_router(usage_endpoints.router)
    app.include_router(note_endpoints.router)
    app.include_router(postmortem_endpoints.router)
    app.include_router(page.router)
    app.include_router(docs_page.router)
    return app
