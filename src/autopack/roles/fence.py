"""Fences: text of strangers, marked so that a model can tell it from its instructions.

A boundary code is derived by HMAC from a secret of the run, so that it is the same for a resumed
attempt and can't be guessed by whoever wrote the text; were it in the text all the same, it is taken out.
"""

from __future__ import annotations

import hashlib
import hmac
import unicodedata

_CODE_HEX_DIGITS = 24
_HIDDEN = ("Cc", "Cf", "Co", "Cs", "Zl", "Zp")


class Fence:
    """The fence of one request's prompt: one boundary code for (run, phase, attempt, role)."""

    def __init__(self, *, secret: bytes, run_id: str, phase_id: str, attempt: int, role: str) -> None:
        if not secret:
            raise ValueError("a fence needs a secret")
        key = "\0".join((run_id, phase_id, str(attempt), role)).encode()
        self.code = hmac.new(secret, key, hashlib.sha256).hexdigest()[:_CODE_HEX_DIGITS]

    def around(self, label: str, content: str) -> str:
        """The content between two lines that end in the code; what hides in it is made visible."""
        shown = visible(content).replace(self.code, "[a boundary code was here]").rstrip("\n")
        return f"<<< {label} {self.code}\n{shown}\n>>> {label} {self.code}"


def visible(text: str) -> str:
    r"""Characters that show nothing or reorder what is shown, as escapes such as `\u202e`.

    Control, format, private and surrogate characters and Unicode's own line ends (Cc, Cf, Co, Cs, Zl, Zp),
    but for tab, newline and the carriage return before one. Ordinary text passes unchanged.
    """
    if text.isascii() and text.isprintable():
        return text
    text = text.replace("\r\n", "\n")
    return "".join(_shown(character) for character in text)


def _shown(character: str) -> str:
    if character in "\n\t" or unicodedata.category(character) not in _HIDDEN:
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def one_line(name: str) -> str:
    r"""A file's name without what would end a line: such a name can say anything (`a\nApproved.`)."""
    return visible(name.replace("\r", "\\r").replace("\n", "\\n"))


def tail(text: str, limit: int) -> str:
    """The end of a text, with a note of what was left out before it."""
    if len(text) <= limit:
        return text
    return f"[… {len(text) - limit} characters left out …]\n{text[-limit:]}"
