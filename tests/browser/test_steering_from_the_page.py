"""What somebody does with a run on the page, and with those that come after it."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, expect

from browser.visiting import (
    ACCEPTED,
    TEST_SECONDS,
    built,
    button,
    dialog,
    keep,
    phase,
    shows_state,
    start,
    toast,
    visit,
)
from dashboard.steered import Service, plan_of, waits_as
from fixtures.world import rejects

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(TEST_SECONDS)]

HELD = ["draft", "polish", "kept", "lost"]
CONVERSATIONS = [
    *(built(name, waits_as(name)) for name in HELD),
    *(built(name) for name in ("later", "again", "after", "used")),
    *(built(name, attempt=attempt) for name in ("mended", "hopeless") for attempt in (1, 2)),
    rejects(1, phase="mended"),
    rejects(1, phase="hopeless"),
    ACCEPTED,
]


async def test_a_run_is_started_watched_paused_resumed_and_given_another_model_and_a_note(
    browser: Browser, service: Service
) -> None:
    keep(service, plan_of("draft", "polish", "later"))
    async with visit(browser, service) as page:
        await expect(page.get_by_role("heading", name="No runs yet")).to_be_visible()
        await button(page, "Start").click()
        asked = dialog(page, "Start a run")
        await expect(button(asked, "Start")).to_be_disabled()
        await expect(asked.get_by_label("Project")).to_have_value("1")
        await asked.get_by_label("Plan", exact=True).fill(".autopack/draft.yaml")
        await button(asked, "Look at the plan").click()
        look = asked.get_by_role("region", name="The plan draft")
        await expect(look).to_contain_text("1 tier, 3 phases. Nothing is started yet.")
        await expect(look).to_contain_text("No estimate")
        models = look.get_by_role("table", name="Models")
        await expect(models.get_by_role("row", name="gpt-5-mini")).to_contain_text("3")
        await expect(look.get_by_text("complexity low maps builder to gpt-5-mini")).to_have_count(3)
        await button(asked, "Start").click()
        await toast(page, "draft is started")
        run_id = page.url.rpartition("/")[2]
        await service.waits(run_id, "draft")
        await shows_state(page, "in progress")
        await expect(page.get_by_text("Tier 1 / Phase 1 · Only: Phase draft")).to_be_visible()
        await expect(page.get_by_text("0 of 3 phases · 0 %")).to_be_visible()
        await expect(page.get_by_text("touch ~/waits-draft", exact=False).first).to_be_visible()
        await expect(page.get_by_role("status", name="Connection")).to_have_text("Live")

        await button(page, "Pause").click()
        await toast(page, "Pausing: it stops before its next step")
        await shows_state(page, "pausing")
        service.release(run_id, "draft")
        await shows_state(page, "paused")
        await expect(page.get_by_text("Paused on request. It goes on when you resume it.")).to_be_visible()

        await page.get_by_label("Model: builder, core_backend, low").select_option("gpt-5.1")
        await button(dialog(page, "Change the model?"), "Apply for this run only").click()
        await toast(page, "This run: builder, core_backend, low is now gpt-5.1")
        await expect(button(page, "Reset: builder, core_backend, low")).to_be_visible()
        await page.get_by_label("Note for the models").fill("Keep the second one short.")
        await button(page, "Leave the note").click()
        await toast(page, "Note written")
        notes = page.get_by_role("region", name="Latest notes").get_by_role("listitem")
        await expect(notes.first).to_contain_text("Keep the second one short.")
        await expect(notes.first).to_contain_text("not delivered yet")

        await button(page, "Resume").click()
        await toast(page, "The run goes on")
        await service.waits(run_id, "polish")
        await expect(page.get_by_text("Tier 1 / Phase 2 · Only: Phase polish")).to_be_visible()
        await expect(page.get_by_text("1 of 3 phases · 33 %")).to_be_visible()
        await expect(notes.first).to_contain_text("delivered to phase 2, attempt 1 · builder")
        await page.get_by_role("link", name="phase 2, attempt 1").first.click()
        await expect(phase(page, "polish")).to_have_attribute("aria-expanded", "true")
        why = page.get_by_role("region", name="Models, and why these")
        await expect(why).to_contain_text("the run's override for core_backend:low maps builder to gpt-5.1")
        await expect(page.get_by_role("region", name="Notes received")).to_contain_text(
            "Keep the second one short."
        )
        await phase(page, "draft").click()
        await expect(why).to_contain_text("complexity low maps builder to gpt-5-mini")

        service.release(run_id, "polish")
        await shows_state(page, "succeeded")
        await expect(page.get_by_text("3 of 3 phases · 100 %")).to_be_visible()
        await expect(page.get_by_role("progressbar", name="Progress")).to_have_attribute(
            "aria-valuetext", "3 of 3 phases done"
        )


async def test_a_new_default_is_in_the_file_with_its_comments_and_the_next_run_follows(
    browser: Browser, service: Service
) -> None:
    policy = service.world.settings.policy_path
    policy.write_text("# Ours: small models first.\n" + policy.read_text().replace("\n", "  # kept\n", 1))
    before = policy.read_text().splitlines()
    await service.reaches(await service.create(plan_of("used")), "succeeded")
    keep(service, plan_of("again"))
    async with visit(browser, service) as page:
        await page.get_by_role("group", name="Models of").get_by_text("New runs").click()
        cell = page.get_by_label("Model: auditor, core_backend, low")
        await expect(cell).to_have_value("claude-haiku-5-5")
        await cell.select_option("claude-sonnet-5-5")
        await button(dialog(page, "Change the model?"), "Apply as global default").click()
        await toast(page, "New runs: auditor, core_backend, low is now claude-sonnet-5-5")
        await expect(button(page, "Reset: auditor, core_backend, low")).to_be_visible()
        after = policy.read_text().splitlines()
        assert [line for line in after if line in before] == before, "nothing of it is lost"
        assert any("claude-sonnet-5-5" in line for line in after if line not in before)

        await start(page, "again")
        await shows_state(page, "succeeded")
        await expect(page.get_by_label("Model: auditor, core_backend, low")).to_have_value(
            "claude-sonnet-5-5"
        )
        await phase(page, "again").click()
        why = page.get_by_role("region", name="Models, and why these")
        await expect(why).to_contain_text("core_backend:low maps auditor to claude-sonnet-5-5")


async def test_a_run_is_stopped_once_asked_and_what_is_committed_stays(
    browser: Browser, service: Service
) -> None:
    keep(service, plan_of("after", "lost"))
    async with visit(browser, service) as page:
        run_id = await start(page, "after")
        await service.waits(run_id, "lost")
        await expect(page.get_by_text("1 of 2 phases · 50 %")).to_be_visible()
        await button(page, "Stop").click()
        asked = dialog(page, "Stop this run?")
        await expect(asked).to_contain_text(f"What is committed stays: 1 phase on autopack/{run_id}.")
        await button(asked, "Let it run").click()
        await expect(asked).to_be_hidden()
        assert (await service.status(run_id))["state"] == "in_progress"
        await button(page, "Stop").click()
        await button(asked, "Stop it").click()
        await shows_state(page, "stopped")
        await expect(page.get_by_text("It was stopped on request. What is committed stays.")).to_be_visible()
        await expect(page.get_by_text(f"autopack merge {run_id}")).to_be_visible()
        await expect(button(page, "Stop")).to_be_hidden()


async def test_a_failed_phase_is_retried_and_another_is_gone_past(browser: Browser, service: Service) -> None:
    plan = plan_of("mended", "hopeless", "later")
    for told in plan["tiers"][0]["phases"]:
        told["attempts"] = 1
    keep(service, plan)
    async with visit(browser, service) as page:
        await start(page, "mended")
        await shows_state(page, "failed")
        await expect(page.get_by_text("A phase used up its attempts.")).to_be_visible()
        await phase(page, "mended").click()
        verdict = page.get_by_role("region", name="What the Auditor says")
        await expect(verdict).to_contain_text("Not like this.")
        await button(page, "Retry").click()
        await toast(page, "The phase has new attempts")
        await expect(page.get_by_text("1 of 3 phases · 33 %")).to_be_visible()
        await shows_state(page, "failed")
        await expect(page.get_by_text("Attempt 2 of")).to_be_visible()

        await button(page, "Skip").click()
        asked = dialog(page, "Skip a phase?")
        await expect(asked).to_contain_text("The run goes past Phase hopeless.")
        await button(asked, "Skip it").click()
        await shows_state(page, "succeeded")
        await expect(page.get_by_text("1 phase skipped")).to_be_visible()
        await expect(phase(page, "hopeless")).to_contain_text("skipped")


async def test_what_was_used_is_read_and_the_context_is_copied(browser: Browser, service: Service) -> None:
    policy = service.world.settings.policy_path
    capped = policy.read_text().replace("simulated: true}", "simulated: true, weekly_cap_tokens: 1_000_000}")
    policy.write_text(capped)
    keep(service, plan_of("used"))
    copying = ("clipboard-read", "clipboard-write")
    async with visit(browser, service, permissions=copying) as page:
        run_id = await start(page, "used")
        await shows_state(page, "succeeded")
        await button(page, "Copy to clipboard").click()
        await expect(button(page, "Copied")).to_be_visible()
        copied = await page.evaluate("navigator.clipboard.readText()")
        context = await service.client.get(f"{service.url}/dashboard/runs/{run_id}/context")
        assert copied == context.text
        assert run_id in copied

        await page.get_by_role("link", name="Usage", exact=True).click()
        await expect(page.get_by_role("heading", level=1, name="What was used")).to_be_attached()
        await expect(page.get_by_role("region", name="Simulated calls")).to_contain_text("nobody was charged")
        await page.screenshot(path="/tmp/s2.png", full_page=True)
        for pool in ("openai", "anthropic"):
            card = page.get_by_role("region", name=pool)
            await expect(card.get_by_role("meter")).to_be_attached()
        used = await service.client.get(f"{service.url}/dashboard/usage?period=day")
        models = page.get_by_role("table", name="Tokens and cost of each model in the last 7 days")
        for model in {one["model"] for one in used.json()["models"]}:
            await expect(models.get_by_role("row", name=model)).to_contain_text("sim.")
        await page.get_by_role("group", name="Period").get_by_text("Day").click()
        await expect(page).to_have_url(re.compile(r"period=day"))
        await expect(page.get_by_text("In the last 24 hours, since")).to_be_visible()
        await expect(page.get_by_role("table", name="in the last 24 hours")).to_be_visible()
        chart = page.get_by_role("region", name="Over time")
        await expect(
            chart.get_by_role("application", name="Tokens by model in the last 24 hours")
        ).to_be_visible()
        await chart.get_by_label("Parts of the chart").select_option("role")
        await expect(chart).to_contain_text("Builder (simulated)")
        await page.screenshot(path="/tmp/s3.png", full_page=True)
