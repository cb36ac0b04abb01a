"""Text that can be stored: JSON may name halves of a character (`\\ud800`) that no encoding can write."""

from __future__ import annotations

import re
from typing import cast

from pydantic_ai.messages import ModelMessagesTypeAdapter, ModelResponse

_LONE = re.compile("[\\ud800-\\udfff]")
_INSTEAD = "\N{REPLACEMENT CHARACTER}"


def storable(text: str) -> str:
    """The text with a replacement character for each half of one."""
    return _LONE.sub(_INSTEAD, text)


def storable_response(response: ModelResponse) -> ModelResponse:
    """The response, paid for as it is, so that it can be stored and sent again."""
    try:
        ModelMessagesTypeAdapter.dump_json([response])
    except ValueError:
        (mended,) = ModelMessagesTypeAdapter.validate_python(
            _mended(ModelMessagesTypeAdapter.dump_python([response]))
        )
        assert isinstance(mended, ModelResponse)
        return mended
    return response


def _mended(value: object) -> object:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        items = cast("dict[object, object]", value).items()
        return {_mended(key): _mended(one) for key, one in items}
    if isinstance(value, list | tuple):
        return [_mended(one) for one in cast("list[object]", value)]
    return value
