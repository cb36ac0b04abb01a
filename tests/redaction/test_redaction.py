"""What is a key and what is none, and what becomes of the text around one."""

from __future__ import annotations

import base64
import hashlib
import json
import time
import uuid
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from autopack.redaction import Redactor, named_in, redactor_of, without_keys
from redaction.keys_of_all_kinds import KEYS, PLACED, PRIVATE_KEY

SHAPES = Redactor()
SECRET = "k9-not/in+any=text;27"
EXACT = Redactor([SECRET])
MEGABYTE = 2**20

before = st.sampled_from([*" =\n\t'\":(é\0/,+", "\x1b[31m", "\x1b[0;32m", "%3D"])
after = st.sampled_from([*" \n'\"),é\0;&\\", "\x1b[0m"])
planted = st.tuples(st.text(), before, st.sampled_from(sorted(KEYS.values())), after, st.text())


@given(planted)
def test_a_planted_key_disappears_and_the_text_around_it_stays(
    parts: tuple[str, str, str, str, str],
) -> None:
    start, left, key, right, end = parts
    text = "".join(parts)
    said = SHAPES.text(text)
    assert key not in said
    assert "[redacted: " in said
    assert said.startswith(start + left)
    assert said.endswith(right + end)
    assert SHAPES.text(said) == said


@given(planted)
def test_bytes_and_text_agree(parts: tuple[str, str, str, str, str]) -> None:
    text = "".join(parts)
    assert SHAPES.data(text.encode()).decode() == SHAPES.text(text)


@given(planted, st.booleans())
def test_json_stays_json_and_loses_its_keys(parts: tuple[str, str, str, str, str], ascii_only: bool) -> None:
    _, _, key, _, _ = parts
    once = json.dumps({"said": ["".join(parts), 1]}, ensure_ascii=ascii_only)
    twice = json.dumps(once, ensure_ascii=ascii_only)
    for text in (once, twice):
        said = SHAPES.text(text)
        json.loads(said)
        assert key not in said
        assert SHAPES.text(said) == said


@example("AIza", "", "")
@given(st.text(), st.text(), st.text(alphabet='nrtbfu0a1b\\"/x', max_size=8))
def test_an_exact_secret_disappears_in_whatever_form_it_comes(start: str, end: str, odd: str) -> None:
    forms = (
        SECRET,
        json.dumps(SECRET)[1:-1],
        "k9-not%2Fin%2Bany%3Dtext%3B27",
        SECRET.encode().hex(),
        base64.b64encode(f"user:{SECRET}".encode()).decode(),
    )
    for form in forms:
        said = EXACT.text(start + odd + form + " " + end)
        assert SECRET not in said
        assert form not in said
        assert "[redacted" in said  # with the words before it, it may look like a key of some kind, too
        assert EXACT.text(said) == said


@given(st.text(), st.sampled_from(["n1bcdefghijk", "u00e9abcdefgh", "t0ken-in-a-row", SECRET]), st.text())
def test_json_stays_json_where_an_exact_secret_seems_to_begin_in_an_escape(
    start: str, secret: str, end: str
) -> None:
    redactor = Redactor([secret])
    for inner in (secret, secret[1:], secret[3:], "\n" + secret[1:], "é" + secret[5:]):
        said = redactor.text(json.dumps([start + inner + end]))
        assert secret not in "".join(json.loads(said))
        plain = redactor.data((start + inner + end).encode("utf-8", "surrogatepass"))
        assert secret.encode() not in plain


def test_exact_leaves_what_only_looks_like_a_key() -> None:
    key = KEYS["openai, old"]
    assert EXACT.exact(f"{key} {SECRET}".encode()) == f"{key} [redacted]".encode()


@pytest.mark.parametrize("kind", PLACED)
def test_a_key_is_known_by_what_stands_before_it(kind: str) -> None:
    text, key = PLACED[kind]
    for whole in (text, json.dumps(text), json.dumps(json.dumps(text))):
        said = SHAPES.text(f"one {whole} two")
        assert key not in said, said
        assert said.startswith("one ")
        assert said.endswith(" two")
        assert SHAPES.text(said) == said


@pytest.mark.parametrize("prefix", ["", "+", "-", " "])
def test_a_private_key_loses_its_lines_and_a_difference_keeps_its_own(prefix: str) -> None:
    text = "\n".join(prefix + line for line in PRIVATE_KEY.splitlines())
    body = PRIVATE_KEY.splitlines()[1:-1]
    said = SHAPES.text(f"a\n{text}\nb")
    assert len(said.splitlines()) == len(text.splitlines()) + 2
    assert not any(line in said for line in body)
    cut = SHAPES.text(text[: len(text) // 2])
    assert body[0] not in cut
    as_json = SHAPES.text(json.dumps(text))
    assert not any(line in json.loads(as_json) for line in body)


HEX = "0123456789abcdef"
words = st.text(alphabet="abcdefghijklmnopqrstuvwxyz0123456789-_", min_size=1, max_size=14)


@given(
    st.lists(st.text(alphabet=HEX, min_size=1, max_size=64), max_size=8),
    st.sampled_from([" ", "\n", "-", "/", ".."]),
)
def test_hex_passes_untouched(runs: list[str], between: str) -> None:
    text = between.join(runs)
    assert SHAPES.text(text) == text


@given(st.lists(words, max_size=40), st.sampled_from([" ", "\n", "/", ", ", "=", "("]))
def test_ordinary_words_pass_untouched(said: list[str], between: str) -> None:
    text = between.join(said)
    assert SHAPES.text(text) == text


@given(st.binary(max_size=400))
def test_bytes_that_are_no_text_pass_untouched(data: bytes) -> None:
    assert SHAPES.data(data) == data
    assert SHAPES.text(base64.b64encode(data).decode()) == base64.b64encode(data).decode()


@pytest.mark.parametrize(
    "text",
    [
        hashlib.sha1(b"x").hexdigest(),
        "run_20261122_212732_ab3d",
        f"call_{uuid.UUID(int=7).hex} toolu_01A09q90qw90lq917835lq9 chatcmpl-{uuid.UUID(int=9)}",
        f"task-{hashlib.md5(b'x').hexdigest()} disk-{hashlib.md5(b'y').hexdigest()}",
        "sk-" + "spinner-loading-animation { color: red } .sk-fading-circle",
        "data:image/png;base64," + base64.b64encode(bytes(range(256)) * 40).decode(),
        "git+ssh://git@host.invalid:22/x.git https://host.invalid:8080/path@2x.png",
        "postgres://postgres:postgres@localhost:5432/test redis://:secret@127.0.0.1",
        "https://user:password@host.invalid/ https://user:{token}@host.invalid https://$USER:$PASS@host.invalid",
        'headers = {"Authorization": f"Bearer {token}"}  # a bearer authentication-scheme-without-numbers',
        "AKIA" + "IOSFODNN7EXAMPLE",
        "-----BEGIN " + "PRIVATE KEY----- is how a private key begins, and words after it are words",
        f"assets/{hashlib.md5(b'z').hexdigest()}.js {hashlib.md5(b'z').hexdigest()}.bundle",
        "npm_config_registry npm_package_name hf_hub_download pypi-server glpat- ghp_ sk-",
        "function a(b){return b.sk-eyJ}var eyJhbGciOiJIUzI1NiJ9=1",
    ],
)
def test_what_is_no_key_passes_untouched(text: str) -> None:
    assert SHAPES.text(text) == text
    assert SHAPES.data(text.encode()) == text.encode()


ADVERSARIES = {
    "ordinary": "def one(two):\n    return two.three('four')\n",
    "hex": HEX,
    "sk-": "sk-",
    "jwt without an end": "eyJ",
    "jwt of two parts": ".eyJ" + "a" * 12,
    "dots": ".",
    "addresses": "://a:b",
    "long addresses": "://" + "a" * 100 + ":" + "b" * 199,
    "private keys": "-----BEGIN " + "PRIVATE KEY-----",
    "one private key": "aB3/" * 16 + "\n",
    "escapes": "\\nsk-",
    "colours": "[0mghp_",
    "headers": "Authorization: bearer ",
}


@pytest.mark.parametrize("kind", ADVERSARIES)
def test_time_is_linear_in_the_text_whatever_it_is(kind: str) -> None:
    """Four times the text takes four times as long, not sixteen times."""
    text = ADVERSARIES[kind] * (MEGABYTE // len(ADVERSARIES[kind]))
    if kind == "one private key":
        text = "-----BEGIN " + "PRIVATE KEY-----\n" + text

    def seconds(size: int) -> float:
        taken: list[float] = []
        for _ in range(3):
            began = time.process_time()
            SHAPES.text(text[:size])
            taken.append(time.process_time() - began)
        return min(taken)

    small, large = seconds(MEGABYTE // 4), seconds(MEGABYTE)
    assert large < 10 * small + 0.05, (small, large)


def test_the_secrets_of_an_environment_are_the_values_that_tell() -> None:
    environ = {
        "ODDLY_NAMED": "provider-value-81",
        "OPENAI_API_KEY": "abcdef-123456",
        "GH_TOKEN": "short-1",
        "DB_PASSWORD": "p@ss;word",
        "LOCAL_KEY": "lm-studio",
        "DEMO_KEY": "simulated",
        "SSH_KEY": "/somewhere/id_ed25519",
        "MASK_SECRET": "*" * 20,
        "EDITOR": "not-a-secret-0001",
        "DATABASE_URL": "postgres://ada:s3cret-word@db.invalid/x",
    }
    redactor = redactor_of(environ, also=["ODDLY_NAMED"])
    for name in ("ODDLY_NAMED", "OPENAI_API_KEY", "DB_PASSWORD"):
        assert redactor.text(environ[name]) == "[redacted]", name
    for name in ("GH_TOKEN", "LOCAL_KEY", "DEMO_KEY", "SSH_KEY", "MASK_SECRET", "EDITOR"):
        assert redactor.text(environ[name]) == environ[name], name
    assert "s3cret-word" not in redactor.text("FATAL: s3cret-word is wrong")


def test_the_variables_that_a_policy_names_are_found_in_a_broken_one_too(tmp_path: Path) -> None:
    policy = tmp_path / "models.yaml"
    assert named_in(policy) == frozenset()
    policy.write_text("providers: [ {api_key_env: MINE, \"api_key_env\": 'YOURS'\n  api_key_env: THEIRS_2\n")
    assert named_in(policy) == {"MINE", "YOURS", "THEIRS_2"}


def test_a_trusted_child_gets_all_but_the_keys_of_providers() -> None:
    environ = {
        "PATH": "/bin",
        "OPENAI_API_KEY": "x",
        "LOCAL_KEY": "x",
        "GH_TOKEN": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
    }
    assert set(without_keys(environ)) == {"PATH", "GH_TOKEN", "AWS_SECRET_ACCESS_KEY"}
