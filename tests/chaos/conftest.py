"""Fixtures of the tests of crashes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chaos.killing import Zygote


@pytest.fixture(scope="session")
def forks() -> Iterator[Zygote]:
    """What forks command lines: its imports take longer than a small run, and are done once."""
    zygote = Zygote()
    yield zygote
    zygote.close()
