"""The command line, called as a function."""

import contextlib
import io
import unittest

from tally import __version__, cli


class VersionTest(unittest.TestCase):
    def test_the_version_is_printed(self):
        out = io.StringIO()
        with contextlib.redirect_stdout(out), self.assertRaises(SystemExit) as exit_:
            cli.main(["--version"])
        self.assertEqual(exit_.exception.code, 0)
        self.assertEqual(out.getvalue(), f"tally {__version__}\n")


if __name__ == "__main__":
    unittest.main()
