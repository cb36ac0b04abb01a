"""The exact secrets of an environment, and the forms in which they turn up in text."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import quote, quote_plus

from autopack.redaction.shapes import MARKERS

LEAST = 8
"""Characters of a value that is looked for: a shorter one is in every text."""
_PLAINLY_LONG = 16
_NAME = re.compile(
    r"(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL)S?\Z|(?:\A|_)PAT\Z", re.IGNORECASE
)
_ADDRESS = re.compile(r"://[^/@\s:]*:([^/@\s]+)@")
_NAMED = re.compile(r"""api_key_env["']?\s*:\s*["']?([A-Z_][A-Z0-9_]*)""")
_PLACE = re.compile(r"[~/.]|[a-z]+://")


def exact_secrets(environ: Mapping[str, str], *, also: Iterable[str]) -> tuple[str, ...]:
    """The values of an environment that are secrets, each once."""
    return tuple(dict.fromkeys(value for value in _values(environ, set(also)) if _tells(value)))


def named_in(policy: Path) -> frozenset[str]:
    """Names of the variables that a models.yaml says hold a key, also where the file is not valid."""
    try:
        return frozenset(_NAMED.findall(policy.read_text(encoding="utf-8", errors="replace")))
    except OSError:
        return frozenset()


def without_keys(environ: Mapping[str, str]) -> dict[str, str]:
    """An environment for the user's own git and other children that are trusted, without providers' keys.

    What git's helpers log in with stays (tokens, passwords, AWS's keys).
    """
    return {
        name: value
        for name, value in environ.items()
        if not name.upper().endswith("KEY") or name.startswith("AWS_")
    }


def forms_of(secrets: Iterable[str]) -> tuple[str, ...]:
    """Each secret as it is, escaped for JSON and for addresses, in base64 at each alignment, and in hex."""
    forms = {form: None for secret in secrets if secret for form in _forms(secret)}
    return tuple(sorted(forms, key=len, reverse=True))


def _values(environ: Mapping[str, str], also: set[str]) -> Iterator[str]:
    for name, value in environ.items():
        value = value.strip()
        if name in also or (_NAME.search(name) and not _PLACE.match(value)):
            yield value
        yield from _ADDRESS.findall(value)


def _tells(value: str) -> bool:
    """Whether a value is nothing that ordinary text says, such as `lm-studio`, `simulated` or `********`."""
    if (
        value.isdigit()
        or len(value) < LEAST
        or len(set(value)) < 4
        or any(value in marker for marker in MARKERS)
    ):
        return False
    if len(value) >= _PLAINLY_LONG:
        return True
    mixed = any(char.isdigit() for char in value) and any(char.isalpha() for char in value)
    return mixed or any(not char.isalnum() and char not in "-_./: " for char in value)


def _forms(secret: str) -> Iterator[str]:
    yield secret
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    data = secret.encode("utf-8", "surrogatepass")
    yield quote(data, safe="")
    yield quote_plus(data)
    if len(data) >= LEAST:
        yield data.hex()
        for shift in range(3):
            inner = _in_base64(data, shift)
            yield inner
            yield inner.replace("+", "-").replace("/", "_")


def _in_base64(data: bytes, shift: int) -> str:
    """What is the same in the base64 of every text that holds the data at this alignment."""
    whole = base64.b64encode(bytes(shift) + data).decode()
    return whole[-(-shift * 8 // 6) : (shift + len(data)) * 8 // 6]
