"""The OpenAPI document: what clients are generated from, and docs/http.md is written from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from autopack.plan import plan_schema

PLAN = "Plan"
_REFS = "#/components/schemas/{model}"
PLAN_REF = _REFS.format(model=PLAN)
"""Where the document describes what plan.yaml holds."""


def operation_id(route: APIRoute) -> str:
    """The endpoint's own name."""
    return route.name


def openapi_of(app: FastAPI) -> dict[str, Any]:
    """The document, made once.

    Every field of an answer is there, also one that has a default: it is required; FastAPI says so only of
    those without. Errors are JSON where what is answered otherwise is a text. A plan is what plan.yaml is.
    """
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes
        )
        shapes: dict[str, Any] = document["components"]["schemas"]
        shapes.update(_plan_shapes())
        sent = set(_reached({"paths": [*_requests(document)]}, shapes))
        for name, shape in shapes.items():
            if name not in sent and "properties" in shape:
                shape["required"] = list(shape["properties"])
        for answer in _errors(document):
            answer["content"] = {"application/json": next(iter(answer["content"].values()))}
        app.openapi_schema = document
    return app.openapi_schema


def _plan_shapes() -> dict[str, Any]:
    plan = plan_schema(refs=_REFS)
    return {**plan.pop("$defs"), PLAN: {key: value for key, value in plan.items() if key != "$schema"}}


def _requests(document: dict[str, Any]) -> Iterator[object]:
    for path in document["paths"].values():
        for operation in path.values():
            yield operation.get("parameters")
            yield operation.get("requestBody")


def _errors(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in document["paths"].values():
        for operation in path.values():
            yield from (answer for status, answer in operation["responses"].items() if status >= "400")


def _reached(node: object, shapes: dict[str, Any]) -> Iterator[str]:
    """Names of all shapes that a part of the document refers to, directly or not."""
    if isinstance(node, list):
        for one in cast("list[object]", node):
            yield from _reached(one, shapes)
    elif isinstance(node, dict):
        known = cast("dict[str, object]", node)
        if isinstance(said := known.get("$ref"), str):
            name = said.rsplit("/", 1)[-1]
            yield name
            yield from _reached(shapes[name], shapes)
        for one in known.values():
            yield from _reached(one, shapes)
