"""`/dashboard`: the page, as it was built into `static/`.

Its names of files hold a hash of what is in them, so that they are kept for good, and the page itself is
asked for anew each time. Every script, style and request is this service's own; an editor's panel may frame
it (Simple Browser of VS Code and Cursor), no other site.
"""

from __future__ import annotations

import re
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, RedirectResponse

from autopack.errors import NotFound, Unavailable

router = APIRouter(include_in_schema=False)

STATIC = Path(__file__).parent / "static"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self' vscode-webview: vscode-file: https://*.vscode-cdn.net"
)
"""Content-Security-Policy of the page. An editor's panel is a frame in a webview in the editor's window."""

_TYPES = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}
_GZIP = re.compile(r"\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))")
_FOR_GOOD = "public, max-age=31536000, immutable"


@router.get("/dashboard")
@router.get("/dashboard/view/{path:path}")
async def page() -> FileResponse:
    """The page; what it shows is in the address, and read by its script."""
    index = STATIC / "index.html"
    if not index.is_file():
        raise Unavailable(
            "This installation has no dashboard page.",
            hint="Install Autopack again; in a clone of its sources: ./dev check builds it.",
        )
    return FileResponse(
        index,
        media_type="text/html",
        headers={
            "content-security-policy": POLICY,
            "cache-control": "no-cache",
            "cross-origin-opener-policy": "same-origin",
        },
    )


@router.get("/dashboard/")
async def page_with_a_slash() -> RedirectResponse:
    """The address as it is often typed."""
    return RedirectResponse("/dashboard", status_code=308)


@router.get("/dashboard/assets/{name}")
async def asset(request: Request, name: str) -> FileResponse:
    """A file that the page is made of, compressed where the browser takes it so."""
    known = _assets()
    if name not in known or Path(name).suffix not in _TYPES:
        raise NotFound(
            "There is nothing at this address.", hint="Load /dashboard anew: it may be a newer one."
        )
    headers = {"cache-control": _FOR_GOOD, "vary": "accept-encoding"}
    file, packed = known[name], known.get(f"{name}.gz")
    if packed is not None and _GZIP.search(request.headers.get("accept-encoding", "")):
        headers["content-encoding"] = "gzip"
        file = packed
    return FileResponse(file, media_type=_TYPES[Path(name).suffix], headers=headers)


def _assets() -> dict[str, Path]:
    """What there is, by name: a name that was asked for is never made a path."""
    try:
        return {file.name: file for file in (STATIC / "assets").iterdir()}
    except OSError:
        return {}
