import { act, screen, waitFor, within } from "@testing-library/react";
import { useState } from "react";
import { describe, expect, it } from "vitest";
import type { Run } from "../api/runs";
import { run } from "../testing/fixtures";
import { type Answers, Refusal, renderPage } from "../testing/page";
import { outline, phaseOutline } from "../testing/runFixtures";
import { RunControls } from "./RunControls";

const AT = `/runs/${run().run_id}`;

function answer(state: string, changed = true) {
  return { run_id: run().run_id, state, changed };
}

function open(changes: Partial<Run> = {}, answers: Answers = {}) {
  const page = renderPage(<RunControls run={run(changes)} />, answers);
  const posted = () => page.asked.filter((one) => one.method === "POST");
  return { ...page, posted };
}

/** As the service tells of a run that has ended: it is at no phase. */
const OVER: Partial<Run> = { driven: false, current_phase_id: null, current_phase_name: null };

const names = () => screen.queryAllByRole("button").map((one) => one.textContent);
const press = (name: string) => screen.getByRole("button", { name });

describe("the buttons that steer a run", () => {
  it.each<[string, Partial<Run>, string[]]>([
    ["is queued", { state: "queued", driven: false, completed_phases: 0 }, ["Pause", "Skip", "Stop"]],
    ["works", {}, ["Pause", "Stop"]],
    ["is to pause", { state: "pausing" }, ["Resume", "Stop"]],
    ["is paused", { state: "paused", driven: false, waits_for: "asked" }, ["Resume", "Skip", "Stop"]],
    [
      "is scheduled",
      { state: "scheduled", driven: false, waits_for: "quota_reset" },
      ["Pause", "Resume", "Skip", "Stop"],
    ],
    ["was interrupted", { driven: false, interrupted: true }, ["Pause", "Resume", "Skip", "Stop"]],
    ["is being stopped", { state: "cancelling" }, []],
    ["succeeded", { state: "succeeded", driven: false, completed_phases: 5, current_phase_id: null }, []],
    ["failed", { ...OVER, state: "failed", end_reason: "attempts_exhausted" }, ["Retry", "Skip"]],
    [
      "failed before a phase",
      { ...OVER, state: "failed", end_reason: "baseline_red", attempts: 0 },
      ["Retry"],
    ],
    ["was stopped", { ...OVER, state: "cancelled", end_reason: "cancelled" }, ["Retry", "Skip"]],
    ["was discarded", { ...OVER, state: "failed", discarded_at: "2026-03-03T12:00:00Z" }, []],
  ])("are those that apply to one that %s", (_, changes, expected) => {
    open(changes);
    expect(names()).toEqual(expected);
  });

  it("pause at once, and say what that means", async () => {
    const { user, posted } = open({}, { [`POST ${AT}/pause`]: answer("pausing") });
    await user.click(press("Pause"));
    expect(await screen.findByText("Pausing: it stops before its next step")).toBeTruthy();
    expect(posted().map((one) => one.path)).toEqual([`${AT}/pause`]);
  });

  it("say where there was nothing to do any more", async () => {
    const { user } = open({}, { [`POST ${AT}/pause`]: answer("paused", false) });
    await user.click(press("Pause"));
    expect(await screen.findByText("It is paused already")).toBeTruthy();
  });

  it("can't be pressed twice while the first press is on its way", async () => {
    let done: (said: unknown) => void = () => undefined;
    const late = new Promise((said) => {
      done = said;
    });
    const { user, posted } = open({ state: "paused" }, { [`POST ${AT}/resume`]: () => late });
    await user.click(press("Resume"));
    await user.click(press("Resume"));
    expect(press("Resume").getAttribute("aria-busy")).toBe("true");
    expect(posted()).toHaveLength(1);
    done(answer("in_progress"));
    expect(await screen.findByText("The run goes on")).toBeTruthy();
  });

  it("stop after one question that says what is kept", async () => {
    const { user, posted } = open({}, { [`POST ${AT}/cancel`]: answer("cancelling") });
    await user.click(press("Stop"));
    const dialog = within(screen.getByRole("dialog", { name: "Stop this run?" }));
    expect(
      dialog.getByText("What is committed stays: 1 phase on autopack/run_20260303_101500_ab12."),
    ).toBeTruthy();
    expect(posted()).toHaveLength(0);
    await user.click(dialog.getByRole("button", { name: "Stop it" }));
    expect(await screen.findByText("Stopping")).toBeTruthy();
    expect(screen.queryByRole("dialog")).toBeNull();
    expect(posted().map((one) => one.path)).toEqual([`${AT}/cancel`]);
  });

  it("say that nothing is committed where nothing is, and let it run", async () => {
    const { user, posted } = open({ completed_phases: 0 });
    await user.click(press("Stop"));
    expect(screen.getByText("Nothing is committed yet.")).toBeTruthy();
    await user.click(press("Let it run"));
    expect(screen.queryByRole("dialog")).toBeNull();
    expect(posted()).toHaveLength(0);
  });

  it("skip the phase that the question named, whatever the run is at by then", async () => {
    let move: (to: Run) => void = () => undefined;
    const Moving = () => {
      const [shown, setShown] = useState(run({ state: "paused", driven: false }));
      move = setShown;
      return <RunControls run={shown} />;
    };
    const { user, asked } = renderPage(<Moving />, { [`POST ${AT}/skip`]: answer("in_progress") });
    await user.click(press("Skip"));
    act(() =>
      move(
        run({ state: "paused", driven: false, current_phase_id: "cli", current_phase_name: "Command line" }),
      ),
    );
    expect(screen.getByText("Task store")).toBeTruthy();
    await user.click(press("Skip it"));
    expect(await screen.findByText("The run goes past “Task store”")).toBeTruthy();
    expect(asked.filter((one) => one.method === "POST").map((one) => one.body)).toEqual([{ phase: "store" }]);
  });

  it("name the phase that a run stopped at before it is skipped", async () => {
    const stopped = outline([
      phaseOutline(1, { state: "completed", name: "Done" }),
      phaseOutline(2, { state: "failed", name: "Task store" }),
    ]);
    const { user } = open(
      { ...OVER, state: "failed", end_reason: "attempts_exhausted" },
      { [`GET /dashboard${AT}/outline`]: stopped },
    );
    await user.click(press("Skip"));
    expect(await screen.findByText("Task store")).toBeTruthy();
  });

  it("give a failed phase new attempts", async () => {
    const { user, posted } = open({ state: "failed" }, { [`POST ${AT}/retry`]: answer("queued") });
    await user.click(press("Retry"));
    expect(await screen.findByText("The phase has new attempts")).toBeTruthy();
    expect(posted().map((one) => one.path)).toEqual([`${AT}/retry`]);
  });

  it("say in words why something did not work, and are there again", async () => {
    const refusal = new Refusal(409, "conflict", "The branch is checked out.", "Check out another one.");
    const { user } = open({ state: "paused" }, { [`POST ${AT}/resume`]: refusal });
    await user.click(press("Resume"));
    const dialog = await screen.findByRole("dialog", { name: "That did not work" });
    expect(within(dialog).getByRole("alert").textContent).toBe(
      "The branch is checked out.Check out another one.",
    );
    await user.click(within(dialog).getByRole("button", { name: "Close" }));
    expect(screen.queryByRole("dialog")).toBeNull();
    expect(press("Resume")).toBeTruthy();
  });

  it("say in the question why a stop or a skip did not work, and not at the next one", async () => {
    const refusal = new Refusal(409, "conflict", "It has ended meanwhile.");
    const answers = { [`POST ${AT}/cancel`]: refusal, [`POST ${AT}/skip`]: refusal };
    const { user } = open({ state: "paused", driven: false }, answers);
    for (const [ask, confirm, refuse] of [
      ["Stop", "Stop it", "Let it run"],
      ["Skip", "Skip it", "Don't skip"],
    ] as const) {
      await user.click(press(ask));
      await user.click(press(confirm));
      expect(await screen.findByText("It has ended meanwhile.")).toBeTruthy();
      await user.click(press(refuse));
      await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
      await user.click(press(ask));
      expect(screen.queryByRole("alert")).toBeNull();
      await user.click(press(refuse));
    }
  });
});
