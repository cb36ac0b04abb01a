"""Totals and how they are drawn."""

import unittest
from datetime import date, datetime, timedelta, timezone

from tally import report
from tally.report import Row
from tally.session import Session

BERLIN = timezone(timedelta(hours=1))
NOW = datetime(2025, 3, 5, 12, 0, tzinfo=BERLIN)


def moment(day, hour, minute=0, second=0):
    return datetime(2025, 3, day, hour, minute, second, tzinfo=BERLIN)


def seconds(session):
    return [(day, int(duration.total_seconds())) for day, duration in report.pieces(session, now=NOW)]


class TotalsTest(unittest.TestCase):
    sessions = (
        Session(moment(3, 9), moment(3, 11), "writing"),
        Session(moment(3, 11), moment(3, 12), "email"),
        Session(moment(4, 9), moment(4, 9, 30), "writing"),
        Session(moment(5, 11), None, "review"),
    )

    def test_tags_with_the_most_time_come_first(self):
        rows = report.totals(self.sessions, by="tag", now=NOW)
        self.assertEqual([row.label for row in rows], ["writing", "email", "review"])
        self.assertEqual(rows[0].duration, timedelta(hours=2, minutes=30))

    def test_days_come_in_order(self):
        rows = report.totals(self.sessions, by="day", now=NOW)
        self.assertEqual([row.label for row in rows], ["2025-03-03 Mon", "2025-03-04 Tue", "2025-03-05 Wed"])

    def test_a_running_session_counts_until_now(self):
        self.assertIn(Row("review", timedelta(hours=1)), report.totals(self.sessions, by="tag", now=NOW))

    def test_both_ends_of_a_period_are_included(self):
        rows = report.totals(self.sessions, by="day", now=NOW, since=date(2025, 3, 3), until=date(2025, 3, 4))
        self.assertEqual([row.label for row in rows], ["2025-03-03 Mon", "2025-03-04 Tue"])


class MidnightTest(unittest.TestCase):
    def test_a_session_over_midnight_is_cut_at_midnight(self):
        session = Session(moment(3, 23, 30, 15), moment(4, 0, 45), "writing")
        self.assertEqual(seconds(session), [(date(2025, 3, 3), 1785), (date(2025, 3, 4), 2700)])

    def test_a_session_of_several_days_fills_those_in_between(self):
        session = Session(moment(3, 22, 0, 50), moment(5, 1), "on-call")
        self.assertEqual(
            seconds(session),
            [(date(2025, 3, 3), 7150), (date(2025, 3, 4), 86400), (date(2025, 3, 5), 3600)],
        )

    def test_a_session_that_ends_at_midnight_leaves_the_next_day_alone(self):
        session = Session(moment(3, 23), moment(4, 0), "writing")
        self.assertEqual(seconds(session), [(date(2025, 3, 3), 3600)])

    def test_no_second_is_lost_or_counted_twice(self):
        session = Session(moment(1, 17, 59, 59), moment(4, 6, 0, 1), "on-call")
        self.assertEqual(sum(part for _, part in seconds(session)), 2 * 86400 + 12 * 3600 + 2)


class RenderTest(unittest.TestCase):
    def test_bars_are_in_proportion_and_shares_of_the_total(self):
        rows = [Row("writing", timedelta(hours=3)), Row("email", timedelta(hours=1))]
        self.assertEqual(
            report.render(rows, bar="#"),
            "writing  ########################    3h 00m   75%\n"
            "email    ########                    1h 00m   25%\n"
            "total                                4h 00m\n",
        )

    def test_the_smallest_row_still_has_a_bar(self):
        text = report.render([Row("a", timedelta(hours=99)), Row("b", timedelta(seconds=1))], bar="#")
        self.assertRegex(text, r"\nb +# +<1m +0%\n")

    def test_an_empty_period_is_said(self):
        self.assertEqual(report.render([]), "No time was tracked in this period.\n")


if __name__ == "__main__":
    unittest.main()
