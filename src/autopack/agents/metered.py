"""A model each of whose requests is booked: reserved before it is sent, closed exactly once after."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import anyio
from pydantic import TypeAdapter
from pydantic_ai.exceptions import ModelAPIError
from pydantic_ai.messages import ModelMessage, ModelMessagesTypeAdapter, ModelResponse
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.models.wrapper import WrapperModel
from pydantic_ai.settings import ModelSettings

from autopack.agents.base import Keep, Metering, Watcher
from autopack.agents.failures import StreamCut, costs_nothing, describe, explain, may_pass
from autopack.agents.patience import Patience
from autopack.routing.policy import ModelRef, ProviderKind
from autopack.usage.schemas import TokenUsage

OVERHEAD_TOKENS = 2048
"""What a provider adds to the words sent: framing of messages and its own prompt for the use of tools
(Anthropic documents up to about 700 tokens)."""

_parameters = TypeAdapter(ModelRequestParameters)


class MeteredModel(WrapperModel):
    """Books, retries and counts each request of one conversation, and has each response stored.

    The retries that the SDKs would do by themselves are off, so every attempt is seen here and has its
    own reservation. Responses are streamed, so that silence is told from a long answer.
    """

    def __init__(
        self,
        wrapped: Model,
        *,
        model: ModelRef,
        meter: Metering,
        watch: Watcher,
        patience: Patience,
        max_output_tokens: int,
        api_key: str,
    ) -> None:
        super().__init__(wrapped)
        self.usage = TokenUsage()
        self.answered = 0
        self._model = model
        self._meter = meter
        self._watch = watch
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
        await self._watch.asking()
        while True:
            try:
                self._watch.doing("thinking")
                return await self._booked(messages, model_settings, model_request_parameters, bound=bound)
            except ModelAPIError as error:
                wait = error.retry_after
                if wait is None:
                    wait = self._patience.backoff_seconds * 2**tried
                tried += 1
                hopeless = tried > self._patience.retries or wait > self._patience.longest_wait_seconds
                if hopeless or not may_pass(error):
                    raise explain(error, self._model, api_key=self._api_key) from error
                self._watch.doing(f"waiting {wait:g} s for {self._model.provider}: {describe(error)}")
                await self._watch.retrying(why=describe(error), wait_seconds=wait, tries=tried)
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
        arrived: list[ModelResponse] = []
        interruption: BaseException | None = None
        try:
            await self._receive(messages, settings, parameters, arrived)
        except BaseException as error:
            if not arrived:
                await _surely(self._close_unanswered(call_id, error))
                raise
            interruption = error  # while the connection was closed; the answer is in
        (response,) = arrived
        await _surely(self._keep(call_id, messages, response))
        if interruption is not None and not isinstance(interruption, Exception):
            raise interruption
        return response

    async def _keep(self, call_id: str, messages: list[ModelMessage], response: ModelResponse) -> None:
        """Store a response and close its call, in one transaction: what is stored is never bought again.

        The call is closed also where storing fails: the money is spent.
        """
        self.answered += 1
        try:
            keep = await self._watch.responded(ModelMessagesTypeAdapter.dump_json([*messages, response]))
            await self._close_answered(call_id, response, keep)
        except Exception:
            await self._close_answered(call_id, response, None)
            raise
        self.usage += reported_usage(response) or TokenUsage()

    async def _close_answered(self, call_id: str, response: ModelResponse, keep: Keep | None) -> None:
        usage = reported_usage(response)
        if usage is None:
            await self._meter.lose(call_id, why="the answer reported no usage", keep=keep)
        else:
            response_id = response.provider_response_id
            await self._meter.settle(call_id, usage=usage, response_id=response_id, keep=keep)

    async def _close_unanswered(self, call_id: str, error: BaseException) -> None:
        if not isinstance(error, ModelAPIError):
            await self._meter.lose(call_id, why=f"interrupted: {type(error).__name__}")
        elif costs_nothing(error):
            await self._meter.release(call_id, why=describe(error))
        else:
            await self._meter.lose(call_id, why=describe(error))

    async def _receive(
        self,
        messages: list[ModelMessage],
        settings: ModelSettings | None,
        parameters: ModelRequestParameters,
        arrived: list[ModelResponse],
    ) -> None:
        """Put the answer into `arrived` as soon as it is whole; closing the connection may still fail."""
        try:
            async with (
                asyncio.timeout(self._patience.request_seconds),
                self.wrapped.request_stream(messages, settings, parameters) as stream,
            ):
                async for _ in stream:
                    pass
                response = stream.get()
                details = response.provider_details or {}
                unmarked = reported_usage(response) is None or response.provider_name == "anthropic"
                if unmarked and "finish_reason" not in details:
                    raise StreamCut(self.model_name, "the answer broke off", phase="read")
                arrived.append(response)
        except TimeoutError as error:
            raise StreamCut(self.model_name, "the answer took too long", phase="read") from error


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
