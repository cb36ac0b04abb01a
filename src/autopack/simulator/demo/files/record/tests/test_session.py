"""One session: what is accepted, and that a line of the log gives back what was written."""

import json
import unittest
from datetime import datetime, timedelta, timezone

from tally.errors import RecordError
from tally.session import Session

BERLIN = timezone(timedelta(hours=1))
NINE = datetime(2025, 3, 3, 9, 0, tzinfo=BERLIN)


def line(**changes):
    record = {"v": 1, "start": NINE.isoformat(), "end": None, "tag": "writing", "note": ""}
    record.update(changes)
    return json.dumps(record)


class LineTest(unittest.TestCase):
    def test_a_session_survives_being_written_and_read(self):
        session = Session(NINE, NINE + timedelta(hours=2), "client/acme", "Angebot für Zoë: „final“")
        self.assertEqual(Session.from_line(session.to_line()), session)

    def test_a_running_session_has_no_end(self):
        session = Session.from_line(line())
        self.assertTrue(session.running)
        self.assertIsNone(json.loads(session.to_line())["end"])

    def test_a_note_with_a_line_break_stays_one_line(self):
        session = Session(NINE, None, "writing", "first\nsecond")
        self.assertNotIn("\n", session.to_line())
        self.assertEqual(Session.from_line(session.to_line()).note, "first\nsecond")

    def test_utc_may_be_written_as_z(self):
        self.assertEqual(Session.from_line(line(start="2025-03-03T08:00:00Z")).start, NINE)

    def test_a_newer_record_asks_for_an_upgrade(self):
        with self.assertRaisesRegex(RecordError, "newer tally"):
            Session.from_line(line(v=2))

    def test_each_kind_of_broken_line_is_named(self):
        broken = {
            "not a line of JSON": "half a lin",
            "not a JSON object": "[]",
            "unknown record version": line(v=None),
            "'start' is not a time": line(start="yesterday"),
            "'start' must be a text": line(start=1741017600),
            "has no UTC offset": line(start="2025-03-03T09:00:00"),
            "'note' must be a text": line(note=None),
        }
        for message, text in broken.items():
            with self.subTest(message), self.assertRaisesRegex(RecordError, message):
                Session.from_line(text)


class SessionTest(unittest.TestCase):
    def test_tags_are_words_that_may_have_parts(self):
        for tag in ("writing", "client/acme", "v1.2", "früh-schicht"):
            with self.subTest(tag):
                self.assertEqual(Session(NINE, None, tag).tag, tag)
        for tag in ("", " ", "two words", "/root", "=1+1", "writing\n"):
            with self.subTest(tag), self.assertRaises(RecordError):
                Session(NINE, None, tag)

    def test_it_cannot_end_before_it_starts(self):
        with self.assertRaisesRegex(RecordError, "before it starts at 09:00"):
            Session(NINE, NINE - timedelta(minutes=1), "writing")

    def test_the_duration_of_a_running_session_grows_with_now(self):
        session = Session(NINE, None, "writing")
        self.assertEqual(session.duration(NINE + timedelta(minutes=5)), timedelta(minutes=5))

    def test_a_clock_that_went_backwards_never_gives_a_negative_duration(self):
        self.assertEqual(Session(NINE, None, "writing").duration(NINE - timedelta(hours=1)), timedelta(0))

    def test_the_duration_spans_a_change_of_the_clocks(self):
        winter, summer = timezone(timedelta(hours=1)), timezone(timedelta(hours=2))
        start = datetime(2025, 3, 30, 1, 30, tzinfo=winter)
        session = Session(start, datetime(2025, 3, 30, 3, 30, tzinfo=summer), "night-shift")
        self.assertEqual(session.duration(session.end), timedelta(hours=1))


if __name__ == "__main__":
    unittest.main()
