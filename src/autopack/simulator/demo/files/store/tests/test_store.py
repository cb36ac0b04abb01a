"""The log on disk."""

import tempfile
import threading
import unittest
from datetime import datetime, timedelta, timezone
from pathlib import Path

from tally.errors import TallyError
from tally.session import Session
from tally.store import Log, default_path, fcntl

NINE = datetime(2025, 3, 3, 9, 0, tzinfo=timezone.utc)


def session(hour, tag="writing"):
    start = NINE + timedelta(hours=hour)
    return Session(start, start + timedelta(minutes=30), tag)


class LogTestCase(unittest.TestCase):
    """Gives each test a log in a folder of its own."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.log = Log(Path(folder.name) / "data" / "log.jsonl")

    def fill(self, *sessions):
        with self.log.update() as stored:
            stored.extend(sessions)


class ReadTest(LogTestCase):
    def test_a_log_that_is_not_there_is_empty(self):
        self.assertEqual(self.log.read(), [])
        self.assertFalse(self.log.path.exists())

    def test_blank_lines_do_no_harm(self):
        self.fill(session(0))
        with self.log.path.open("a", encoding="utf-8") as file:
            file.write("\n  \n")
        self.assertEqual(self.log.read(), [session(0)])

    def test_a_broken_line_is_named(self):
        self.fill(session(0))
        with self.log.path.open("a", encoding="utf-8") as file:
            file.write("oops\n")
        with self.assertRaisesRegex(TallyError, r"log\.jsonl, line 2: not a line of JSON"):
            self.log.read()

    def test_a_file_that_is_no_text_is_an_error_of_one_line(self):
        self.fill(session(0))
        self.log.path.write_bytes(b"\xff\xfe\x00")
        with self.assertRaisesRegex(TallyError, "cannot read"):
            self.log.read()

    def test_an_unusual_line_separator_in_a_note_does_not_break_the_line(self):
        odd = Session(NINE, None, "writing", "one\u2028two")
        self.fill(odd)
        self.assertEqual(self.log.read(), [odd])


class UpdateTest(LogTestCase):
    def test_what_is_added_is_there_the_next_time(self):
        self.fill(session(0))
        self.fill(session(1, "email"))
        self.assertEqual(self.log.read(), [session(0), session(1, "email")])

    def test_sessions_are_kept_in_the_order_of_their_start(self):
        self.fill(session(2), session(0), session(1))
        self.assertEqual(self.log.read(), [session(0), session(1), session(2)])

    def test_an_error_in_between_changes_nothing(self):
        self.fill(session(0))
        with self.assertRaises(ZeroDivisionError), self.log.update() as sessions:
            sessions.clear()
            raise ZeroDivisionError
        self.assertEqual(self.log.read(), [session(0)])

    def test_an_update_without_a_change_does_not_touch_the_file(self):
        self.fill(session(0))
        before = self.log.path.stat()
        with self.log.update():
            pass
        after = self.log.path.stat()
        self.assertEqual((before.st_mtime_ns, before.st_ino), (after.st_mtime_ns, after.st_ino))

    def test_a_broken_log_is_never_written_over(self):
        self.fill(session(0))
        self.log.path.write_text("oops\n", encoding="utf-8")
        with self.assertRaises(TallyError):
            self.fill(session(1))
        self.assertEqual(self.log.path.read_text(encoding="utf-8"), "oops\n")

    @unittest.skipIf(fcntl is None, "no file locks on this system")
    def test_writers_at_the_same_time_lose_nothing(self):
        writers = [threading.Thread(target=self.fill, args=(session(hour),)) for hour in range(8)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        self.assertEqual(self.log.read(), [session(hour) for hour in range(8)])


class PathTest(unittest.TestCase):
    def test_the_variable_wins_over_the_data_folder(self):
        environ = {"TALLY_LOG": "/x/my.jsonl", "XDG_DATA_HOME": "/data"}
        self.assertEqual(default_path(environ), Path("/x/my.jsonl"))

    def test_the_data_folder_follows_xdg(self):
        self.assertEqual(default_path({"XDG_DATA_HOME": "/data"}), Path("/data/tally/log.jsonl"))
        self.assertEqual(default_path({}), Path("~/.local/share/tally/log.jsonl").expanduser())


if __name__ == "__main__":
    unittest.main()
