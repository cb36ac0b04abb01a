"""`autopack doctor --repair`: what crashes and kills left behind, mended where that is safe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autopack.cli.checkup import Finding, Grade
from autopack.cli.door import records, writing
from autopack.cli.out import emit, say, show
from autopack.cli.words import clean, count

if TYPE_CHECKING:
    from autopack.config import Settings
    from autopack.supervisor.flaws import Flaw

REPAIR = "`autopack doctor --repair` mends it."


async def repair(*, as_json: bool) -> int:
    """Mend what can be mended and say it. 0 where all is right afterwards.

    Raises `Conflict` where another machine works on the home.
    """
    from autopack.supervisor.repair import look

    async with writing() as here:
        found = await look(here.settings, here.database, mend=True)
        left = await look(here.settings, here.database, mend=False)
    mended = [one for one in found if one.mended]
    if as_json:
        emit(
            {"ok": not left, "mended": [_plain(one) for one in mended], "left": [_plain(one) for one in left]}
        )
    else:
        _print(mended, left)
    return 1 if left else 0


async def look_at_records(here: Settings) -> list[Finding]:
    """What there is to mend, as findings of `autopack doctor`: none of them keeps a run from working."""
    from autopack.supervisor.machines import network_file_system
    from autopack.supervisor.repair import look

    findings: list[Finding] = []
    if here.postgres_url is None and (kind := network_file_system(here.home)) is not None:
        said = f"{here.home} is on a network file system ({kind}), where SQLite's locks may not hold"
        remedy = "Set AUTOPACK_HOME to a local disk; use one home per machine, never one for two."
        findings.append(Finding(name="home", grade=Grade.WARNING, said=said, remedy=remedy))
    async with records() as opened:
        flaws = await look(here, opened.database, mend=False)
    if not flaws:
        return [*findings, Finding(name="records", grade=Grade.OK, said="whole, and nothing left behind")]
    return findings + [
        Finding(
            name="records",
            grade=Grade.MISSING if one.what == "database" else Grade.WARNING,
            said=one.said,
            remedy=REPAIR if one.mendable else one.remedy,
        )
        for one in flaws
    ]


def _plain(flaw: Flaw) -> dict[str, object]:
    return flaw.model_dump(include={"what", "said", "remedy"})


def _print(mended: list[Flaw], left: list[Flaw]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2, 0, 0))
    for one in mended:
        table.add_row(Text("mended", style="green"), one.what, Text(clean(one.said)))
    for one in left:
        said = Text(clean(one.said))
        said.append(f"\n{clean(one.remedy or REPAIR)}", style="dim")
        table.add_row(Text("left", style="red"), one.what, said)
    if mended or left:
        show(table)
        say()
    ended = "All is right now." if not left else f"{count(len(left), 'thing')} left for you, see above."
    say(f"Mended {count(len(mended), 'thing')}. {ended}" if mended else ended.replace(" now", ""))
