"""docs/events.md: how to read the live feed, and every event with its fields as feed/schemas.py has them."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator

_INTRO = """\
# Events and the live feed

Written by `python -m autopack.cli.reference` from `feed/schemas.py`; don't edit it.

Everything that happens to a run is an event: `autopack logs RUN -f` shows them as lines (`--json`: one JSON
object a line), and `GET /dashboard/events` sends them over HTTP as they happen, as server-sent events
(`text/event-stream`), whichever process or terminal drives the run.

```
curl -N 'http://127.0.0.1:8000/dashboard/events?run_id=run_20250303_101500_ab12&after=0'
```
```
id: 0
event: ready
data: {"as_of":42}

id: 42
event: feed
data: {"id":42,"run_id":"run_20250303_101500_ab12","created_at":"2025-03-03T10:15:02.123456Z",\
"schema_version":1,"kind":"cancel_asked","by":"ada"}
```

| ask with | meaning |
|---|---|
| `run_id=RUN` | only events of this run (its whole id); without it, of all |
| `after=ID` | go on after this event; `0` is from the beginning. Without it: from now on |
| header `Last-Event-ID: ID` | the same, and counts more than `after`: browsers send it when they connect again |

## Messages
| event | id | data | meaning |
|---|---|---|---|
| `ready` | where you are | `as_of`: the newest event | the first message, unless it is `reset` |
| `feed` | the event's | the event: see below | something happened. It is stored, and never sent twice to who goes on from the last id |
| `activity` | none | `run_id`, `phase_id`, `what`, `doing`, `tokens`, `since` | what a run is at in this moment. Not stored: only the latest counts, and none is sent for the past. Fields may be null |
| `reset` | the newest event | `as_of`, `reason` | events between your id and this one can't be had: they are not kept any more, or your id is of another database. Read the state anew; the stream goes on from here |
| `dropped` | none | `reason` | the last message: you took no bytes for 10 s, fell behind by some 2,000 events, or the server ends. Connect again with the last id, and nothing is lost |
| (a comment, `:`) | | | every 15 s where nothing else is sent |

**Ids have no gap and are in the order of commits**, over all runs and processes; with `run_id` those of other
runs are missing. Answers that show a state carry `as_of`, the id of the newest event that is in them: read the
state, then follow with `after=as_of`. A client that is slower than the feed is first held back and then
dropped, so that it holds nobody up.

An unknown run is 404, an id that is no number 422, and a feed that can't be read 503, each as
`{"error": {"code", "message", "hint"}}`.

In a browser, which connects again by itself and sends the last id:

```js
const events = new EventSource("/dashboard/events?after=" + status.as_of);
events.addEventListener("feed", (message) => apply(JSON.parse(message.data)));
events.addEventListener("reset", () => readStateAnew());
events.addEventListener("dropped", (message) => console.info(JSON.parse(message.data).reason));
```

## Fields of every event
| field | type | |
|---|---|---|
| `id` | integer | |
| `run_id` | string | |
| `created_at` | string | ISO 8601, in UTC |
| `schema_version` | integer | 1; a reader refuses newer ones |
| `kind` | string | one of the names below, which say what other fields there are |
"""

_TYPES = {
    "str": "string",
    "int": "integer",
    "float": "number",
    "bool": "boolean",
    "None": "null",
    "datetime": "instant",
}


def events_page() -> str:
    """The whole page."""
    from autopack.feed import schemas

    tree = ast.parse(inspect.getsource(schemas))
    parts = [_INTRO]
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and (kind := _kind(node)):
            parts.append(f"\n## `{kind}`\n{' '.join((ast.get_docstring(node) or '').split())}\n")
            if rows := list(_rows(node)):
                parts.append("\n| field | type | |\n|---|---|---|\n" + "".join(rows))
    return "".join(parts)


def _kind(node: ast.ClassDef) -> str:
    """The event's name; empty for a class that is none."""
    for one in node.body:
        match one:
            case ast.AnnAssign(target=ast.Name(id="kind"), value=ast.Constant(value=str(kind))):
                return kind
            case _:
                pass
    return ""


def _rows(node: ast.ClassDef) -> Iterator[str]:
    """A line of each field, with the docstring that follows it."""
    for one, after in zip(node.body, [*node.body[1:], None], strict=True):
        match one:
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation) if name != "kind":
                yield f"| `{name}` | {_type(annotation)} | {_docstring(after)} |\n"
            case _:
                pass


def _docstring(node: ast.stmt | None) -> str:
    match node:
        case ast.Expr(value=ast.Constant(value=str(said))):
            return " ".join(said.split())
        case _:
            return ""


def _type(node: ast.expr) -> str:
    """As JSON has it."""
    match node:
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return f"{_type(left)} or {_type(right)}"
        case ast.Subscript(value=ast.Name(id="tuple"), slice=ast.Tuple(elts=[one, _])):
            return f"array of {_type(one)}s"
        case _:
            return _TYPES[ast.unparse(node)]
