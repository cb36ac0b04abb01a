from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from autopack.artifacts import ArtifactStore
from autopack.errors import NotFound
from autopack.redaction import Redactor
from redaction.keys_of_all_kinds import KEYS


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


def test_a_key_is_gone_before_the_hash_is_taken(tmp_path: Path) -> None:
    key = KEYS["github, classic"].encode()
    store = ArtifactStore(tmp_path, Redactor(["an-exact-secret-1"]))
    digest = store.put(b"\xff one " + key + b" two an-exact-secret-1\n")
    kept = b"\xff one [redacted: github token] two [redacted]\n"
    assert store.get(digest) == kept
    assert digest == hashlib.sha256(kept).hexdigest()
    assert store.put(kept) == digest
    assert (
        ArtifactStore(tmp_path / "plain").put(key) == hashlib.sha256(b"[redacted: github token]").hexdigest()
    )


def test_a_verbatim_store_gives_back_every_byte(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path, Redactor(["an-exact-secret-1"]), verbatim=True)
    data = KEYS["stripe"].encode() + b" an-exact-secret-1"
    assert store.get(store.put(data)) == data


@pytest.mark.parametrize("verbatim", [False, True])
def test_only_the_user_can_read_what_is_stored(tmp_path: Path, verbatim: bool) -> None:
    folder = tmp_path / "store"
    ArtifactStore(folder, verbatim=verbatim).put(b"text")
    assert [oct(path.stat().st_mode & 0o777) for path in (folder, *sorted(folder.rglob("*")))] == [
        "0o700",
        "0o700",
        "0o600",
    ]
