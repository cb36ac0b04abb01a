"""`autopack usage export` and `import`: there and back, and what is refused."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from autopack.config import Settings
from autopack.db import Database
from autopack.usage.rollups import differing_hours
from cli.calling import Autopack, Called
from fixtures.database import execute
from usage.calls import call, record_now, unknown


def forget(settings: Settings) -> None:
    """As on a fresh home."""
    for table in ("llm_usage_events", "usage_hourly", "usage_hourly_runs", "pools"):
        execute(settings, f"DELETE FROM {table}")


def books_are_true(settings: Settings) -> None:
    """The kept sums are those of the calls."""

    async def look() -> None:
        database = Database(settings.database_url)
        async with database.read() as session:
            assert await differing_hours(session) == {}
        await database.close()

    asyncio.run(look())


def refused(told: Called, *words: str) -> None:
    """Assert an error of a line for each problem and one hint, which holds these words."""
    *lines, hint = told.err.splitlines()
    assert (told.code, lines[0][:7], hint[:6]) == (2, "error: ", "hint: "), told
    assert not [word for word in ("Nothing was imported", *words) if word not in told.err], told.err


def line(**values: Any) -> dict[str, Any]:
    """A call as a file holds it."""
    usual: dict[str, Any] = {
        "schema_version": 1,
        "call_id": "call_a",
        "created_at": "2025-03-03T10:15:00Z",
        "provider": "openai",
        "model": "gpt-5",
        "role": "builder",
        "pool": "openai",
        "prompt_tokens": 100,
        "completion_tokens": 10,
        "cost_usd": "0.001",
        "usage_status": "reported",
        "simulated": False,
    }
    return {**usual, **values}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "calls"


def write(file: Path, *lines: dict[str, Any]) -> Path:
    file.write_text("".join(f"{json.dumps(one)}\n" for one in lines))
    return file


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_what_was_exported_is_the_same_after_an_import_into_a_fresh_home(
    autopack: Autopack, recorded: str, settings: Settings, file: Path, form: str
) -> None:
    record_now(
        settings,
        call(response_id='a "quoted", name\nin two lines\t\u202e', cost_usd=Decimal("0.000000001")),
        unknown(run_id=None, phase_id=None, attempt=None, simulated=True, role="agent:planner"),
    )
    exported = autopack("usage", "export", "--format", form).out
    file.write_text(exported, newline="")
    before = autopack("usage", "--json").said
    assert autopack("usage", "import", file).out == "0 calls imported, 6 known already.\n"
    forget(settings)
    assert autopack("usage", "import", file).out == "6 calls imported.\n"
    assert autopack("usage", "export", "--format", form).out == exported
    after = autopack("usage", "--json").said
    assert (before["models"], before["real"]) == (after["models"], after["real"])
    books_are_true(settings)


def test_a_file_is_imported_whole_or_not_at_all_and_each_wrong_line_is_named(
    autopack: Autopack, file: Path
) -> None:
    write(
        file,
        line(),
        line(call_id="call b"),
        line(call_id="call_c", prompt_tokens=-1),
        line(call_id="call_d", prompt_tokens="100", colour="red"),
        line(call_id="call_e", created_at="2025-03-03T10:15:00"),
        line(call_id="call_f", cost_usd="0.0000000001"),
        line(call_id="call_g", usage_status="guessed"),
        line(call_id="call_h", schema_version=2),
        line(call_id="call_i", created_at=(datetime.now(UTC) + timedelta(days=2)).isoformat()),
        {"call_id": "call_j"},
    )
    with file.open("a") as more:
        more.write("nonsense\n\n[1]\n")
    refused(
        autopack("usage", "import", file),
        f"{file}:2: call_id: must be 1 to 40 visible characters",
        ":3: prompt_tokens: must be at least 0, not -1",
        ":4: prompt_tokens: must be a whole number, not the text '100'; colour: is not known",
        ":5: created_at: has no time zone",
        ":6: cost_usd: 1E-10 is too fine",
        ":7: usage_status: 'guessed' is not one of reported, unknown",
        ":8: schema_version: 2 is not 1: a newer Autopack",
        "is in the future",
        ":10: created_at: is missing",
        ":11: is not one JSON object",
        ":13: is not a JSON object",
    )
    assert autopack("usage", "export").out == ""


def test_wrong_lines_of_a_csv_are_named_too(autopack: Autopack, file: Path) -> None:
    names = "call_id,created_at,provider"
    file.write_text(f"{names}\n")
    autopack("usage", "import", file).failed(2, f"{file}:1: the first line does not name the columns ")
    write(file, line(), line(call_id="call_b"))
    autopack("usage", "import", file)
    head, first, second = autopack("usage", "export", "--format", "csv").out.splitlines()
    file.write_text("\n".join([head, first.replace(",100,", ",lots,"), "a,b", second + ",c"]))
    refused(
        autopack("usage", "import", file),
        f"{file}:2: prompt_tokens: must be a whole number, not the text 'lots'",
        ":3: does not have as many values",
        ":4: does not have as many values",
    )
    assert len(autopack("usage", "export").out.splitlines()) == 2


def test_many_wrong_lines_are_counted(autopack: Autopack, file: Path) -> None:
    file.write_text("{}\n" * 25)
    told = autopack("usage", "import", file)
    refused(told, ":20: ", "and 5 more")
    assert ":21: " not in told.err


def test_a_call_that_is_recorded_otherwise_is_refused_and_its_price_is_no_matter(
    autopack: Autopack, file: Path
) -> None:
    autopack("usage", "import", write(file, line(), line(call_id="call_b")))
    assert "2 known" in autopack("usage", "import", write(file, line(cost_usd=None), line())).out
    told = autopack("usage", "import", write(file, line(call_id="call_c"), line(prompt_tokens=200)))
    told.failed(2, f"{file}:2: prompt_tokens: call_a is recorded with 100, not with 200")
    twice = autopack(
        "usage", "import", write(file, line(call_id="call_c"), line(call_id="call_c", model="x"))
    )
    twice.failed(2, ":2: model: call_c is recorded with gpt-5, not with x")
    assert "call_c" not in autopack("usage", "export").out


def test_unknown_usage_is_settled_by_what_a_file_knows_and_never_the_other_way(
    autopack: Autopack, file: Path, settings: Settings
) -> None:
    lost = line(usage_status="unknown", prompt_tokens=9_000)
    assert autopack("usage", "import", write(file, lost)).out == "1 call imported.\n"
    said = "0 calls imported, 1 of unknown usage settled, 1 known already.\n"
    known = line(created_at="2025-03-03T12:00:00Z")
    assert autopack("usage", "import", write(file, known, lost)).out == said
    assert autopack("usage", "import", write(file, lost, known)).out == "0 calls imported, 2 known already.\n"
    spent = autopack("usage", "--json").said["real"]
    assert (spent["tokens"], spent["unknown_calls"]) == (110, 0)
    write(file, {**lost, "call_id": "call_b"}, {**known, "call_id": "call_b"})
    assert "1 call imported, 1 of unknown usage settled" in autopack("usage", "import", file).out
    assert autopack("usage", "--json").said["real"]["tokens"] == 220
    books_are_true(settings)


def test_keys_in_a_file_are_not_stored(autopack: Autopack, file: Path, settings: Settings) -> None:
    key = "sk-" + "a1B2" * 10
    write(file, line(response_id=f"resp {key}"))
    assert autopack("usage", "import", file).out == "1 call imported.\n"
    assert autopack("usage", "import", file).out == "0 calls imported, 1 known already.\n"
    assert key not in autopack("usage", "export").out
    assert "resp " in autopack("usage", "export").out


def test_what_is_no_file_of_calls_is_refused(autopack: Autopack, tmp_path: Path) -> None:
    autopack("usage", "import", tmp_path / "nowhere").failed(2, "no such file")
    autopack("usage", "import", tmp_path).failed(2, "can't be read")
    (tmp_path / "latin").write_bytes(b"caf\xe9\n")
    autopack("usage", "import", tmp_path / "latin").failed(2, "is not UTF-8 text")
    (tmp_path / "empty").write_text("")
    autopack("usage", "import", tmp_path / "empty").failed(2, "does not name the columns")
    autopack("usage", "export", "--format", "xml").failed(2, "xml")
