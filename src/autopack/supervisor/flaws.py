"""What the start-up check finds: something that is not as it should be, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from autopack.config import Settings
from autopack.db import Database


class Flaw(BaseModel):
    """Something that is not as it should be, in one sentence.

    One that is neither `mended` nor `mendable` is left to a person: `remedy` says what to do.
    """

    model_config = ConfigDict(frozen=True)

    what: str
    """Kind of thing, in the plural: `processes`, `runs`, `calls`, `usage`, `events`, `branches`, …"""
    said: str
    mendable: bool = False
    mended: bool = False
    remedy: str = ""


@dataclass(frozen=True, kw_only=True)
class Home:
    """What is looked at: the home and its database, and whether to mend what can be mended."""

    settings: Settings
    database: Database
    mend: bool

    def flaw(self, what: str, said: str) -> Flaw:
        """A flaw that is mended where it is to be."""
        return Flaw(what=what, said=said, mendable=True, mended=self.mend)


def all_right(flaws: Sequence[Flaw]) -> bool:
    """Whether nothing is left to do."""
    return all(one.mended for one in flaws)
