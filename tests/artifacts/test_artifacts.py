from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from autopack.artifacts import ArtifactStore
from autopack.errors import NotFound


def test_what_is_put_comes_back_by_its_hash(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path / "artifacts")
    data = bytes(range(256)) * 1000
    digest = store.put(data)
    assert digest == hashlib.sha256(data).hexdigest()
    assert store.get(digest) == data


def test_putting_twice_keeps_one_file_and_no_litter(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path)
    assert store.put(b"same") == store.put(b"same")
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


def test_a_missing_artifact_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="is gone"):
        ArtifactStore(tmp_path).get("0" * 64)


async def test_storing_in_a_thread_is_the_same_as_putting(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path)
    assert await store.store(b"same") == store.put(b"same")
    assert store.get(hashlib.sha256(b"same").hexdigest()) == b"same"


def test_what_is_removed_is_gone_and_can_be_removed_and_put_again(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path)
    kept, digest = store.put(b"kept"), store.put(b"superseded")
    store.remove(digest)
    store.remove(digest)
    with pytest.raises(NotFound):
        store.get(digest)
    assert store.get(kept) == b"kept"
    assert store.put(b"superseded") == digest
    assert store.get(digest) == b"superseded"
