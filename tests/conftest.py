"""Fixtures are in tests/fixtures, one file per thing they give."""

pytest_plugins = ["fixtures.offline", "fixtures.postgres", "fixtures.database", "fixtures.world"]
