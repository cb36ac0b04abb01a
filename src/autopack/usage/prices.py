"""What a call cost, in US dollars: the user's own price table first, then genai-prices' bundled list.

Unknown is not zero: without a price the answer is None, and nothing here ever fails a ledger write.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from autopack.usage.schemas import TokenUsage

_MILLION = Decimal(1_000_000)
_NO_TEXT = re.compile(
    r"audio|embedding|ft[:-]|image|instruct|live|ocr|realtime|research|rosalind|search|transcribe|tts|vision",
    re.I,
)
"""Models that are made for something else than writing programs."""
_THROUGH_AGENT = re.compile(r"(?:claude-code|codex|cursor)/")
"""A model that is called through a coding agent has the list price of the same model."""
_GENAI_PROVIDERS = {"glm": "zai"}

Dollars = Annotated[Decimal, Field(ge=0, le=1_000_000, allow_inf_nan=False)]


class PriceTable(BaseModel):
    """US dollars per million tokens, as written in models.yaml. Zero is a price: a local model's."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    input: Dollars
    """Input tokens that were not read from or written to a cache."""
    output: Dollars
    """Output tokens, reasoning included."""
    cache_read: Dollars | None = None
    """Input tokens read from the provider's cache; without it they cost what `input` says."""
    cache_write: Dollars | None = None
    """Input tokens written to the provider's cache; without it they cost what `input` says."""

    def of(self, usage: TokenUsage) -> Decimal:
        """Dollars for this usage, whose cached tokens are part of its input tokens."""
        plain = usage.input_tokens - usage.cache_read_tokens - usage.cache_write_tokens
        read = self.input if self.cache_read is None else self.cache_read
        write = self.input if self.cache_write is None else self.cache_write
        cost = plain * self.input + usage.output_tokens * self.output
        return (cost + usage.cache_read_tokens * read + usage.cache_write_tokens * write) / _MILLION


def price(
    *,
    model: str,
    provider: str,
    usage: TokenUsage,
    at: datetime,
    overrides: Mapping[str, PriceTable] | None = None,
) -> Decimal | None:
    """US dollars for one call to `model` at the instant `at` (aware; prices change over time).

    None where the price is unknown, or where the usage contradicts itself (parts larger than the whole),
    which is logged. `overrides` are the policy's own prices by model name and win. A provider is known to
    genai-prices by its exact id only, so that a local server called `my-openai` is not billed as OpenAI.
    """
    if usage.cache_read_tokens + usage.cache_write_tokens > usage.input_tokens:
        return _unknown(model, provider, "more cached tokens than input tokens")
    if usage.reasoning_tokens > usage.output_tokens:
        return _unknown(model, provider, "more reasoning tokens than output tokens")
    called = _THROUGH_AGENT.sub("", model, count=1) if _THROUGH_AGENT.match(model) else model
    if overrides and (own := overrides.get(model) or overrides.get(called)):
        return own.of(usage)
    try:
        return _listed(called, _GENAI_PROVIDERS.get(provider, provider), usage, at)
    except LookupError:
        return None
    except Exception as error:  # the list is another project's data: whatever it says, the ledger goes on
        return _unknown(model, provider, f"{type(error).__name__}: {error}")


def _listed(model: str, provider: str, usage: TokenUsage, at: datetime) -> Decimal | None:
    from genai_prices import Usage, calc_price
    from genai_prices.data_snapshot import get_snapshot

    if not any(known.id == provider for known in get_snapshot().providers):
        return None
    found = calc_price(
        Usage(
            input_tokens=usage.input_tokens,
            cache_read_tokens=usage.cache_read_tokens,
            cache_write_tokens=usage.cache_write_tokens,
            output_tokens=usage.output_tokens,
            output_reasoning_tokens=usage.reasoning_tokens,
        ),
        model,
        provider_id=provider,
        genai_request_timestamp=at.astimezone(UTC),
    )
    listed = found.model_price
    if (usage.input_tokens and listed.input_mtok is None) or (
        usage.output_tokens and listed.output_mtok is None
    ):
        return None  # the list knows the model, but not this price, and would count it as zero
    return found.total_price


def listed_names(provider: str) -> list[str]:
    """Names of a provider's models that answer in text and are on the bundled list, as it has them."""
    from genai_prices.data_snapshot import get_snapshot

    known = _GENAI_PROVIDERS.get(provider, provider)
    found = [one for one in get_snapshot().providers if one.id == known]
    names = [model.id for one in found for model in one.models if not _NO_TEXT.search(model.id)]
    return [name.lower() for name in names] if known != provider else names


def _unknown(model: str, provider: str, why: str) -> None:
    import structlog

    structlog.get_logger().warning("price_unknown", model=model, provider=provider, why=why)
