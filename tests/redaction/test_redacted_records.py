"""The database and the home: where no key gets in, and nobody else looks."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import JSON, String, column, select, table

from autopack.config import Settings
from autopack.db import Database
from autopack.home import make_home
from autopack.projects.tables import ProjectRow
from autopack.redaction import Redactor
from redaction.keys_of_all_kinds import KEYS

EXACT = 'an "exact" secret-1'


async def test_every_text_of_a_write_is_redacted_and_json_stays_json(settings: Settings) -> None:
    database = Database(settings.database_url, Redactor([EXACT]))
    held = table("held", column("id", String), column("said", JSON))
    try:
        async with database.write() as session:
            await (await session.connection()).exec_driver_sql(
                "CREATE TABLE held (id VARCHAR(200) PRIMARY KEY, said JSON)"
            )
            rows = [{"id": f"{number} {EXACT}", "said": {"a": [EXACT, KEYS["jwt"], 1]}} for number in (1, 2)]
            await session.execute(held.insert(), rows)
            await session.execute(held.insert().values(id=KEYS["npm"], said=[EXACT]))
            project = ProjectRow(path=f"/x/{KEYS['gitlab']}", name=EXACT, created_at=datetime.now(UTC))
            session.add(project)
        async with database.read() as session:
            found = (await session.execute(select(held).order_by(held.c.id))).all()
            stored = (await session.scalars(select(ProjectRow))).one()
            assert [tuple(row) for row in found] == [
                ("1 [redacted]", {"a": ["[redacted]", "[redacted: jwt]", 1]}),
                ("2 [redacted]", {"a": ["[redacted]", "[redacted: jwt]", 1]}),
                ("[redacted: npm token]", ["[redacted]"]),
            ]
            assert (stored.path, stored.name) == ("/x/[redacted: gitlab token]", "[redacted]")
    finally:
        await database.close()


def test_a_home_that_others_could_read_is_tightened(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "artifacts").mkdir(parents=True)
    for name in ("autopack.db", "autopack.db-wal", "engine.db", "notes.txt"):
        (home / name).write_text("")
        (home / name).chmod(0o664)
    home.chmod(0o755)
    make_home(home)
    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in (home, *home.iterdir())}
    assert modes == {
        "home": "0o700",
        "artifacts": "0o700",
        "autopack.db": "0o600",
        "autopack.db-wal": "0o600",
        "engine.db": "0o600",
        "notes.txt": "0o664",
    }
    make_home(tmp_path / "new" / "home")
    assert (tmp_path / "new" / "home").stat().st_mode & 0o777 == 0o700


def test_a_folder_that_others_use_too_is_left_to_them(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    (shared / "autopack.db").write_text("")
    (shared / "autopack.db").chmod(0o644)
    make_home(shared)
    assert shared.stat().st_mode & 0o7777 == 0o1777
    assert (shared / "autopack.db").stat().st_mode & 0o777 == 0o600
