"""`autopack usage reprice`: dollars of calls that were made, at prices that were added or mended since."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from autopack.cli.door import Json, in_loop, writing
from autopack.cli.out import emit, say, show, tell
from autopack.cli.words import clean, count, price

if TYPE_CHECKING:
    from autopack.routing.repricing import Repricing


def reprice(
    model: Annotated[
        str | None, typer.Option("--model", metavar="MODEL", help="Only calls of this model.")
    ] = None,
    since: Annotated[
        datetime | None, typer.Option("--since", formats=["%Y-%m-%d"], help="Only calls since this day.")
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Also calls that have a price, which may be wrong.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Give calls a price that had none when they were made.

    Prices are those of models.yaml as it is now, else the list's of the time of each call. With --all, calls
    that have a price get the one that they would get now. A known price is never taken away.
    """
    in_loop(_reprice(model, since, every=every, as_json=as_json))


async def _reprice(model: str | None, since: datetime | None, *, every: bool, as_json: bool) -> None:
    from autopack.routing.policyfile import load_policy
    from autopack.routing.repricing import reprice as price_anew
    from autopack.usage.queries import Priceable

    async with writing() as here:
        prices = load_policy(here.settings.policy_path).prices()
        which = Priceable(
            unpriced=not every, model=model, since=None if since is None else since.astimezone()
        )
        done = await price_anew(here.database, which, prices)
    if as_json:
        emit(_told(done))
    else:
        _print(done, every=every)


def _print(done: Repricing, *, every: bool) -> None:
    from rich.table import Table

    looked = f"Looked at {count(done.looked_at, 'call')}" + ("." if every else " without a price.")
    changed = {key: one for key, one in done.models.items() if one.calls}
    if not changed:
        tell(f"{looked} No price changed.")
    else:
        table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
        for name in ("MODEL", "PROVIDER"):
            table.add_column(name, no_wrap=True, overflow="ellipsis")
        for name in ("CALLS", "BEFORE", "AFTER"):
            table.add_column(name, justify="right", no_wrap=True)
        for (model, provider, simulated), one in sorted(changed.items()):
            unknown = one.newly_priced == one.calls
            table.add_row(
                clean(model),
                clean(provider) + (" (simulated)" if simulated else ""),
                f"{one.calls:,}",
                "unknown" if unknown else _usd(one.before) + ("+" if one.newly_priced else ""),
                _usd(one.after),
            )
        show(table)
        calls = sum(one.calls for one in changed.values())
        tell(f"{looked} {count(calls, 'price')} changed: {_difference(done)} in all.")
    left = {model: one.unpriced for (model, _, _), one in done.models.items() if one.unpriced}
    if left:
        say(f"Still without a known price: {count(sum(left.values()), 'call')} of {clean(', '.join(left))}.")
        tell("Add their prices under models: in models.yaml, and say this again.")


def _told(done: Repricing) -> dict[str, Any]:
    from autopack.usage.money import to_usd

    return {
        "looked_at": done.looked_at,
        "repriced": sum(one.calls for one in done.models.values()),
        "unpriced": sum(one.unpriced for one in done.models.values()),
        "difference_usd": f"{to_usd(_nano_more(done)):f}",
        "models": [
            {
                "model": model,
                "provider": provider,
                "simulated": simulated,
                "repriced": one.calls,
                "newly_priced": one.newly_priced,
                "before_usd": f"{to_usd(one.before):f}",
                "after_usd": f"{to_usd(one.after):f}",
                "unpriced": one.unpriced,
            }
            for (model, provider, simulated), one in sorted(done.models.items())
        ],
    }


def _nano_more(done: Repricing) -> int:
    return sum(one.after - one.before for one in done.models.values())


def _difference(done: Repricing) -> str:
    more = _nano_more(done)
    return ("+" if more >= 0 else "-") + _usd(abs(more))


def _usd(nano: int) -> str:
    from autopack.usage.money import to_usd

    return price(to_usd(nano))
