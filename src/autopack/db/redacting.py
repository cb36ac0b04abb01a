"""No key gets into the database: every text of a write passes here, whatever row it is for."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import event
from sqlalchemy.engine import Engine

from autopack.redaction import Redactor

NO_TEXT = frozenset({int, float, bool, type(None)})
"""Types of values with nothing to hide or to clean: most of what is written, and each passes here."""

_SHORT, _REMEMBERED = 64, 4096


def redact_parameters(engine: Engine, redactor: Redactor) -> None:
    """Redact the parameters of each statement of an engine. JSON arrives as text, and stays JSON.

    On PostgreSQL it arrives as an object that the driver writes out later.
    """
    wrappers: tuple[type, ...] = ()
    if engine.dialect.name == "postgresql":
        from psycopg.types.json import Json, Jsonb

        wrappers = (Json, Jsonb)

    short = lru_cache(_REMEMBERED)(redactor.text)  # names, states and ids come again and again

    def hidden(value: object) -> object:
        if isinstance(value, str):
            return short(value) if len(value) <= _SHORT else redactor.text(value)
        if type(value) in NO_TEXT:
            return value
        if isinstance(value, dict):
            return {name: hidden(one) for name, one in cast("dict[str, object]", value).items()}
        if isinstance(value, (tuple, list)):
            return type(cast("Any", value))([hidden(one) for one in cast("tuple[object, ...]", value)])
        if isinstance(value, wrappers):
            held = json.dumps(cast("Any", value).obj)
            kept = redactor.text(held)
            return value if kept == held else type(value)(json.loads(kept))
        return value

    def redacted(
        _connection: object,
        _cursor: object,
        statement: str,
        parameters: object,
        _context: object,
        _many: bool,
    ) -> tuple[str, object]:
        return statement, hidden(parameters)

    event.listen(engine, "before_cursor_execute", redacted, retval=True)
