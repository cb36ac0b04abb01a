"""`tally report` as it is typed."""

import unittest

from tally import cli
from tests.test_cli import CliTestCase


class ReportCommandTest(CliTestCase):
    def setUp(self):
        super().setUp()
        self.tally("17:00", "start", "email", "--at", "2025-02-28 09:00")
        self.tally("17:00", "stop", "--at", "2025-02-28 10:00")
        self.tally("17:00", "start", "writing", "--at", "9:00")
        self.tally("17:00", "stop", "--at", "12:00")

    def test_all_time_is_reported_by_tag(self):
        self.assertEqual(
            self.tally("17:00", "report"),
            "writing  ████████████████████████    3h 00m   75%\n"
            "email    ████████                    1h 00m   25%\n"
            "total                                4h 00m\n",
        )

    def test_a_week_begins_on_monday(self):
        self.assertNotIn("email", self.tally("17:00", "report", "--week"))

    def test_days_can_be_chosen(self):
        text = self.tally("17:00", "report", "--by", "day", "--since", "2025-02-28", "--until", "yesterday")
        self.assertRegex(text, r"^2025-02-28 Fri  █+    1h 00m  100%\ntotal +1h 00m\n$")

    def test_a_period_that_ends_before_it_begins_is_a_mistake(self):
        text = self.tally("17:00", "report", "--since", "today", "--until", "yesterday", code=1)
        self.assertEqual(text, "tally: the period ends on 2025-03-02, before it begins on 2025-03-03\n")

    def test_a_terminal_without_block_characters_gets_plain_bars(self):
        self.assertEqual([cli._bar("ascii"), cli._bar("utf-8"), cli._bar(None)], ["#", "█", "█"])


if __name__ == "__main__":
    unittest.main()
