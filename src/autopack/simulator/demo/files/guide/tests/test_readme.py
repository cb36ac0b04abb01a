"""The README keeps its word: each example is run, each command is described."""

import contextlib
import io
import re
import shlex
import unittest
from pathlib import Path

from tally import cli
from tests.test_cli import CliTestCase

README = (Path(__file__).resolve().parent.parent / "README.md").read_text(encoding="utf-8")


class ReadmeTest(CliTestCase):
    def test_every_example_prints_what_the_readme_says(self):
        blocks = re.findall(r"^```console\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
        examples = re.findall(r"^\$ tally (.*)\n((?:(?!\$).*\n)*)", "".join(blocks), re.MULTILINE)
        self.assertGreater(len(examples), 8)
        for command, expected in examples:
            with self.subTest(command):
                self.assertEqual(self.tally("17:30", *shlex.split(command)), expected)

    def test_every_command_is_described(self):
        commands = re.findall(r"^    (\w+) ", self.help_of(), re.MULTILINE)
        self.assertIn("export", commands)
        for command in commands:
            with self.subTest(command):
                self.assertRegex(README, rf"\| `tally {command}\b")

    def test_every_option_that_is_described_exists(self):
        table = re.findall(r"^\| `tally (\w+).*", README, re.MULTILINE)
        for command in table:
            row = re.search(rf"^\| `tally {command}\b.*", README, re.MULTILINE).group()
            parser_help = self.help_of(command)
            for option in re.findall(r"--\w+", row):
                with self.subTest(f"{command} {option}"):
                    self.assertIn(option, parser_help)

    def help_of(self, *command):
        out = io.StringIO()
        with contextlib.redirect_stdout(out), self.assertRaises(SystemExit):
            cli.main([*command, "--help"])
        return out.getvalue()


if __name__ == "__main__":
    unittest.main()
