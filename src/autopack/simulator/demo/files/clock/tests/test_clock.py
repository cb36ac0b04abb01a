"""The rules of starting and stopping."""

import unittest
from datetime import datetime, timedelta, timezone

from tally import clock
from tally.clock import ClockError
from tally.errors import RecordError
from tally.session import Session

NOW = datetime(2025, 3, 3, 12, 0, tzinfo=timezone.utc)


def ago(minutes):
    return NOW - timedelta(minutes=minutes)


class StartTest(unittest.TestCase):
    def test_the_first_start_ends_nothing(self):
        sessions = []
        self.assertIsNone(clock.start(sessions, "writing", at=NOW, now=NOW, note="chapter two"))
        self.assertEqual(sessions, [Session(NOW, None, "writing", "chapter two")])

    def test_starting_the_next_thing_ends_the_one_before_without_a_gap(self):
        sessions = [Session(ago(60), None, "email")]
        ended = clock.start(sessions, "writing", at=ago(10), now=NOW)
        self.assertEqual(ended, Session(ago(60), ago(10), "email"))
        self.assertEqual(sessions, [ended, Session(ago(10), None, "writing")])

    def test_it_cannot_start_inside_a_finished_session(self):
        sessions = [Session(ago(60), ago(30), "email")]
        with self.assertRaisesRegex(ClockError, "you were on 'email'"):
            clock.start(sessions, "writing", at=ago(31), now=NOW)
        self.assertEqual(sessions, [Session(ago(60), ago(30), "email")])

    def test_it_may_start_the_moment_another_ended(self):
        sessions = [Session(ago(60), ago(30), "email")]
        clock.start(sessions, "writing", at=ago(30), now=NOW)
        self.assertEqual(len(sessions), 2)

    def test_it_cannot_start_in_the_future(self):
        with self.assertRaisesRegex(ClockError, "in the future"):
            clock.start([], "writing", at=NOW + timedelta(minutes=1), now=NOW)

    def test_a_bad_tag_does_not_stop_what_is_running(self):
        sessions = [Session(ago(60), None, "email")]
        with self.assertRaises(RecordError):
            clock.start(sessions, "two words", at=NOW, now=NOW)
        self.assertTrue(sessions[0].running)

    def test_parts_of_a_second_are_dropped(self):
        sessions = []
        moment = NOW.replace(microsecond=999_999)
        clock.start(sessions, "writing", at=moment, now=moment)
        self.assertEqual(sessions[0].start, NOW)


class StopTest(unittest.TestCase):
    def test_stopping_returns_the_session_as_it_ended(self):
        sessions = [Session(ago(60), None, "writing", "chapter two")]
        self.assertEqual(clock.stop(sessions, at=ago(5), now=NOW).end, ago(5))
        self.assertIsNone(clock.running(sessions))
        self.assertEqual(sessions[0].note, "chapter two")

    def test_without_a_running_session_there_is_nothing_to_stop(self):
        with self.assertRaisesRegex(ClockError, "nothing is running"):
            clock.stop([Session(ago(60), ago(30), "email")], at=NOW, now=NOW)

    def test_it_cannot_stop_before_it_started(self):
        sessions = [Session(ago(10), None, "writing")]
        with self.assertRaisesRegex(ClockError, "running only since 2025-03-03 11:50"):
            clock.stop(sessions, at=ago(11), now=NOW)
        self.assertTrue(sessions[0].running)


class CancelTest(unittest.TestCase):
    def test_cancelling_forgets_only_the_running_session(self):
        kept = Session(ago(60), ago(30), "email")
        sessions = [kept, Session(ago(10), None, "writing")]
        self.assertEqual(clock.cancel(sessions).tag, "writing")
        self.assertEqual(sessions, [kept])

    def test_without_a_running_session_there_is_nothing_to_cancel(self):
        with self.assertRaisesRegex(ClockError, "nothing to cancel"):
            clock.cancel([])


if __name__ == "__main__":
    unittest.main()
