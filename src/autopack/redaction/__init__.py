"""Keys are taken out of text where it is stored: known shapes of keys, and the exact ones of the environment.

A low layer that knows nothing of who stores what. Text is left as it is but for the keys in it, JSON stays
JSON, and redacting twice is redacting once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from autopack.redaction.exact import exact_secrets, forms_of, named_in, without_keys
from autopack.redaction.shapes import MARKER, SHAPES, Span, spans_of

__all__ = ["Redactor", "named_in", "redactor_of", "without_keys"]

_ESCAPE = re.compile(r"(\\+)(u[0-9a-fA-F]{0,3})?\Z")
_LONGEST_ESCAPE = 64


class Redactor:
    """Replaces keys in text. Made once for a process; without secrets it knows the shapes alone."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._in_text = forms_of(secrets)
        encoded = (form.encode("utf-8", "surrogatepass") for form in self._in_text)
        self._in_bytes = tuple(form.decode("latin-1") for form in encoded)

    def text(self, text: str) -> str:
        """The text without keys."""
        return _without(text, [*_exact(text, self._in_text), *_shaped(text)])

    def data(self, data: bytes) -> bytes:
        """The bytes without keys: as `text` of their UTF-8; bytes that are none are left as they are."""
        said = data.decode("latin-1")
        return _without(said, [*_exact(said, self._in_bytes), *_shaped(said)]).encode("latin-1")

    def exact(self, data: bytes) -> bytes:
        """The bytes without the exact secrets, whatever else in them looks like a key."""
        said = data.decode("latin-1")
        return _without(said, [*_exact(said, self._in_bytes)]).encode("latin-1")


def redactor_of(environ: Mapping[str, str], also: Iterable[str] = ()) -> Redactor:
    """A redactor of the secrets of an environment.

    Those are the values of the variables `also` (the names of the providers' keys), of variables whose name
    says that they hold a secret, and the passwords in addresses.
    """
    return Redactor(exact_secrets(environ, also=also))


def _exact(text: str, forms: tuple[str, ...]) -> Iterator[Span]:
    for form in forms:
        at = text.find(form)
        while at >= 0:
            yield Span(at, at + len(form), MARKER)
            at = text.find(form, at + len(form))


def _shaped(text: str) -> Iterator[Span]:
    for shape in SHAPES:
        for anchor in shape.anchors:  # a loop takes a quarter of the time of any(): each text passes here
            if anchor in text:
                yield from spans_of(shape, text)
                break


def _without(text: str, spans: list[Span]) -> str:
    """The text with a marker for each span; spans that overlap become one."""
    if not spans:
        return text
    pieces: list[str] = []
    done = 0
    for span in _apart(spans):
        pieces += [text[done : span.start], _rest_of_escape(text, span), span.marker]
        done = span.end
    return "".join([*pieces, text[done:]])


def _apart(spans: list[Span]) -> Iterator[Span]:
    first, *others = sorted(spans, key=lambda span: (span.start, -span.end))
    for span in others:
        if span.start < first.end:
            first = first._replace(end=max(first.end, span.end))
        else:
            yield first
            first = span
    yield first


def _rest_of_escape(text: str, span: Span) -> str:
    r"""The characters of the span that end an escape sequence begun before it, as in `\nabc`.

    They stay, so that JSON stays JSON: what seemed the key's first letter was a line's end, or a part of it.
    """
    if span.start == 0:
        return ""
    before = _ESCAPE.search(text, max(0, span.start - _LONGEST_ESCAPE), span.start)
    if before is None or len(before.group(1)) % 2 == 0:
        return ""
    begun = before.group(2) or ""
    first = text[span.start]
    if not begun and first != "u":
        return first if first in 'bfnrt"/\\' else ""
    rest = text[span.start : span.start + 5 - len(begun)]
    whole = re.fullmatch("u[0-9a-fA-F]{4}", begun + rest)
    return rest if whole else ""
