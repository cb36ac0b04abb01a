"""A model each of whose requests is booked: reserved before it is sent, closed exactly once after."""

from __future__ import annotations

import asyncio
import time

from pydantic import TypeAdapter
from pydantic_ai.exceptions import ModelAPIError, UserError
from pydantic_ai.messages import (
    ModelMessage,
    ModelMessagesTypeAdapter,
    ModelResponse,
    ModelResponseStreamEvent,
    PartDeltaEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
    ThinkingPart,
    ThinkingPartDelta,
    ToolCallPartDelta,
)
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.models.wrapper import WrapperModel
from pydantic_ai.settings import ModelSettings

from autopack.agents.base import Keep, Metering, Watcher
from autopack.agents.booking import reserve_when_free, surely
from autopack.agents.bounds import AnswerTooLarge
from autopack.agents.causes import PASSING, Cause, Garbled, StreamCut, cause_of, costs_nothing
from autopack.agents.failures import describe, explain, one_line, plain
from autopack.agents.patience import Patience
from autopack.agents.rate_limits import asked_wait
from autopack.agents.storable import storable_response
from autopack.errors import DatabaseUnreachable
from autopack.redaction import Redactor
from autopack.routing.policy import ModelRef, ProviderKind
from autopack.usage.schemas import TokenUsage

OVERHEAD_TOKENS = 2048
"""What a provider adds to the words sent: framing of messages and its own prompt for the use of tools
(Anthropic documents up to about 700 tokens)."""

_TELLING_SECONDS = 0.25
"""How often the growth of an answer is told."""

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
        redactor: Redactor | None = None,
    ) -> None:
        super().__init__(wrapped)
        self.usage = TokenUsage()
        self.answered = 0
        self._counted: tuple[int, bytes] | None = None
        """Input tokens of the last answered request, and what was sent as JSON."""
        self._model = model
        self._meter = meter
        self._watch = watch
        self._patience = patience
        self._max_output_tokens = max_output_tokens
        self._api_key = api_key
        self._redactor = redactor or Redactor()

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        """One answer of the model. Raises ProviderUnreachable, ProviderRefused or AgentGaveUp."""
        messages, dumped = self._without_secrets(messages)
        # Anthropic's cache is asked for, and writing to it costs more than plain input.
        words = self._words(dumped, model_request_parameters)
        bound = TokenUsage(
            input_tokens=words,
            output_tokens=self._max_output_tokens,
            cache_write_tokens=words if self._model.kind is ProviderKind.ANTHROPIC else 0,
        )
        tries = 0
        await self._watch.asking()
        while True:
            try:
                self._watch.doing("thinking", tokens=self.usage.total)
                response = await self._booked(messages, model_settings, model_request_parameters, bound=bound)
                usage = reported_usage(response)
                self._counted = None if usage is None else (usage.input_tokens, dumped.removesuffix(b"]"))
                return response
            except ModelAPIError as error:
                tries += 1
                wait = await self._wait_after(error, tries)
                said = self._said(error)
                self._watch.doing(f"waiting {_seconds(wait)} s for {self._model.provider}: {said}")
                await self._watch.retrying(why=said, wait_seconds=wait, tries=tries)
            await self._watch.rest(wait)

    def _words(self, dumped: bytes, parameters: ModelRequestParameters) -> int:
        """Input tokens that the request can't exceed.

        Where it goes on from an answered one, these are the tokens that the provider counted of that one, and
        at most a token for each byte of what is new: the answer and its tools' results.
        """
        words = input_bound(dumped, parameters)
        if self._counted is None:
            return words
        counted, before = self._counted
        if not dumped.startswith(before):
            return words
        return min(words, counted + len(dumped) - len(before) + OVERHEAD_TOKENS)

    async def _wait_after(self, error: ModelAPIError, tries: int) -> float:
        """Seconds until the request is sent again; raises what the user sees where it is not."""
        cause = cause_of(error, self._model)
        asked = asked_wait(error, cause)
        too_long = asked is not None and asked > self._patience.longest_wait_seconds
        may_pass = cause in PASSING or (cause is Cause.USED_UP and asked is not None)
        if may_pass and not too_long and tries <= self._patience.retries:
            return self._patience.wait_seconds(tries, asked=asked)
        said, until = self._said(error), None
        if asked is not None and (too_long or cause in (Cause.LIMIT, Cause.USED_UP)):
            whole = cause is Cause.USED_UP
            until = await self._meter.cool_down(seconds=asked, why=said, whole_quota=whole)
        raise explain(error, cause, self._model, said=said, tries=tries, until=until) from error

    def _said(self, error: ModelAPIError) -> str:
        said = describe(error)
        if self._api_key:
            said = said.replace(self._api_key, "***")
        return one_line(self._redactor.text(said))  # shortened last: a cut would leave half of a key

    def _without_secrets(self, messages: list[ModelMessage]) -> tuple[list[ModelMessage], bytes]:
        """The messages without the environment's secrets, which a tool may have shown; also as JSON."""
        dumped = ModelMessagesTypeAdapter.dump_json(messages)
        hidden = self._redactor.exact(dumped)
        if hidden == dumped:
            return messages, dumped
        return ModelMessagesTypeAdapter.validate_json(hidden), hidden

    async def _booked(
        self,
        messages: list[ModelMessage],
        settings: ModelSettings | None,
        parameters: ModelRequestParameters,
        *,
        bound: TokenUsage,
    ) -> ModelResponse:
        call_id = await reserve_when_free(self._meter, self._watch, bound=bound)
        arrived: list[ModelResponse] = []
        interruption: BaseException | None = None
        try:
            await self._receive(messages, settings, parameters, arrived)
        except BaseException as error:
            if not arrived:
                await surely(self._close_unanswered(call_id, error))
                raise
            interruption = error  # while the connection was closed; the answer is in
        (response,) = arrived
        await surely(self._keep(call_id, messages, response))
        if interruption is not None and not isinstance(interruption, Exception):
            raise interruption
        return response

    async def _keep(self, call_id: str, messages: list[ModelMessage], response: ModelResponse) -> None:
        """Store a response and close its call, in one transaction: what is stored is never bought again.

        The call is closed also where storing fails: the money is spent.
        """
        self.answered += 1
        try:
            _, transcript = self._without_secrets([*messages, response])
            keep = await self._watch.responded(transcript)
            try:
                await self._close_answered(call_id, response, keep)
            except DatabaseUnreachable:  # cut by a restart of the server: all of it can be done twice
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
        elif isinstance(error, StreamCut) and error.usage is not None:
            await self._meter.settle(call_id, usage=error.usage, response_id=None)
        elif costs_nothing(error):
            await self._meter.release(call_id, why=self._said(error))
        else:
            await self._meter.lose(call_id, why=self._said(error))

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
                received, told = 0, time.monotonic()
                async for event in stream:
                    received += _size(event)
                    if received and time.monotonic() - told > _TELLING_SECONDS:
                        told = time.monotonic()
                        self._watch.doing(f"answering, {received:,} characters so far")
                response = stream.get()
                arrived.append(storable_response(self._whole(response)))
        except TimeoutError as error:
            raise StreamCut(self.model_name, "the answer took too long") from error
        except (ModelAPIError, UserError):
            raise
        except AnswerTooLarge as error:
            raise Garbled(self.model_name, f"the answer is not read: {error}") from error
        except Exception as error:  # whatever a client's parser makes of an answer that it does not expect
            why = f"{type(error).__name__}: {error}"
            raise Garbled(self.model_name, plain(f"the answer can't be read: {why}")) from error

    def _whole(self, response: ModelResponse) -> ModelResponse:
        """The response, if it says that it ended, and well. Raises StreamCut."""
        usage, details = reported_usage(response), response.provider_details or {}
        if response.finish_reason == "error":
            raise StreamCut(self.model_name, "the provider broke the answer off", usage=usage)
        marked = "finish_reason" in details or "refusal" in details
        if not marked and (usage is None or self._model.kind in _ALWAYS_MARKED):
            raise StreamCut(self.model_name, "the answer broke off")
        return response


_ALWAYS_MARKED = (ProviderKind.ANTHROPIC, ProviderKind.OPENAI_RESPONSES, ProviderKind.ZAI)
"""Some servers of the Chat protocol never say why an answer ended, and report usage at its end; these do."""


def input_bound(messages: bytes, parameters: ModelRequestParameters) -> int:
    """Tokens that a request can't exceed: no tokenizer makes more tokens than the text has UTF-8 bytes.

    The serialised forms hold all that is sent (words, calls, results, tool schemas) and more.
    """
    return len(messages) + len(_parameters.dump_json(parameters)) + OVERHEAD_TOKENS


def _size(event: ModelResponseStreamEvent) -> int:
    """Characters of an answer that a piece of its stream brings."""
    match event:
        case PartStartEvent(part=TextPart(content=text) | ThinkingPart(content=text)):
            return len(text)
        case PartDeltaEvent(delta=TextPartDelta(content_delta=text)):
            return len(text)
        case PartDeltaEvent(delta=ThinkingPartDelta(content_delta=str(text))):
            return len(text)
        case PartDeltaEvent(delta=ToolCallPartDelta(args_delta=str(text))):
            return len(text)
        case _:
            return 0


def _seconds(wait: float) -> str:
    return f"{wait:.1f}".removesuffix(".0")


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
