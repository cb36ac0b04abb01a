"""SQL of idempotency keys."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import delete, update

from autopack.db import ReadSession, WriteSession, added
from autopack.errors import InvalidInput
from autopack.idempotency.tables import IdempotencyKeyRow

KEPT_FOR = timedelta(days=1)


@dataclass(frozen=True)
class IdempotencyKey:
    """A key that a client made for one request, and the request's body."""

    key: str
    body: bytes

    @property
    def digest(self) -> str:
        """What tells this request from another under the same key."""
        return hashlib.sha256(self.body).hexdigest()


async def known_answer(session: ReadSession, scope: str, key: IdempotencyKey) -> dict[str, Any] | None:
    """The answer that an earlier request under this key got; this one is not noted. Raises as `answer_of`."""
    row = await session.get(IdempotencyKeyRow, (scope, key.key))
    return None if row is None or row.created_at < datetime.now(UTC) - KEPT_FOR else _answer(row, key)


async def answer_of(session: WriteSession, scope: str, key: IdempotencyKey) -> dict[str, Any] | None:
    """The answer that the first request under this key got; None: this is the first, and it is noted.

    Waits for a transaction that is at it under the same key. Raises `InvalidInput` where the first request
    asked for something else.
    """
    now = datetime.now(UTC)
    await session.execute(delete(IdempotencyKeyRow).where(IdempotencyKeyRow.created_at < now - KEPT_FOR))
    values = {"scope": scope, "key": key.key, "digest": key.digest, "answer": None, "created_at": now}
    if await added(session, IdempotencyKeyRow, values):
        return None
    return _answer(await session.get_one(IdempotencyKeyRow, (scope, key.key), populate_existing=True), key)


def _answer(row: IdempotencyKeyRow, key: IdempotencyKey) -> dict[str, Any] | None:
    if row.digest != key.digest:
        raise InvalidInput(
            "This Idempotency-Key was used for another request.", hint="Send a new key with a new request."
        )
    return row.answer


async def keep_answer(session: WriteSession, scope: str, key: IdempotencyKey, answer: dict[str, Any]) -> None:
    """What a repeated request is told."""
    kept = update(IdempotencyKeyRow).where(IdempotencyKeyRow.scope == scope, IdempotencyKeyRow.key == key.key)
    await session.execute(kept.values(answer=answer))
