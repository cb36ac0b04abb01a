"""`/docs`: the API as a page to try it on, with files that came with a package: no other host is asked.

The page has no script and no style of its own, so that its policy allows none but those of this service.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse, HTMLResponse, Response

from autopack.errors import NotFound

router = APIRouter(prefix="/docs", include_in_schema=False)

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_FILES = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon.png": "image/png",
}
_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Autopack: HTTP API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
<link rel="icon" href="/docs/favicon.png">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""
_START = """\
SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis],
});
"""


@router.get("")
async def page() -> HTMLResponse:
    """The page."""
    return HTMLResponse(_PAGE, headers={"content-security-policy": _POLICY})


@router.get("/start.js")
async def start() -> Response:
    """What starts the page: a file of its own, because scripts in pages are not allowed."""
    return Response(_START, media_type="text/javascript")


@router.get("/{name}")
async def file(name: str) -> FileResponse:
    """One of the files that the page is made of."""
    if name not in _FILES:
        raise NotFound("There is nothing at this address.", hint="/docs has what there is.")
    return FileResponse(_folder() / name, media_type=_FILES[name])


def _folder() -> Path:
    """Where Swagger UI is: `fastapi-offline` brings it."""
    found = find_spec("fastapi_offline")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "static"
