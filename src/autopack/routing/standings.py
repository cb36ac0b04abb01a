"""How a quota stands for a call, in one form for caps, rests and what an account says of itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, TypeAlias

Level: TypeAlias = Literal["open", "soft", "spent", "cooling", "unpriced"]
"""What a quota has for a call: room below its soft limit, or only above it; nothing left; a rest that its
provider asked for; or a cap in dollars and no price."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What a model's quota has for a role and category."""

    level: Level
    said: str = ""
    until: datetime | None = None
    """When it may be used again; None: not known, or never."""

    @property
    def usable(self) -> bool:
        """Whether a call may be tried."""
        return self.level in ("open", "soft")


OPEN = Standing(level="open")


def at_words(instant: datetime) -> str:
    """An instant for people, in UTC."""
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
