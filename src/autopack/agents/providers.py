"""From a `ModelRef` to a live client of its provider. Imports the SDKs, so it is imported on first use."""

from __future__ import annotations

import functools
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import httpx2
from pydantic_ai.models import Model
from pydantic_ai.settings import ModelSettings

from autopack.agents.patience import Patience
from autopack.errors import InvalidInput
from autopack.routing.addresses import is_loopback
from autopack.routing.policy import ModelRef, ProviderKind

# Named here, because the SDKs would otherwise take another address from the environment.
_OPENAI_URL = "https://api.openai.com/v1"
_ANTHROPIC_URL = "https://api.anthropic.com"


@asynccontextmanager
async def open_model(model: ModelRef, *, api_key: str, patience: Patience) -> AsyncGenerator[Model]:
    """A model whose HTTP client lives as long as the context. Raises InvalidInput for other kinds."""
    timeout = httpx2.Timeout(patience.read_seconds, connect=patience.connect_seconds)
    url = model.base_url or (_ANTHROPIC_URL if model.kind is ProviderKind.ANTHROPIC else _OPENAI_URL)
    local = is_loopback(urlsplit(url).hostname or "")  # never behind the environment's proxy
    verify = False if local and url.startswith("http:") else _trusted()  # plain HTTP has no certificates
    async with httpx2.AsyncClient(timeout=timeout, trust_env=not local, verify=verify) as http:
        if model.kind is ProviderKind.OPENAI:
            yield _openai(model, url=url, api_key=api_key, http=http)
        elif model.kind is ProviderKind.ANTHROPIC:
            yield _anthropic(model, url=url, api_key=api_key, http=http)
        else:
            raise InvalidInput(
                f"{model.name}: providers of kind {model.kind.value} come with the next version",
                hint="use a model of kind openai or anthropic in models.yaml",
            )


def settings_for(model: ModelRef, *, max_output_tokens: int) -> ModelSettings:
    """What every request is sent with: the output limit, no hidden retries, and a cache that is asked for."""
    settings = ModelSettings(max_tokens=max_output_tokens, max_retries=0)
    if model.kind is ProviderKind.ANTHROPIC:
        settings["cache"] = True
    return settings


def _openai(model: ModelRef, *, url: str, api_key: str, http: httpx2.AsyncClient) -> Model:
    from openai import AsyncOpenAI
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    client = AsyncOpenAI(api_key=api_key, base_url=url, http_client=http, timeout=http.timeout, max_retries=0)
    client.organization = client.project = None  # the environment's would go to any base_url
    return OpenAIChatModel(model.name, provider=OpenAIProvider(openai_client=client))


def _anthropic(model: ModelRef, *, url: str, api_key: str, http: httpx2.AsyncClient) -> Model:
    from anthropic import AsyncAnthropic
    from pydantic_ai.models.anthropic import AnthropicModel
    from pydantic_ai.providers.anthropic import AnthropicProvider

    client = AsyncAnthropic(
        api_key=api_key, base_url=url, http_client=http, timeout=http.timeout, max_retries=0
    )
    return AnthropicModel(model.name, provider=AnthropicProvider(anthropic_client=client))


@functools.cache
def _trusted() -> ssl.SSLContext:
    """The certificates that are trusted, loaded once: it takes longer than a short answer."""
    return httpx2.create_ssl_context()
