"""Durations and times of day, read and written."""

import unittest
from datetime import date, datetime, timedelta, timezone

from tally.errors import TallyError
from tally.times import format_duration, parse_clock, parse_day, parse_duration

NOW = datetime(2025, 3, 3, 10, 15, 42, tzinfo=timezone(timedelta(hours=1)))


def at(day, hour, minute):
    return datetime(2025, 3, day, hour, minute, tzinfo=NOW.tzinfo)


class DurationTest(unittest.TestCase):
    def test_durations_are_read_as_people_write_them(self):
        for text, minutes in {"45m": 45, "2h": 120, "1h30m": 90, " 1h 30m ": 90, "1H05M": 65, "90m": 90}.items():
            with self.subTest(text):
                self.assertEqual(parse_duration(text), timedelta(minutes=minutes))

    def test_what_is_not_a_duration_is_refused(self):
        for text in ("", "h", "m", "90", "-5m", "1.5h", "30m1h", "99999h"):
            with self.subTest(text), self.assertRaisesRegex(TallyError, "is not a duration"):
                parse_duration(text)

    def test_durations_are_rounded_to_the_nearest_minute(self):
        written = {0: "0m", 1: "<1m", 29: "<1m", 30: "1m", 89: "1m", 3569: "59m", 3570: "1h 00m", 7500: "2h 05m"}
        for seconds, text in written.items():
            with self.subTest(seconds):
                self.assertEqual(format_duration(timedelta(seconds=seconds)), text)

    def test_more_than_a_day_stays_in_hours(self):
        self.assertEqual(format_duration(timedelta(days=2, minutes=3)), "48h 03m")


class ClockTest(unittest.TestCase):
    def test_a_time_of_day_is_today(self):
        self.assertEqual(parse_clock("9:30", now=NOW), at(3, 9, 30))

    def test_this_very_minute_is_not_yet_yesterday(self):
        self.assertEqual(parse_clock("10:15", now=NOW), at(3, 10, 15))

    def test_a_time_that_is_still_to_come_was_yesterday(self):
        self.assertEqual(parse_clock("23:50", now=NOW), at(2, 23, 50))

    def test_a_day_can_be_named(self):
        self.assertEqual(parse_clock("yesterday 17:00", now=NOW), at(2, 17, 0))
        self.assertEqual(parse_clock("2025-03-01 08:05", now=NOW), at(1, 8, 5))
        self.assertEqual(parse_clock("2025-03-01T08:05", now=NOW), at(1, 8, 5))

    def test_the_first_of_the_month_has_a_yesterday(self):
        first = datetime(2025, 3, 1, 9, 0, tzinfo=timezone.utc)
        self.assertEqual(parse_clock("yesterday 17:00", now=first).date(), date(2025, 2, 28))

    def test_what_is_not_a_time_is_refused(self):
        for text in ("", "nine", "9", "24:00", "9:60", "9:5", "tomorrow 9:00", "2025-02-30 9:00"):
            with self.subTest(text), self.assertRaisesRegex(TallyError, "is not a (time|day)"):
                parse_clock(text, now=NOW)

    def test_days_are_read(self):
        today = NOW.date()
        self.assertEqual(parse_day("today", today=today), today)
        self.assertEqual(parse_day("yesterday", today=today), date(2025, 3, 2))
        self.assertEqual(parse_day("2024-02-29", today=today), date(2024, 2, 29))


if __name__ == "__main__":
    unittest.main()
