"""Every state of the page, at two sizes, light and dark, to be looked through."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Browser, Page, Route

from pictures.acting import ask_for_whom, ask_why, chart_is_drawn, look_at_plan, press, unfold_change
from pictures.staging import Scene
from pictures.window import DESKTOP, PHONE, Act, copy, opened, settled

_API = ("**/dashboard/runs**", "**/dashboard/usage**", "**/dashboard/models**")


@dataclass(frozen=True)
class Camera:
    """Takes a state four times."""

    browser: Browser
    folder: Path
    home: str

    async def __call__(
        self,
        name: str,
        address: str = "",
        act: Act | None = None,
        *,
        before: Act | None = None,
        whole: bool = True,
        loads: bool = True,
    ) -> None:
        """Open the page, act, and write the pictures."""
        for where, size in (("desktop", DESKTOP), ("phone", PHONE)):
            for theme in ("light", "dark"):
                dark = theme == "dark"
                async with opened(
                    self.browser, self.home + address, size, dark=dark, before=before, loads=loads
                ) as page:
                    if act is not None:
                        await act(page)
                        await settled(page)
                    await copy(page, self.folder / f"{name}-{where}-{theme}.png", whole=whole)

    async def dialog(self, name: str, address: str, act: Act) -> None:
        """The same of what lies over the page: the window alone."""
        await self(name, address, act, whole=False)


async def take(browser: Browser, scene: Scene, folder: Path) -> None:
    """Bring service and runs into each state, and take it."""
    camera = Camera(browser, folder, f"{scene.service.url}/dashboard")
    await _empty(camera)
    await scene.add()
    done = await scene.finished()
    await _finished(camera, done)
    await scene.decide(done, "accepted", "dismissed")
    await camera("lessons-decided", f"/view/runs/{done}", _is_learned)
    failed = await scene.start("times.yaml")
    await scene.until(failed, "failed")
    await camera("failed", f"/view/runs/{failed}/phases/1")
    held = await scene.at_work()
    await _links(camera, scene, held)
    await _dialogs(camera, scene, held)
    await _waiting(camera, scene)
    await scene.service.post(f"/runs/{held}/pause")
    await scene.until(held, "pausing")
    await camera("pausing", f"/view/runs/{held}", whole=False)
    await scene.service.post(f"/runs/{held}/cancel")
    await scene.until(held, "cancelled")
    await camera("stopped", f"/view/runs/{held}")


async def _empty(camera: Camera) -> None:
    await camera("no-runs")
    await camera("usage-empty", "/view/usage")
    await camera.dialog("start-no-project", "", lambda page: press(page, "Start"))
    await camera("no-such-run", "/view/runs/run_20260101_000000_0000", _leads_on)
    await camera("error", "/view/runs/run_20260101_000000_0000", _problem, before=_unavailable)
    await camera(
        "loading", "/view/runs/run_20260101_000000_0000", before=_unanswered, whole=False, loads=False
    )


async def _finished(camera: Camera, run: str) -> None:
    await camera("succeeded", f"/view/runs/{run}")
    await camera("phase-rejected-once", f"/view/runs/{run}/phases/3", _unfold_all)
    await camera("long-diff", f"/view/runs/{run}/phases/4", unfold_change)
    await camera("usage-without-caps", f"/view/usage/{run}", chart_is_drawn)
    await camera.dialog("start-looked", "", look_at_plan)


async def _links(camera: Camera, scene: Scene, run: str) -> None:
    await camera("in-progress", f"/view/runs/{run}")
    await camera("usage-with-caps", f"/view/usage/{run}", chart_is_drawn)
    await camera("held", f"/view/runs/{run}", lambda page: press(page, "Hold live updates"), whole=False)
    await camera("polling", f"/view/runs/{run}", _says("Every 5 s"), before=_without_feed, whole=False)
    await camera("offline", f"/view/runs/{run}", _goes_offline, before=_without_feed, whole=False)
    interrupted = {"interrupted": True, "driven": False, "activity": None}
    await camera("interrupted", f"/view/runs/{run}", before=_altered(run, interrupted))
    stalled = {
        "activity": {
            "what": "verify",
            "doing": "python3 -m unittest",
            "since": "2026-01-01T00:00:00Z",
            "tokens": None,
        }
    }
    await camera("stalled", f"/view/runs/{run}", before=_altered(run, stalled), whole=False)


async def _dialogs(camera: Camera, scene: Scene, run: str) -> None:
    shown = f"/view/runs/{run}"
    await camera.dialog("dialog-stop", shown, lambda page: press(page, "Stop"))
    await camera.dialog("dialog-model", shown, ask_for_whom)
    await camera.dialog("dialog-why", shown, ask_why)
    await camera.dialog("dialog-cost", shown, _ask_cost)
    await scene.note(run, "Skip the interface tests, backend only.")
    await scene.override(run)
    await camera("note-and-override", shown)
    await camera.dialog("dialog-withdraw", shown, _ask_withdraw)
    await camera.dialog("dialog-reset", shown, _ask_reset)


async def _waiting(camera: Camera, scene: Scene) -> None:
    other = await scene.start(
        "clock.yaml"
    )  # the second of two at once, which waits for the held call's quota
    await scene.until(other, "in_progress")
    queued = await scene.start("report.yaml")
    await camera("queued", f"/view/runs/{queued}")
    await scene.service.post(f"/runs/{queued}/pause")
    await scene.until(queued, "paused")
    await camera("paused", f"/view/runs/{queued}")
    await scene.service.post(f"/runs/{other}/cancel")
    await scene.until(other, "cancelled")
    await scene.fill()
    scheduled = await scene.start("export.yaml")
    await scene.until(scheduled, "scheduled")
    await camera("scheduled", f"/view/runs/{scheduled}")
    await camera.dialog("dialog-skip", f"/view/runs/{scheduled}", lambda page: press(page, "Skip"))


async def _is_learned(page: Page) -> None:
    learned = page.get_by_role("region", name="What was learned")
    await learned.get_by_text("dismissed", exact=True).wait_for()
    await learned.scroll_into_view_if_needed()


async def _leads_on(page: Page) -> None:
    await page.get_by_role("link", name="Show the latest run").wait_for()


async def _problem(page: Page) -> None:
    await page.get_by_role("alert").first.wait_for()


async def _unfold_all(page: Page) -> None:
    folded = page.locator("main details:not([open]) > summary", has_text="models considered")
    while await folded.count():
        await folded.first.click()


async def _unanswered(page: Page) -> None:
    async def never(_route: Route) -> None:
        """Leave the request open."""

    for pattern in _API:
        await page.route(pattern, never)


async def _unavailable(page: Page) -> None:
    said = {"code": "unavailable", "message": "The database is locked.", "hint": "Try again in a moment."}
    await page.route("**/status", lambda route: route.fulfill(status=503, json={"error": said}))


async def _without_feed(page: Page) -> None:
    await page.route("**/dashboard/events**", lambda route: route.abort())


async def _goes_offline(page: Page) -> None:
    await _says("Every 5 s")(page)
    await page.route("**/dashboard/**", lambda route: route.abort())
    await page.get_by_role("status", name="Connection").get_by_text("Offline").wait_for()


def _says(word: str) -> Act:
    async def wait(page: Page) -> None:
        await page.get_by_role("status", name="Connection").get_by_text(word).wait_for()

    return wait


def _altered(run: str, changes: Mapping[str, object]) -> Act:
    """A state that a run is in too briefly, or after hours: the service's answer with these changes."""

    async def alter(page: Page) -> None:
        async def answer(route: Route) -> None:
            given = await route.fetch()
            body = {**await given.json(), **changes}
            await route.fulfill(response=given, body=json.dumps(body))

        await page.route(f"**/dashboard/runs/{run}/status", answer)

    return alter


async def _ask_cost(page: Page) -> None:
    await page.get_by_role("button", name="Where it went").click()
    await page.get_by_role("dialog").get_by_text("By role and model").wait_for()


async def _ask_withdraw(page: Page) -> None:
    await page.get_by_role("button", name="Withdraw").first.click()


async def _ask_reset(page: Page) -> None:
    models = page.get_by_role("region", name="Models", exact=True)
    await models.locator("summary", has_text="core_backend").click()
    await models.get_by_role("button", name="Reset").first.click()
