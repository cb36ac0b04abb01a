"""Keys that nobody has: put together here, so that no file holds one."""

from __future__ import annotations

import random
import string
from collections.abc import Mapping

_RANDOM = random.Random(3)
_WORD = string.ascii_letters + string.digits


def _of(length: int, characters: str = _WORD) -> str:
    """Characters with a digit among the first."""
    return "a1" + "".join(_RANDOM.choices(characters, k=length - 2))


_HEX = "0123456789abcdef"
_CAPITALS = string.ascii_uppercase + string.digits

KEYS: Mapping[str, str] = {
    "openai, of a project": "sk-" + "proj-" + _of(48) + "_-" + _of(40),
    "openai, old": "sk-" + _of(48),
    "anthropic": "sk-" + "ant-api03-" + _of(80) + "-AA",
    "openrouter": "sk-" + "or-v1-" + _of(64, _HEX),
    "deepseek": "sk-" + _of(32, _HEX),
    "z.ai": _of(32, _HEX) + "." + "Z" + _of(15),
    "google": "AI" + "za" + _of(35),
    "github, classic": "gh" + "p_" + _of(36),
    "github, of an app": "gh" + "s_" + _of(36),
    "github, fine-grained": "github_" + "pat_" + _of(22) + "_" + _of(59),
    "gitlab": "gl" + "pat-" + _of(20),
    "aws id": "AK" + "IA" + _of(16, _CAPITALS).upper(),
    "aws session id": "AS" + "IA" + _of(16, _CAPITALS).upper(),
    "slack": "xo" + "xb-" + _of(12, string.digits) + "-" + _of(24),
    "stripe": "sk_" + "live_" + _of(24),
    "npm": "np" + "m_" + _of(36),
    "pypi": "py" + "pi-AgEIcHlwaS5vcmc" + _of(80),
    "hugging face": "h" + "f_" + _of(34),
    "groq": "gs" + "k_" + _of(52),
    "sendgrid": "S" + "G." + _of(22) + "." + _of(43),
    "digitalocean": "do" + "p_v1_" + _of(64, _HEX),
    "jwt": "ey" + "J" + _of(30) + ".ey" + "J" + _of(60) + "." + _of(43),
}
"""Kinds that are known wherever they stand."""

SECRET = _of(40, _WORD + "/+")
PASSWORD = "hunter" + "-2-" + _of(8)
PLACED: Mapping[str, tuple[str, str]] = {
    "aws secret, in the environment": (f"AWS_SECRET_ACCESS_KEY={SECRET}", SECRET),
    "aws secret, in its file": (f"aws_secret_access_key = {SECRET}", SECRET),
    "aws secret, as JSON": (f'{{"SecretAccessKey": "{SECRET}"}}', SECRET),
    "bearer": (f"Authorization: Bearer {SECRET}", SECRET),
    "bearer, in a program": (f"headers={{'Authorization': 'Bearer {SECRET}'}}", SECRET),
    "bearer, alone": (f"with bearer {SECRET}", SECRET),
    "x-api-key": (f"-H 'x-api-key: {SECRET}'", SECRET),
    "password": (f"postgres://ada:{PASSWORD}@db.example.invalid/x", PASSWORD),
}
"""Kinds that are known by what stands before them: a text and the key in it."""

PRIVATE_KEY = "\n".join(
    (
        "-----BEGIN RSA " + "PRIVATE KEY-----",
        *(_of(64, _WORD + "+/") for _ in range(5)),
        "-----END RSA " + "PRIVATE KEY-----",
    )
)
