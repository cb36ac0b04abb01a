"""The command line, called as a function with a clock and a log of its own."""

import contextlib
import io
import tempfile
import unittest
from datetime import datetime, timedelta, timezone
from pathlib import Path

from tally import __version__, cli
from tally.store import Log

BERLIN = timezone(timedelta(hours=1))


class CliTestCase(unittest.TestCase):
    """Runs commands at a time of day and returns what they print."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "log.jsonl"
        self.log = Log(self.path)

    def tally(self, clock, *argv, code=0):
        hour, minute = map(int, clock.split(":"))
        out = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            now = datetime(2025, 3, 3, hour, minute, 20, tzinfo=BERLIN)
            result = cli.main(argv, now=now, environ={"TALLY_LOG": str(self.path)})
        self.assertEqual(result, code, out.getvalue())
        return out.getvalue()


class VersionTest(unittest.TestCase):
    def test_the_version_is_printed(self):
        out = io.StringIO()
        with contextlib.redirect_stdout(out), self.assertRaises(SystemExit) as exit_:
            cli.main(["--version"])
        self.assertEqual(exit_.exception.code, 0)
        self.assertEqual(out.getvalue(), f"tally {__version__}\n")


class ClockCommandsTest(CliTestCase):
    def test_a_morning_is_tracked(self):
        self.assertEqual(self.tally("9:00", "start", "email"), "Started email at 09:00.\n")
        self.assertEqual(
            self.tally("9:30", "start", "writing", "--note", "chapter two"),
            "Stopped email after 30m.\nStarted writing at 09:30.\n",
        )
        self.assertEqual(self.tally("10:00", "status"), "writing for 30m, since 09:30: chapter two\n")
        self.assertEqual(self.tally("11:00", "stop", "--ago", "15m"), "Stopped writing after 1h 15m.\n")
        self.assertEqual(self.tally("11:05", "status"), "Nothing is running.\n")

    def test_a_forgotten_start_is_made_up_for(self):
        self.assertEqual(self.tally("9:40", "start", "writing", "--at", "9:10"), "Started writing at 09:10.\n")
        self.assertEqual(self.tally("9:40", "status"), "writing for 30m, since 09:10\n")

    def test_a_cancelled_session_leaves_no_trace(self):
        self.tally("9:00", "start", "email")
        self.assertEqual(self.tally("9:20", "cancel"), "Forgot email, which ran for 20m.\n")
        self.assertEqual(self.log.read(), [])

    def test_the_log_shows_the_latest_sessions_in_their_order(self):
        self.tally("9:00", "start", "email")
        self.tally("9:30", "start", "writing", "-n", "two\nlines")
        self.assertEqual(
            self.tally("10:00", "log"),
            "2025-03-03  09:00-09:30       30m  email\n"
            "2025-03-03  09:30-now         30m  writing  two lines\n",
        )
        self.assertEqual(len(self.tally("10:00", "log", "--count", "1").splitlines()), 1)


class MistakeTest(CliTestCase):
    def test_a_mistake_is_one_line_and_exit_code_1(self):
        mistakes = {
            "tally: nothing is running: begin with `tally start TAG`\n": ("stop",),
            "tally: 'two words' is not a tag: use letters, digits, and . / - _ inside\n": ("start", "two words"),
            "tally: 'soon' is not a duration: write 45m, 2h or 1h30m\n": ("start", "email", "--ago", "soon"),
            "tally: --count must be 1 or more\n": ("log", "--count", "0"),
        }
        for message, argv in mistakes.items():
            with self.subTest(argv):
                self.assertEqual(self.tally("9:00", *argv, code=1), message)

    def test_wrong_use_is_exit_code_2(self):
        for argv in ((), ("dance",), ("start",), ("stop", "--at", "9:00", "--ago", "5m")):
            with self.subTest(argv), contextlib.redirect_stderr(io.StringIO()):
                with self.assertRaises(SystemExit) as exit_:
                    cli.main(argv)
                self.assertEqual(exit_.exception.code, 2)


if __name__ == "__main__":
    unittest.main()
