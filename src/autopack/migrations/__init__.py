"""The schema's history. Alembic revisions, shipped in the wheel and applied on first use."""

HEAD = "0008"
"""The newest revision, kept here so that starting up needs no Alembic when there is nothing to do."""

KNOWN = frozenset({"0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008"})
"""Every revision this version can upgrade from."""
