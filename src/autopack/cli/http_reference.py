"""docs/http.md, written from the OpenAPI document behind /docs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from autopack.config import Settings

_INTRO = """\
# The HTTP API

Written by `python -m autopack.cli.reference` from the service's own OpenAPI document; don't edit it.

```bash
autopack serve                      # or: python -m autopack.main
curl localhost:8000/health
curl localhost:8000/projects
curl localhost:8000/runs/start --json '{"project": "todo", "plan_path": ".autopack/plan.yaml"}'
curl localhost:8000/dashboard/runs/run_20250303_101500_ab12/status
curl -X POST localhost:8000/runs/run_20250303_101500_ab12/pause
curl localhost:8000/dashboard/runs/run_20250303_101500_ab12/context
```
The same as a page to try it on: <http://localhost:8000/docs>, which asks no other host. The document itself
is at `/openapi.json`. `autopack serve` drives the runs that are started with it; Ctrl-C or SIGTERM ends it,
and runs that it was driving go on when it is started again. Several may serve one home, each on a port.

## Safety
**Whoever reaches the service may do everything**: start runs, and with them commands. There are no keys yet,
so it takes requests of this machine only. On a machine with several users that means all of them.

| refused | because |
|---|---|
| a `--host` that is not loopback | other machines would reach it |
| a `Host` other than `localhost`, `127.x.x.x` or `[::1]` | any name can be made to lead to 127.0.0.1 |
| `Forwarded`, `X-Forwarded-*`, `X-Real-IP`, `Via`, `CF-*` and the like | tunnels arrive on loopback |
| anything but GET with an `Origin` that is not the service's own, `null` included | any page sends requests |
| anything but GET with `Sec-Fetch-Site: cross-site` or `same-site` | the same, said by the browser |
| a body that is not `application/json`, or larger than 2 MiB | forms of other sites can't send JSON |

To use it from another machine, bring its port there: `ssh -L 8000:localhost:8000 you@machine`.

A run can't be freed of the sandbox by a request: only `autopack serve --unsandboxed` does that, for all runs
that are started with it. A plan is read from inside a registered project only (`autopack project add DIR`): a
path with `..`, a link that leads out, and whatever is no plain file is refused. A plan that is sent as a
document is kept in `AUTOPACK_HOME/plans`, which you alone can read.

## Errors
Every error is `{"error": {"code": "…", "message": "…", "hint": "…"}}`: `code` is for scripts, `message` says
what happened (a line for each problem), `hint` what to do. No answer holds a traceback; `autopack.log` does.

| status | code | meaning |
|---|---|---|
"""

_AFTER_ERRORS = """
## Asking twice
Pause, resume, cancel, retry and skip may be sent again: `changed` says whether it was new. To create nothing
twice when an answer got lost, send a key of your own making: `Idempotency-Key: 7d0f…`, up to 255 printable
characters. Within a day the same request under the same key gets the first one's answer, and another request
under it is refused.

## How values are written
Dollars are texts (`"0.0123"`), and null where no price is known; tokens of calls of unknown usage are counted
apart (`usage.unknown_tokens`), never as nothing. Instants are UTC. `as_of` is the id of the newest event that
an answer holds. HEAD answers like GET without the body; OPTIONS says what an address takes.
"""


def http_document() -> dict[str, Any]:
    """The OpenAPI document as it is served, for programs that clients are generated with."""
    from autopack.app import create_app

    return create_app(Settings(home=Path()), {}).openapi()


def http_page() -> str:
    """The whole page."""
    document: Any = http_document()
    document = _inlined(document, document["components"]["schemas"])
    shapes: dict[str, Any] = document["components"]["schemas"]
    parts = [_INTRO, *_errors(), _AFTER_ERRORS]
    tags = dict.fromkeys(operation["tags"][0] for _, _, operation in _operations(document))
    for tag in tags:
        parts.append(f"\n## {tag}\n")
        for method, path, operation in _operations(document):
            if operation["tags"][0] == tag:
                parts += _operation(method, path, operation, shapes)
    parts.append("\n## Shapes\n")
    parts.append("What requests and answers hold. A plan is what [plan.md](plan.md) says.\n")
    for name, shape in sorted(shapes.items()):
        if "properties" in shape and name not in _of_the_plan(shapes):
            parts += _shape(name, shape)
    return "".join(parts)


def _inlined(node: Any, shapes: dict[str, Any]) -> Any:
    """The document, in which a choice of words stands where it is referred to."""
    if isinstance(node, list):
        return [_inlined(one, shapes) for one in cast("list[Any]", node)]
    if not isinstance(node, dict):
        return node
    known = {key: _inlined(value, shapes) for key, value in cast("dict[str, Any]", node).items()}
    if "$ref" in known and "enum" in (choice := shapes[known["$ref"].rsplit("/", 1)[-1]]):
        return {**choice, **{key: value for key, value in known.items() if key != "$ref"}}
    return known


def _errors() -> Iterator[str]:
    from autopack.dashboard.problems import TOLD
    from autopack.errors import AutopackError, MethodNotAllowed

    known: dict[type[AutopackError], str] = {
        **TOLD,
        MethodNotAllowed: "The address does not take the method.",
    }
    for error, told in sorted(known.items(), key=lambda one: one[0].status):
        yield f"| {error.status} | `{error.code}` | {told} |\n"
    yield "\nConflicts and what is unavailable may have a code of their own (`branch_moved`, `disk_full`).\n"


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            yield method.upper(), path, operation


def _operation(method: str, path: str, operation: dict[str, Any], shapes: dict[str, Any]) -> Iterator[str]:
    yield f"\n### {method} {path}\n{_text(operation['description'])}\n"
    rows = [*_parameters(operation), *_body(operation, shapes)]
    if rows:
        yield "\n| takes | | |\n|---|---|---|\n"
        yield from rows
    yield f"\nAnswers {_good(operation)}; errors {', '.join(_bad(operation))}.\n"


def _parameters(operation: dict[str, Any]) -> Iterator[str]:
    for one in operation.get("parameters", []):
        where = {"path": "in the path", "query": "query", "header": "header"}[one["in"]]
        yield f"| `{one['name']}` | {where}, {_type(one['schema'])} | {_cell(one.get('description', ''))} |\n"


def _body(operation: dict[str, Any], shapes: dict[str, Any]) -> Iterator[str]:
    if "requestBody" not in operation:
        return
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    options = [schema, *schema.get("anyOf", [])]
    name = next(one["$ref"].rsplit("/", 1)[-1] for one in options if "$ref" in one)
    for key, value in shapes[name]["properties"].items():
        yield f"| `{key}` | body, {_type(value)} | {_cell(value.get('description', ''))} |\n"


def _good(operation: dict[str, Any]) -> str:
    status, answer = next(one for one in operation["responses"].items() if one[0] < "400")
    media, content = next(iter(answer["content"].items()))
    schema = content.get("schema", {})
    said = _type(schema) if "$ref" in schema.get("items", schema) else f"`{media}`"
    return f"{status} with {said}"


def _bad(operation: dict[str, Any]) -> Iterator[str]:
    for status, answer in operation["responses"].items():
        if status >= "400":
            shape = answer["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[-1]
            yield status if shape == "ErrorAnswer" else f"{status} with {_link(shape)}"


def _shape(name: str, shape: dict[str, Any]) -> Iterator[str]:
    yield f"\n### {name}\n{_text(shape.get('description', ''))}\n\n| field | | |\n|---|---|---|\n"
    for key, value in shape["properties"].items():
        yield f"| `{key}` | {_type(value)} | {_cell(value.get('description', ''))} |\n"


def _type(schema: dict[str, Any]) -> str:
    """A JSON Schema in a few words."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        return "a plan ([plan.md](plan.md))" if name == "Plan" else _link(name)
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_type(one) for one in schema["anyOf"]))
    if "const" in schema or "enum" in schema:
        return " or ".join(f"`{one}`" for one in schema.get("enum", [schema.get("const")]))
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}" if schema.get("items") else "list"
    words = {"string": "text", "integer": "whole number", "boolean": "true or false", "object": "object"}
    if schema.get("format") == "date-time":
        return "instant"
    kind = str(schema.get("type", "anything"))
    return words.get(kind, kind)


def _link(name: str) -> str:
    return f"[{name}](#{name.lower()})"


def _of_the_plan(shapes: dict[str, Any]) -> frozenset[str]:
    from autopack.plan import plan_schema

    return frozenset({"Plan", *plan_schema()["$defs"]}) & frozenset(shapes)


def _text(words: str) -> str:
    """Paragraphs, each on one line."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in words.split("\n\n"))


def _cell(words: str) -> str:
    return " ".join(words.split()).replace("|", "\\|")
