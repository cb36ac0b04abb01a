"""A model each of whose requests is booked: reserved before it is sent, closed exactly once after."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import anyio
from pydantic import TypeAdapter
from pydantic_ai.exceptions import ModelAPIError
from pydantic_ai.messages import ModelMessage, ModelMessagesTypeAdapter, ModelResponse
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.models.wrapper import WrapperModel
from pydantic_ai.settings import ModelSettings

from autopack.agents.base import Metering
from autopack.agents.failures import StreamCut, costs_nothing, describe, explain, may_pass
from autopack.agents.patience import Patience
from autopack.routing.policy import ModelRef, ProviderKind
from autopack.usage.schemas import TokenUsage

OVERHEAD_TOKENS = 2048
"""What a provider adds to the words sent: framing of messages and its own prompt for the use of tools
(Anthropic documents up to about 700 tokens)."""

_parameters = TypeAdapter(ModelRequestParameters)


class MeteredModel(WrapperModel):
    """Books, retries and counts each request of one conversation.

    The retries that the SDKs would do by themselves are off, so every attempt is seen here and has its
    own reservation. Responses are streamed, so that silence is told from a long answer.
    """

    def __init__(
        self,
        wrapped: Model,
        *,
        model: ModelRef,
        meter: Metering,
        doing: Callable[[str], None],
        patience: Patience,
        max_output_tokens: int,
        api_key: str,
    ) -> None:
        super().__init__(wrapped)
        self.usage = TokenUsage()
        self.answered = 0
        self._model = model
        self._meter = meter
        self._doing = doing
        self._patience = patience
        self._max_output_tokens = max_output_tokens
        self._api_key = api_key

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        """One answer of the model. Raises ProviderUnreachable, ProviderRefused or AgentGaveUp."""
        # Anthropic's cache is asked for, and writing to it costs more than plain input.
        words = input_bound(messages, model_request_parameters)
        bound = TokenUsage(
            input_tokens=words,
            output_tokens=self._max_output_tokens,
            cache_write_tokens=words if self._model.kind is ProviderKind.ANTHROPIC else 0,
        )
        tried = 0
        while True:
            try:
                self._doing("thinking")
                return await self._booked(messages, model_settings, model_request_parameters, bound=bound)
            except ModelAPIError as error:
                wait = error.retry_after
                if wait is None:
                    wait = self._patience.backoff_seconds * 2**tried
                tried += 1
                hopeless = tried > self._patience.retries or wait > self._patience.longest_wait_seconds
                if hopeless or not may_pass(error):
                    raise explain(error, self._model, api_key=self._api_key) from error
                self._doing(f"waiting {wait:g} s for {self._model.provider}: {describe(error)}")
            await asyncio.sleep(wait)

    async def _booked(
        self,
        messages: list[ModelMessage],
        settings: ModelSettings | None,
        parameters: ModelRequestParameters,
        *,
        bound: TokenUsage,
    ) -> ModelResponse:
        call_id = await self._meter.reserve(bound=bound)
        try:
            response = await self._answer(messages, settings, parameters)
        except ModelAPIError as error:
            close = self._meter.release if costs_nothing(error) else self._meter.lose
            await _surely(close(call_id, why=describe(error)))
            raise
        except BaseException as error:
            await _surely(self._meter.lose(call_id, why=f"interrupted: {type(error).__name__}"))
            raise
        usage = reported_usage(response)
        self.answered += 1
        if usage is None:
            await _surely(self._meter.lose(call_id, why="the answer reported no usage"))
        else:
            self.usage += usage
            await _surely(self._meter.settle(call_id, usage=usage, response_id=response.provider_response_id))
        return response

    async def _answer(
        self,
        messages: list[ModelMessage],
        settings: ModelSettings | None,
        parameters: ModelRequestParameters,
    ) -> ModelResponse:
        try:
            async with (
                asyncio.timeout(self._patience.request_seconds),
                self.wrapped.request_stream(messages, settings, parameters) as stream,
            ):
                async for _ in stream:
                    pass
                response = stream.get()
        except TimeoutError as error:
            raise StreamCut(self.model_name, "the answer took too long", phase="read") from error
        ended = response.provider_details is not None and "finish_reason" in response.provider_details
        if not ended and (reported_usage(response) is None or response.provider_name == "anthropic"):
            raise StreamCut(self.model_name, "the answer broke off", phase="read")
        return response


def input_bound(messages: list[ModelMessage], parameters: ModelRequestParameters) -> int:
    """Tokens that a request can't exceed: no tokenizer makes more tokens than the text has UTF-8 bytes.

    The serialised forms hold all that is sent (words, calls, results, tool schemas) and more.
    """
    sent = len(ModelMessagesTypeAdapter.dump_json(messages)) + len(_parameters.dump_json(parameters))
    return sent + OVERHEAD_TOKENS


def reported_usage(response: ModelResponse) -> TokenUsage | None:
    """The counts as the provider reported them, inclusive; None where it reported none."""
    usage = response.usage
    if usage.unmeasured_requests or not (usage.input_tokens or usage.output_tokens):
        return None
    return TokenUsage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cache_read_tokens,
        cache_write_tokens=usage.cache_write_tokens,
        reasoning_tokens=usage.output_reasoning_tokens,
    )


async def _surely(booking: Coroutine[Any, Any, None]) -> None:
    """Finish a booking even while being cancelled, once or often: the money is spent either way."""
    task = asyncio.ensure_future(booking)
    cancelled: asyncio.CancelledError | None = None
    with anyio.CancelScope(shield=True):
        while not task.done():
            try:
                await asyncio.wait([task])
            except asyncio.CancelledError as error:
                cancelled = error
    task.result()
    if cancelled is not None:
        raise cancelled
