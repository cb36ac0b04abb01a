"""The program as a user runs it: real processes, one log."""

import os
import subprocess
import sys
import tempfile
import unittest
from datetime import datetime, timedelta, timezone
from pathlib import Path

from tally.session import Session
from tally.store import Log, fcntl

ROOT = Path(__file__).resolve().parent.parent


class AcceptanceTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.log = Log(self.folder / "log.jsonl")

    def spawn(self, *argv):
        environ = dict(os.environ, TALLY_LOG=str(self.log.path), PYTHONPATH=str(ROOT), PYTHONIOENCODING="utf-8")
        return subprocess.Popen(
            [sys.executable, "-m", "tally", *argv],
            cwd=self.folder,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )

    def tally(self, *argv, code=0):
        process = self.spawn(*argv)
        out, err = process.communicate(timeout=30)
        self.assertEqual(process.returncode, code, err)
        return out if code == 0 else err

    def test_a_working_day_from_the_first_start_to_the_export(self):
        self.tally("start", "email", "--at", "2025-03-03 08:45")
        self.tally("start", "writing", "--at", "2025-03-03 09:10", "--note", "=chapter two")
        self.tally("stop", "--at", "2025-03-03 11:40")
        self.assertRegex(self.tally("report"), r"^writing  █+ +2h 30m   86%\nemail    █+ +25m   14%\ntotal +2h 55m\n$")
        self.assertEqual(
            self.tally("export").splitlines(),
            [
                "date,start,end,hours,tag,note",
                "2025-03-03,08:45,09:10,0.42,email,",
                "2025-03-03,09:10,11:40,2.50,writing,'=chapter two",
            ],
        )

    def test_a_mistake_is_told_in_one_line_without_a_traceback(self):
        self.assertEqual(self.tally("stop", code=1), "tally: nothing is running: begin with `tally start TAG`\n")

    def test_a_broken_log_is_named_and_kept(self):
        self.log.path.write_text("oops\n", encoding="utf-8")
        self.assertRegex(self.tally("start", "email", code=1), r"^tally: .*log\.jsonl, line 1: not a line of JSON\n$")
        self.assertEqual(self.log.path.read_text(encoding="utf-8"), "oops\n")

    @unittest.skipIf(fcntl is None, "no file locks on this system")
    def test_terminals_that_start_at_the_same_time_lose_nothing(self):
        terminals = [self.spawn("start", f"job-{number}", "--at", "2025-03-03 09:00") for number in range(6)]
        for terminal in terminals:
            _, err = terminal.communicate(timeout=30)
            self.assertEqual(terminal.returncode, 0, err)
        sessions = self.log.read()
        self.assertEqual(sorted(session.tag for session in sessions), [f"job-{number}" for number in range(6)])
        self.assertEqual(sum(session.running for session in sessions), 1)

    def test_a_reader_that_has_seen_enough_gets_no_traceback(self):
        start = datetime(2025, 3, 3, 9, 0, tzinfo=timezone.utc)
        with self.log.update() as sessions:
            sessions.extend(Session(start, start + timedelta(minutes=1), "writing", "x" * 60) for _ in range(2000))
        process = self.spawn("log", "--count", "2000")
        process.stdout.readline()
        process.stdout.close()
        self.assertEqual(process.stderr.read(), "")
        process.stderr.close()
        self.assertEqual(process.wait(timeout=30), 0)


if __name__ == "__main__":
    unittest.main()
