"""Known shapes of keys. Most begin with letters that nothing else begins with.

Sources: the providers' documentation, and the rules of gitleaks and detect-secrets. Guesses by entropy are
left out: hashes, ids and minified code must pass. Each pattern is linear: what may follow a key's beginning
may not stand before it, or is bounded. Characters that JSON escapes are in no key.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

MARKER = "[redacted]"
"""What stands for an exact secret. A known shape is named: `[redacted: github token]`."""


class Span(NamedTuple):
    """A key's place in a text, and what is written there instead."""

    start: int
    end: int
    marker: str


class Shape(NamedTuple):
    """What a kind of key looks like."""

    marker: str
    anchors: tuple[str, ...]
    """A text that holds none of these holds no such key."""
    pattern: re.Pattern[str]
    """Its group `key` is the key; without one the whole match is."""


def spans_of(shape: Shape, text: str) -> Iterator[Span]:
    """Every key of a shape in a text."""
    groups = shape.pattern.groupindex
    for match in shape.pattern.finditer(text):
        if shape.marker == _PRIVATE:
            yield from _lines_of(match)
        else:
            start, end = match.span("key" if "key" in groups else 0)
            yield Span(match.start("before") if "before" in groups else start, end, shape.marker)


def _lines_of(match: re.Match[str]) -> Iterator[Span]:
    """A private key's lines, each on its own: a difference has to keep its lines."""
    line = _LINE_OF_A_PART if match.start("cut") >= 0 else _LINE
    for found in line.finditer(match.string, *match.span("key")):
        if found.group("key"):
            yield Span(*found.span("key"), _PRIVATE)


def _begun(said: str) -> str:
    """What was just read, a pattern of fixed width, is no word's end, but maybe stands behind an escape."""
    before = (
        r"(?<![A-Za-z0-9_-]{})",
        r"(?<=\\[bfnrt]{})",
        r"(?<=\\u[0-9a-fA-F][0-9a-fA-F][0-9a-fA-F][0-9a-fA-F]{})",
        r"(?<=%[0-9A-Fa-f][0-9A-Fa-f]{})",
        r"(?<=\[m{})",
        r"(?<=\[[0-9]m{})",
        r"(?<=\[[0-9][0-9]m{})",
        r"(?<=\[[0-9];[0-9][0-9]m{})",
    )
    return f"(?:{'|'.join(one.replace('{}', said) for one in before)})"


def _named(name: str) -> str:
    return f"[redacted: {name}]"


def _keys(name: str, prefixes: str, body: str) -> Iterator[Shape]:
    for prefix in prefixes.split():
        said = re.escape(prefix)
        yield Shape(_named(name), (prefix,), re.compile(said + _begun(said) + body, re.ASCII))


_NO_MORE = r"(?![A-Za-z0-9])"
_QUOTED = r"""["'\\]{0,4}"""
_IS = rf"{_QUOTED}[ \t]{{0,8}}[:=,]>?[ \t]{{0,8}}{_QUOTED}"
_VALUE = r"[A-Za-z0-9._~+/=-]"
_NUMBERED = r"(?=[A-Za-z._~+/=-]{0,200}[0-9])"
_PRIVATE = _named("private key")
_LINE = re.compile(r"\\{1,8}[nrt]|(?P<key>[A-Za-z0-9/=][A-Za-z0-9+/=]{7,})", re.ASCII)
_LINE_OF_A_PART = re.compile(r"\\{1,8}[nrt]|(?P<key>[A-Za-z0-9/=][A-Za-z0-9+/=]{39,})", re.ASCII)
_ZAI = r"[0-9a-f]{32}\."

_BY_PREFIX = (
    *_keys("openai key", "sk-proj- sk-svcacct- sk-admin-", r"[A-Za-z0-9_-]{20,}"),
    *_keys("anthropic key", "sk-ant-", r"[A-Za-z0-9_-]{20,}"),
    *_keys("api key", "sk-or- sk-lf- pk-lf-", r"[A-Za-z0-9-]{20,}"),
    *_keys("api key", "sk-", r"(?=[A-Za-z]{0,200}[0-9])[A-Za-z0-9]{20,}"),
    *_keys("google key", "AIza", r"[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])"),
    *_keys("google key", "GOCSPX- ya29.", r"[A-Za-z0-9_-]{20,}"),
    *_keys("github token", "ghp_ gho_ ghu_ ghs_ ghr_", r"[A-Za-z0-9_]{30,}"),
    *_keys("github token", "github_pat_", r"[A-Za-z0-9_]{22,}"),
    *_keys(
        "gitlab token",
        "glpat- gldt- glrt- glcbt- glptt- gloas- glsoat- glft- glagent- glimt-",
        r"[A-Za-z0-9_-]{20,}(?:\.[A-Za-z0-9_-]{2,}){0,3}",
    ),
    *_keys("aws key", "AKIA ASIA ABIA ACCA", rf"(?![A-Z0-9]{{9}}EXAMPLE)[A-Z0-9]{{16}}{_NO_MORE}"),
    *_keys(
        "slack token", "xoxb- xoxp- xoxa- xoxr- xoxs- xoxe- xoxe. xoxc- xoxd- xapp-", r"[A-Za-z0-9.-]{10,}"
    ),
    *_keys("slack webhook", "hooks.slack.com/services/", r"[A-Za-z0-9/]{30,}"),
    *_keys("stripe key", "sk_live_ sk_test_ rk_live_ rk_test_", r"[A-Za-z0-9]{16,}"),
    *_keys("stripe key", "whsec_", r"[A-Za-z0-9+/=]{24,}"),
    *_keys("npm token", "npm_", rf"[A-Za-z0-9]{{36}}{_NO_MORE}"),
    *_keys("pypi token", "pypi-AgE", r"[A-Za-z0-9_-]{50,}"),
    *_keys("hugging face token", "hf_", r"[A-Za-z0-9]{30,}"),
    *_keys("api key", "gsk_ xai- pplx- r8_ ntn_", r"[A-Za-z0-9]{36,}"),
    *_keys("api key", "nvapi- tvly-", r"[A-Za-z0-9_-]{24,}"),
    *_keys("token", "dop_v1_ doo_v1_ dor_v1_", r"[a-f0-9]{64}"),
    *_keys("token", "dapi shpat_ shpss_ shpca_ shppa_", rf"[a-fA-F0-9]{{32}}{_NO_MORE}"),
    *_keys("token", "sbp_ pul-", rf"[a-f0-9]{{40}}{_NO_MORE}"),
    *_keys("token", "glsa_ glc_ lin_api_ sntrys_ sntryu_ rubygems_ dckr_pat_", r"[A-Za-z0-9_+/=-]{27,}"),
    *_keys("token", "hvs. hvb. dp.pt. dp.st. dp.ct.", r"[A-Za-z0-9_-]{24,}"),
    *_keys("token", "ATATT3", r"[A-Za-z0-9_=-]{100,}"),
    *_keys("token", "NRAK- PMAK-", r"[A-Za-z0-9-]{27,}"),
    *_keys("sendgrid key", "SG.", r"[A-Za-z0-9_-]{20,24}\.[A-Za-z0-9_-]{39,50}"),
    *_keys("age key", "AGE-SECRET-KEY-1", r"[A-Z0-9]{58}"),
    *_keys("jwt", "eyJ", r"[A-Za-z0-9_-]{10,}+\.eyJ[A-Za-z0-9_-]{10,}+\.[A-Za-z0-9_-]*"),
)

_BY_PLACE = (
    Shape(
        _named("z.ai key"),
        (".",),
        re.compile(
            rf"\.(?<=(?P<before>[0-9a-f]{{32}})\.){_begun(_ZAI)}(?=[a-zA-Z]{{0,15}}[0-9A-Z])[A-Za-z0-9]{{16}}{_NO_MORE}",
            re.ASCII,
        ),
    ),
    Shape(
        _named("aws secret"),
        ("ecret", "ECRET"),
        re.compile(
            rf"(?:ecret|ECRET)_?(?i:access)?_?(?:[kK]ey|KEY){_IS}(?P<key>[A-Za-z0-9/+]{{40}})(?![A-Za-z0-9/+=])",
            re.ASCII,
        ),
    ),
    Shape(
        _named("aws token"),
        ("ession", "ESSION"),
        re.compile(rf"(?:ession|ESSION)_?(?:[tT]oken|TOKEN){_IS}(?P<key>[A-Za-z0-9/+=]{{100,}})", re.ASCII),
    ),
    Shape(
        _named("azure key"),
        ("AccountKey=",),
        re.compile(r"AccountKey=(?P<key>[A-Za-z0-9/+=]{60,})", re.ASCII),
    ),
    Shape(
        _named("telegram token"),
        (":AA",),
        re.compile(r":AA(?<=[0-9]{8}:AA)(?P<key>[A-Za-z0-9_-]{33})(?![A-Za-z0-9_-])", re.ASCII),
    ),
    Shape(
        _named("authorization"),
        ("uthorization", "UTHORIZATION"),
        re.compile(
            rf"(?:uthorization|UTHORIZATION){_IS}(?i:bearer|basic|token)[ \t]{{1,4}}"
            rf"(?P<key>{_NUMBERED}{_VALUE}{{12,}})",
            re.ASCII,
        ),
    ),
    Shape(
        _named("bearer token"),
        ("earer ",),
        re.compile(rf"earer (?P<key>{_NUMBERED}{_VALUE}{{20,}})", re.ASCII),
    ),
    Shape(
        _named("api key"),
        ("-api-key", "-Api-Key", "-API-Key", "-API-KEY"),
        re.compile(
            rf"-(?:api-key|Api-Key|API-Key|API-KEY){_IS}(?P<key>{_NUMBERED}{_VALUE}{{16,}})", re.ASCII
        ),
    ),
    Shape(
        _named("password"),
        ("://",),
        re.compile(
            r"""://[^\s/?#@:"'\\<>\[\]{}$()`]{0,100}:"""
            r"(?!(?i:pass(?:word|wd)?|pw|secret|token|changeme|[*x.]+)@)"
            r"""(?P<key>[^\s/?#@"'\\<>\[\]{}$()`]{3,200})"""
            r"@(?=[A-Za-z0-9\[])(?!localhost|127\.|\[::1\]|0\.0\.0\.0)",
            re.ASCII,
        ),
    ),
    Shape(
        _PRIVATE,
        ("PRIVATE KEY",),
        re.compile(
            r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----"
            r"(?P<key>(?:[A-Za-z0-9+/=:,;.()\s]++|\\{1,8}[nrt]|-(?!----))*+)(?=-----END |(?P<cut>))",
            re.ASCII,
        ),
    ),
)

SHAPES = (*_BY_PREFIX, *_BY_PLACE)
MARKERS = (MARKER, *dict.fromkeys(shape.marker for shape in SHAPES))
