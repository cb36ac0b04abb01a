"""How many statements a view takes."""

from __future__ import annotations

from sqlalchemy import event

from autopack.db import ReadSession


async def statements_of(session: ReadSession) -> list[str]:
    """What the session's connection executes from now on: grows with every statement."""
    said: list[str] = []

    def hear(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        said.append(statement)

    connection = (await session.connection()).sync_connection
    assert connection is not None
    event.listen(connection, "before_cursor_execute", hear)
    return said
