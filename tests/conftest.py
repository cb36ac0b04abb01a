"""Fixtures are in tests/fixtures, one file per thing they give."""

pytest_plugins = ["fixtures.database", "fixtures.offline", "fixtures.world"]
