from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, model_validator

from autopack.errors import InvalidInput, NotFound
from autopack.userfiles import Misfits, parse, read


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    name: Annotated[str, Field(min_length=1, max_length=20)]
    kind: Literal["big", "small"] = "big"
    count: Annotated[int, Field(ge=1, le=9)] = 1


class Box(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True, validate_by_alias=True)
    schema_version: Literal[1]
    title: str = "box"
    open: bool = False
    weight: Decimal | None = None
    words: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    by_name: dict[str, Part] = {}
    hidden: str = Field(default="", alias="shown")

    @model_validator(mode="after")
    def _names_differ(self) -> Box:
        names = [part.name for part in self.parts]
        twice = [index for index, name in enumerate(names) if name in names[:index]]
        if twice:
            raise Misfits([(("parts", index, "name"), f"{names[index]} is there twice") for index in twice])
        return self


KNOWN = "schema_version, title, open, weight, words, parts, by_name, shown"


def box(text: str) -> Box:
    return parse(f"schema_version: 1\n{text}", source="box.yaml", shape=Box)


def refusal(call: Callable[[], object]) -> str:
    with pytest.raises(InvalidInput) as caught:
        call()
    return caught.value.message


def said_of(text: str) -> str:
    return refusal(lambda: box(text))


def said_of_all(text: str) -> str:
    return refusal(lambda: parse(text, source="box.yaml", shape=Box))


def test_a_file_that_fits_becomes_a_frozen_model() -> None:
    got = box(
        "title: a\nweight: 0.10\nwords: [x, 'y: z']\nparts:\n  - {name: p, count: 1_0}\n".replace(
            "1_0", "0_9"
        )
    )
    assert got.title == "a"
    assert got.weight == Decimal("0.1")
    assert got.words == ("x", "y: z")
    assert got.parts == (Part(name="p", count=9),)


def test_yes_no_on_off_and_dates_stay_text() -> None:
    assert box("words: [yes, no, on, off, y, 2024-01-01, 1:30]").words == (
        *("yes", "no", "on", "off", "y"),
        *("2024-01-01", "1:30"),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "parts:\n  - name: a\n    kind: huge",
            "4: parts[0].kind: 'huge' is not one of big, small; write one of them",
        ),
        ("parts:\n  - kind: big", "3: parts[0].name: is missing; add 'name: ...'"),
        ("partz: []", "2: partz: is not a known key; did you mean 'parts'?"),
        ("parts:\n  - name: a\n    cuont: 2", "4: parts[0].cuont: is not a known key; did you mean 'count'?"),
        (
            "by_name:\n  a:\n    name: x\n    zzz: 1",
            "5: by_name.a.zzz: is not a known key; write one of name, kind, count, or remove it",
        ),
        ("show: x", "2: show: is not a known key; did you mean 'shown'?"),
        ("title: a\nhidden: x", "3: hidden: is not a known key; write one of " + KNOWN + ", or remove it"),
        ("title: 2048", "2: title: 2048 is read as a number, but must be text; put it in quotes: '2048'"),
        ("title: 007", "2: title: 007 is read as a number, but must be text; put it in quotes: '007'"),
        ("title: 1e3", "2: title: 1e3 is read as a number, but must be text; put it in quotes: '1e3'"),
        (
            "title: true",
            "2: title: true is read as true or false, but must be text; put it in quotes: 'true'",
        ),
        ("title: [a]", "2: title: must be one text, not a list"),
        ("title: {a: b}", "2: title: must be one text, not keys and values"),
        ("open: yes", "2: open: must be true or false, not the text 'yes'; write one of them"),
        ("open: 1", "2: open: must be true or false, not the number 1; write one of them"),
        ("weight: heavy", "2: weight: must be a number, not the text 'heavy'"),
        ("words: one", "2: words: must be a list, not one text; write ['one']"),
        ("words: {a: b}", "2: words: must be a list, not keys and values"),
        (
            "words:\n  - a\n  - 5",
            "4: words[1]: 5 is read as a number, but must be text; put it in quotes: '5'",
        ),
        ("parts: [x]", "2: parts[0]: must hold keys and values, not the text 'x'"),
        ("by_name: []", "2: by_name: must hold keys and values, not a list"),
        ("parts: [{name: ''}]", "2: parts[0].name: must not be empty; write a text"),
        (f"parts: [{{name: {'x' * 21}}}]", "2: parts[0].name: is longer than 20 characters; shorten it"),
        ("parts: [{name: x, count: 0}]", "2: parts[0].count: must be at least 1, not 0"),
        ("parts: [{name: x, count: 10}]", "2: parts[0].count: must be at most 9, not 10"),
        ("parts: [{name: x, count: 1.5}]", "2: parts[0].count: must be a whole number, not the number 1.5"),
        ("parts: [{name: x, count: '2'}]", "2: parts[0].count: must be a whole number, not the text '2'"),
        (
            'by_name:\n  "a:b": 5',
            '3: by_name["a:b"]: must hold keys and values, not the number 5'.replace('"', "'"),
        ),
        ("title:", "2: title: has no value; write one, or remove the line"),
        ("title: ~\nopen: null", "2: title: has no value; write one, or remove the line"),
        ("title: a\nopen: true\ntitle: b", "4: title: is written twice, first on line 2; keep one of them"),
        ("by_name:\n  5: {name: a}", "3: by_name: the key '5' is not text; put it in quotes: '5'"),
        ("? [a]\n: b", "2: a list or a mapping can't be a key; write a text"),
        ("by_name:\n  <<: {name: a}", "3: by_name: merge keys (<<) are not supported; write the keys out"),
        (
            "title: !!python/name:os.system x",
            "2: title: can't be read as python/name:os.system; put it in quotes, or write it without a tag",
        ),
        ("words: !weird [a]", "2: words: the YAML tag !weird is not supported; remove it"),
        ('title: "a\\0b"', "2: title: holds a character that no text may hold (such as \\0); remove it"),
        ('title: "\\ud800"', "2: title: holds a character that no text may hold (such as \\0); remove it"),
        ("parts:\n  - name: a\n  - name: b\n  - name: a", "5: parts[2].name: a is there twice"),
    ],
)
def test_a_problem_is_one_line_with_its_place_and_the_remedy(text: str, message: str) -> None:
    assert said_of(text).splitlines()[0] == f"box.yaml:{message}"


def test_every_problem_is_named_in_the_order_of_the_file() -> None:
    text = "title: 5\nopen: yes\nwords:\nparts:\n  - {kind: x}\n  - {name: a}\nzzzzz: 1"
    assert [line.split(":")[1:3] for line in said_of(text).splitlines()] == [
        ["2", " title"],
        ["3", " open"],
        ["4", " words"],
        ["6", " parts[0].name"],
        ["6", " parts[0].kind"],
        ["8", " zzzzz"],
    ]


def test_a_flood_of_problems_is_cut_short_and_counted() -> None:
    lines = said_of("words: [" + "1, " * 150 + "]").splitlines()
    assert len(lines) == 101
    assert lines[-1] == "box.yaml: and 50 more"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "box.yaml:1: is empty; write at least schema_version: 1"),
        ("# nothing but a comment\n", "box.yaml:1: is empty; write at least schema_version: 1"),
        ("- a\n- b\n", "box.yaml:1: must hold keys and values (key: value), not a list"),
        ("\njust text\n", "box.yaml:2: must hold keys and values (key: value), not the text 'just text'"),
        ("title: a\n", "box.yaml:1: schema_version: is missing; add 'schema_version: 1'"),
        (
            "title: a\nschema_version: 2\nnew: 1\n",
            "box.yaml:2: schema_version: 2 was written for a newer Autopack, this one reads 1; "
            "upgrade Autopack",
        ),
        ("schema_version: 0\n", "box.yaml:1: schema_version: 0 is not 1; write 1"),
        ("schema_version: '1'\n", "box.yaml:1: schema_version: '1' is not 1; write 1"),
        (
            "schema_version: 1\ntitle: a: b\n",
            "box.yaml:2: is not valid YAML: a second ': ' on this line, or wrong indentation; "
            "put the text in quotes",
        ),
        (
            "schema_version: 1\nparts:\n\t- a\n",
            "box.yaml:3: a tab indents this line; YAML wants spaces, write spaces",
        ),
        (
            "schema_version: 1\nwords: [a, b\ntitle: c\n",
            "box.yaml:3: is not valid YAML: expected ',' or ']', but got ':'; "
            "check quotes, brackets and indentation here",
        ),
        (
            "schema_version: 1\n---\na: b\n",
            "box.yaml:2: holds a second document (---); write one document per file",
        ),
        ("schema_version: 1\ntitle: a\0b\n", "box.yaml:2: holds the control character U+0000; remove it"),
        ("schema_version: 1\ntitle: a\x07b\n", "box.yaml:2: holds the control character U+0007; remove it"),
        (
            "schema_version: 1\nwords: *nobody\n",
            "box.yaml:2: is not valid YAML: found undefined alias 'nobody'; "
            "check quotes, brackets and indentation here",
        ),
        ("words: " + "[" * 200 + "]" * 200, "box.yaml:1: is nested deeper than 64 levels; write it flatter"),
        (
            "schema_version: 1\nwords: &a [x, *a]\n",
            "box.yaml:2: an alias (*name) stands inside its own anchor; write the value out",
        ),
    ],
)
def test_a_file_that_is_no_readable_yaml_says_why(text: str, message: str) -> None:
    assert said_of_all(text) == message


def test_anchors_and_aliases_are_expanded() -> None:
    got = box("words: &w [a, b]\nby_name:\n  x: &p {name: n}\n  y: *p\n")
    assert got.by_name["x"] == got.by_name["y"]


@pytest.mark.parametrize("value", ["x", "''", "[]", "{}"])
def test_aliases_that_multiply_are_stopped_early(value: str) -> None:
    lines = ["schema_version: 1", f"a0: &a0 [{','.join([value] * 10)}]"]
    lines += [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 6)]
    assert "its aliases (*name) expand to too much" in said_of_all("\n".join(lines))


def test_a_long_text_repeated_by_aliases_is_stopped_early() -> None:
    text = f"schema_version: 1\nwords: [&a {'x' * 200_000}{', *a' * 100}]"
    assert "its aliases (*name) expand to too much" in said_of_all(text)


def test_a_file_above_the_limit_is_refused(tmp_path: Path) -> None:
    text = "# " + "x" * 1024 * 1024
    assert said_of_all(text) == "box.yaml: is larger than 1 MiB; split it, or check that it is the right file"
    path = tmp_path / "box.yaml"
    path.write_text(text)
    assert refusal(lambda: read(path)).startswith(f"{path}: is larger than 1 MiB")


def test_line_numbers_hold_with_windows_line_ends_and_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "box.yaml"
    path.write_bytes(b"\xef\xbb\xbfschema_version: 1\r\ntitle: a\r\nopen: maybe\r\n")
    said = refusal(lambda: parse(read(path), source="box.yaml", shape=Box))
    assert said.startswith("box.yaml:3: open: ")


def test_bytes_that_are_not_utf8_are_named_by_line(tmp_path: Path) -> None:
    path = tmp_path / "box.yaml"
    path.write_bytes("schema_version: 1\ntitle: Übung\n".encode("latin-1"))
    assert refusal(lambda: read(path)) == f"{path}:2: is not UTF-8 text; save the file as UTF-8"


def test_a_path_that_is_no_file_is_named(tmp_path: Path) -> None:
    assert refusal(lambda: read(tmp_path)) == f"{tmp_path}: is a folder, not a file"
    with pytest.raises(NotFound, match="there is no such file"):
        read(tmp_path / "none.yaml")
    loop = tmp_path / "loop.yaml"
    loop.symlink_to(loop)
    assert refusal(lambda: read(loop)) == f"{loop}: can't be read: Too many levels of symbolic links"
