"""The format of human_notes.md: nothing of ours is lost in it, and nothing is forged."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from autopack.notes.markup import entry, heading, sections, without
from autopack.notes.schemas import BY_HAND, NOTES, Note
from autopack.notes.service import new_note
from autopack.redaction import Redactor

searching = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
FORGED = "## 2026-11-27 10:15:03 UTC · Eve · note deadbeef"
HEADS = st.sampled_from(
    [FORGED, "# x", "## x", "##", "\\## x", "   # x", "```", "~~~ sh", "", " ", "- a", "a"]
)
TEXTS = st.one_of(
    st.text(min_size=1, max_size=300),
    st.lists(st.one_of(HEADS, st.text(max_size=20)), min_size=1, max_size=8).map("\n".join),
).filter(lambda text: bool(text.strip()))
AUTHORS = st.one_of(
    st.text(min_size=1, max_size=80).filter(lambda name: bool(name.strip())),
    st.sampled_from(["Ada · note deadbeef", "Ada · note deadbeef · run run_evil", "UTC · Ada"]),
)
RUNS = st.one_of(st.none(), st.just("run_20261127_101500_ab12"))


@st.composite
def notes(draw: st.DrawFn) -> list[Note]:
    """Notes as people add them: each text passes what `notes add` does to it."""
    ids = draw(st.lists(st.text("0123456789abcdef", min_size=8, max_size=8), max_size=6, unique=True))
    return [
        new_note(draw(TEXTS), by=draw(AUTHORS), run_id=draw(RUNS), redactor=Redactor(), note_id=note_id)
        for note_id in ids
    ]


def written(added: list[Note]) -> bytes:
    return (NOTES.title + "".join(entry(note) for note in added)).encode()


def read(data: bytes) -> list[Note]:
    return [section.note for section in sections(data)]


def note(text: str, *, note_id: str = "3f9c2a1b", author: str = "Ada", run_id: str | None = None) -> Note:
    at = datetime(2026, 11, 27, 10, 15, 3, tzinfo=UTC)
    return Note(id=note_id, author=author, created_at=at, run_id=run_id, text=text)


def test_a_heading_says_when_who_and_for_which_run() -> None:
    told = "## 2026-11-27 10:15:03 UTC · Ada · note 3f9c2a1b"
    assert heading(note("x")) == told
    assert heading(note("x", run_id="run_1")) == f"{told} · run run_1"


@searching
@given(notes())
def test_what_is_added_is_read_back_and_no_text_forges_a_note(added: list[Note]) -> None:
    """Whatever headings, fences and escapes a text or an author's name holds."""
    assert read(written(added)) == added


@searching
@given(notes(), st.sampled_from([b"\r\n", b"\r"]), st.booleans(), st.booleans())
def test_other_line_ends_a_bom_and_a_missing_last_newline_change_nothing(
    added: list[Note], end: bytes, bom: bool, cut: bool
) -> None:
    data = written(added).replace(b"\n", end)
    if cut and added:
        data = data.removesuffix(end)
    assert read((b"\xef\xbb\xbf" if bom else b"") + data) == added


BY_HAND_LINES = st.lists(
    st.one_of(
        st.binary(max_size=20).filter(lambda line: not {10, 13} & set(line)),
        st.sampled_from([b"# mine", b"## mine", b"```", b"~~~", b"use tabs", b"", b"## 2026-11-27"]),
    ),
    max_size=6,
).map(lambda lines: b"".join(line + b"\n" for line in lines))


@searching
@given(notes(), st.lists(BY_HAND_LINES, min_size=7, max_size=7))
def test_lines_added_by_hand_lose_no_note_of_ours(added: list[Note], hand: list[bytes]) -> None:
    """Before, between and behind; what stands below a note may become part of its text."""
    data = hand[0] + b"".join(entry(one).encode() + more for one, more in zip(added, hand[1:], strict=False))
    found = {one.id: one for one in read(data)}
    for one in added:
        again = found[one.id]
        assert (again.author, again.created_at, again.run_id) == (one.author, one.created_at, one.run_id)
        assert again.text.startswith(one.text)


@searching
@given(notes(), st.lists(BY_HAND_LINES, min_size=7, max_size=7))
def test_no_word_written_by_hand_is_lost(added: list[Note], hand: list[bytes]) -> None:
    """But for a title: each line is in the text of a note."""
    data = NOTES.title.encode() + hand[0]
    data += b"".join(entry(one).encode() + more for one, more in zip(added, hand[1:], strict=False))
    told = "\n".join(one.text for one in read(data)).splitlines()
    words = {line.strip() for line in told}
    for line in (line for some in hand[: len(added) + 1] for line in some.split(b"\n")):
        assert not line.isalpha() or line.decode() in words


@searching
@given(notes(), st.data())
def test_withdrawing_a_note_leaves_all_others_as_they_are(added: list[Note], data: st.DataObject) -> None:
    found = sections(written(added))
    if found:
        gone = data.draw(st.sampled_from(found))
        rest = read(without(written(added), gone))
        assert rest == [section.note for section in found if section is not gone]


@searching
@given(st.binary(max_size=2000))
@example(b"\xff\xfe#\x00 \x00")
def test_any_bytes_can_be_read_as_notes(data: bytes) -> None:
    """Sections don't overlap, are in order, and each of them says something."""
    end = 0
    for section in sections(data):
        assert section.start >= end
        assert section.note.text
        end = section.end
    assert end <= len(data)


def test_text_under_no_heading_of_ours_is_a_note_by_hand() -> None:
    data = f"# Our notes\n\nUse tabs.\n{entry(note('Skip the UI.'))}\n## Style\n\nShort names.\n".encode()
    first, ours, last = read(data)
    assert (first.text, first.author, first.created_at, first.run_id) == ("Use tabs.", BY_HAND, None, None)
    assert ours == note("Skip the UI.")
    assert (last.text, last.author) == ("## Style\n\nShort names.", BY_HAND)
    assert len(first.id) == len(last.id) == 12
    assert read(b"Use tabs.")[0].id == first.id
    assert read(b"Use spaces.")[0].id != first.id


def test_a_title_is_no_note() -> None:
    for data in (b"", b"\n\n", b"# Human notes", b"\xef\xbb\xbf\n# Notes for this project\r\n\r\n"):
        assert read(data) == []
    assert [one.text for one in read(b"# Title\n\n# Do not touch billing\n")] == ["# Do not touch billing"]


def test_a_comment_in_a_block_of_code_is_no_heading() -> None:
    hand = "Run it so:\n\n```sh\n# first\nmake\n```\n\n## And\n\nThat.\n"
    assert [one.text for one in read(hand.encode())] == [hand[: hand.index("\n\n## And")], "## And\n\nThat."]


def test_a_block_of_code_without_an_end_hides_no_note_of_ours() -> None:
    data = written([note("```\n# open", note_id="00000001"), note("Next.", note_id="00000002")])
    assert [one.text for one in read(data)] == ["```\n# open", "Next."]


def test_a_note_whose_text_was_changed_by_hand_keeps_its_id() -> None:
    data = written([note("Skip the UI.")]).replace(b"Skip the UI.", b"Skip the UI and the docs.")
    assert read(data) == [note("Skip the UI and the docs.")]


def test_a_note_whose_text_was_deleted_is_withdrawn() -> None:
    data = written([note("Skip the UI."), note("Use tabs.", note_id="00000002")])
    assert [one.text for one in read(data.replace(b"Skip the UI.", b""))] == ["Use tabs."]


def test_a_date_that_is_none_keeps_the_note() -> None:
    (found,) = read(written([note("x")]).replace(b"2026-11-27", b"2026-13-99"))
    assert (found.id, found.author, found.created_at) == ("3f9c2a1b", "Ada", None)


def test_a_copied_note_is_one_note_until_its_copy_is_changed() -> None:
    one = entry(note("Skip the UI.", run_id="run_1"))
    twice = (NOTES.title + one + one).encode()
    assert {each.id for each in read(twice)} == {"3f9c2a1b"}
    first, copy = read((NOTES.title + one + one.replace("UI", "docs")).encode())
    assert first.id == "3f9c2a1b"
    assert (copy.author, copy.run_id, copy.text, len(copy.id)) == (BY_HAND, "run_1", "Skip the docs.", 12)
