"""From a `ModelRef` to a live client of its provider. Imports the SDKs, so it is imported on first use.

The SDKs read more than a key from the environment: addresses, organizations, and whole headers
(`OPENAI_CUSTOM_HEADERS` may even replace the key). None of it may reach a request: whatever is sent stands in
models.yaml, or in the variable that it names.
"""

from __future__ import annotations

import functools
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx2
from pydantic_ai.models import Model
from pydantic_ai.settings import ModelSettings

from autopack.agents.base import ProviderRefused
from autopack.agents.bounds import UNPACKED, bound
from autopack.agents.patience import Patience
from autopack.routing.addresses import is_loopback
from autopack.routing.policy import ModelRef, ProviderKind

if TYPE_CHECKING:
    from openai import AsyncOpenAI

# Named here, because the SDKs would otherwise take another address from the environment.
_OPENAI_URL = "https://api.openai.com/v1"
_URLS = {
    ProviderKind.OPENAI: _OPENAI_URL,
    ProviderKind.OPENAI_RESPONSES: _OPENAI_URL,
    ProviderKind.ANTHROPIC: "https://api.anthropic.com",
    ProviderKind.ZAI: "https://api.z.ai/api/paas/v4",
}


@asynccontextmanager
async def open_model(model: ModelRef, *, api_key: str, patience: Patience) -> AsyncGenerator[Model]:
    """A model whose HTTP client lives as long as the context. Raises ProviderRefused for an unusable key."""
    key = api_key.strip()
    if not (key and key.isascii() and key.isprintable()):
        raise ProviderRefused(
            f"{model.name} ({model.provider}): what {model.api_key_env} holds can't be a key",
            hint=f"set {model.api_key_env} to the key alone, on one line",
        )
    timeout = httpx2.Timeout(patience.read_seconds, connect=patience.connect_seconds)
    url = model.base_url or _URLS[model.kind]
    local = is_loopback(urlsplit(url).hostname or "")  # never behind the environment's proxy
    verify = False if local and url.startswith("http:") else _trusted()  # plain HTTP has no certificates
    async with httpx2.AsyncClient(
        timeout=timeout,
        trust_env=not local,
        verify=verify,
        headers=UNPACKED,
        event_hooks={"response": [bound]},
    ) as http:
        match model.kind:
            case ProviderKind.OPENAI:
                yield _chat(model, _openai(url, key, http))
            case ProviderKind.OPENAI_RESPONSES:
                yield _responses(model, _openai(url, key, http))
            case ProviderKind.ZAI:
                yield _zai(model, _openai(url, key, http))
            case ProviderKind.ANTHROPIC:
                yield _anthropic(model, url, key, http)


def settings_for(model: ModelRef, *, max_output_tokens: int) -> ModelSettings:
    """What every request is sent with: the output limit, and a cache where it must be asked for.

    No `max_retries` here: the client would be copied for it, and the copy reads the environment anew.
    """
    settings = ModelSettings(max_tokens=max_output_tokens)
    if model.kind is ProviderKind.ANTHROPIC:
        settings["cache"] = True
    return settings


def _openai(url: str, key: str, http: httpx2.AsyncClient) -> AsyncOpenAI:
    from openai import AsyncOpenAI

    class Plain(AsyncOpenAI):
        def forget_environment(self) -> None:
            self.organization = self.project = self.admin_api_key = None
            self._custom_headers = {}

    client = Plain(api_key=key, base_url=url, http_client=http, timeout=http.timeout, max_retries=0)
    client.forget_environment()
    return client


def _chat(model: ModelRef, client: AsyncOpenAI) -> Model:
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    return OpenAIChatModel(model.name, provider=OpenAIProvider(openai_client=client))


def _responses(model: ModelRef, client: AsyncOpenAI) -> Model:
    from pydantic_ai.models.openai import OpenAIResponsesModel
    from pydantic_ai.providers.openai import OpenAIProvider

    return OpenAIResponsesModel(model.name, provider=OpenAIProvider(openai_client=client))


def _zai(model: ModelRef, client: AsyncOpenAI) -> Model:
    from pydantic_ai.models.zai import ZaiModel
    from pydantic_ai.providers.zai import ZaiProvider

    return ZaiModel(model.name, provider=ZaiProvider(openai_client=client))


def _anthropic(model: ModelRef, url: str, key: str, http: httpx2.AsyncClient) -> Model:
    from anthropic import AsyncAnthropic
    from pydantic_ai.models.anthropic import AnthropicModel
    from pydantic_ai.providers.anthropic import AnthropicProvider

    class Plain(AsyncAnthropic):
        def forget_environment(self) -> None:
            self._custom_headers = {}

    client = Plain(
        api_key=key,
        base_url=url,
        http_client=http,
        timeout=http.timeout,
        max_retries=0,
        open_telemetry={"traces": False, "propagation": False},
    )
    client.forget_environment()
    return AnthropicModel(model.name, provider=AnthropicProvider(anthropic_client=client))


@functools.cache
def _trusted() -> ssl.SSLContext:
    """The certificates that are trusted, loaded once: it takes longer than a short answer."""
    return httpx2.create_ssl_context()
