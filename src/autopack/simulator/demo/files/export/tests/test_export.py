"""CSV: what is in it, and what a spreadsheet is kept from running."""

import csv
import io
import unittest
from datetime import datetime, timedelta, timezone
from decimal import Decimal

from tally import export
from tally.session import Session
from tests.test_cli import CliTestCase

NINE = datetime(2025, 3, 3, 9, 0, tzinfo=timezone.utc)


def session(seconds, note="", tag="writing"):
    return Session(NINE, NINE + timedelta(seconds=seconds), tag, note)


def exported(*sessions):
    file = io.StringIO(newline="")
    export.write_csv(sessions, file)
    return list(csv.reader(io.StringIO(file.getvalue(), newline="")))[1:]


class FormulaTest(unittest.TestCase):
    def test_a_cell_that_a_spreadsheet_would_run_becomes_text(self):
        attacks = ('=HYPERLINK("http://x")', "+1+1", "-2+3", "@SUM(A1)", "\t=1+1", "\n=1+1")
        for attack in attacks:
            with self.subTest(attack):
                self.assertEqual(exported(session(60, attack))[0][5], f"'{attack}")

    def test_a_carriage_return_neither_hides_a_formula_nor_ends_the_row(self):
        self.assertEqual([row[5] for row in exported(session(60, "\r=1+1"))], ["'\n=1+1"])
        self.assertEqual([row[5] for row in exported(session(60, "one\r\ntwo\rthree"))], ["one\ntwo\nthree"])

    def test_a_sign_in_the_middle_is_left_alone(self):
        self.assertEqual(exported(session(60, "a=b, c-d @home"))[0][5], "a=b, c-d @home")


class CsvTest(unittest.TestCase):
    def test_commas_quotes_and_line_breaks_come_back_as_they_were(self):
        note = 'said "no, thanks"\nand left'
        self.assertEqual(exported(session(60, note))[0], ["2025-03-03", "09:00", "09:01", "0.02", "writing", note])

    def test_halves_of_a_hundredth_are_rounded_up(self):
        for seconds, hours in {0: "0.00", 17: "0.00", 18: "0.01", 54: "0.02", 5400: "1.50", 86400: "24.00"}.items():
            with self.subTest(seconds):
                self.assertEqual(export.hours(session(seconds)), Decimal(hours))

    def test_what_is_running_is_left_out_and_counted(self):
        file = io.StringIO()
        self.assertEqual(export.write_csv([session(60), Session(NINE, None, "email")], file), 1)
        self.assertNotIn("email", file.getvalue())


class ExportCommandTest(CliTestCase):
    def setUp(self):
        super().setUp()
        self.tally("9:00", "start", "writing")
        self.tally("11:30", "start", "email")

    def test_the_running_session_is_said_to_be_missing(self):
        self.assertEqual(
            self.tally("12:00", "export"),
            "date,start,end,hours,tag,note\n"
            "2025-03-03,09:00,11:30,2.50,writing,\n"
            "tally: the running session is left out: it has no end yet\n",
        )

    def test_a_file_is_not_overwritten_by_accident(self):
        target = self.path.with_name("march.csv")
        target.write_text("precious\n", encoding="utf-8")
        message = self.tally("12:00", "export", "--output", str(target), code=1)
        self.assertEqual(message, f"tally: {target} exists already: --force replaces it\n")
        self.assertEqual(target.read_text(encoding="utf-8"), "precious\n")
        self.tally("12:00", "export", "--output", str(target), "--force")
        self.assertEqual(len(target.read_text(encoding="utf-8").splitlines()), 2)

    def test_a_folder_that_is_not_there_is_one_line(self):
        message = self.tally("12:00", "export", "-o", str(self.path.with_name("no") / "x.csv"), code=1)
        self.assertRegex(message, r"^tally: cannot write .*x\.csv: .+\n$")

    def test_a_period_can_be_chosen(self):
        self.assertEqual(self.tally("12:00", "export", "--until", "yesterday"), "date,start,end,hours,tag,note\n")


if __name__ == "__main__":
    unittest.main()
