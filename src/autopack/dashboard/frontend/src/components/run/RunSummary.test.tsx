import { act, screen } from "@testing-library/react";
import { useState } from "react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Run } from "../../api/runs";
import { run, spend } from "../../testing/fixtures";
import { renderPage } from "../../testing/page";
import { at, NOTHING } from "../../testing/runFixtures";
import { RunSummary } from "./RunSummary";

const ENDED = { driven: false, activity: null, ended_at: at(6), current_phase_index: null };
const WAITS = { driven: false, activity: null };

function show(changes: Partial<Run> = {}) {
  return renderPage(<RunSummary run={run(changes)} />, {});
}

/** The text of the whole, as one reads it. */
const said = () => screen.getByRole("region", { name: "todo-cli" }).textContent;
const fact = (name: string) => screen.getByText(name, { selector: "dt" }).parentElement?.textContent;

describe("the state of a run", () => {
  it.each<[string, string, Partial<Run>]>([
    ["queued", "It waits for its turn.", { ...WAITS, state: "queued", started_at: null }],
    ["about to go on", "A process takes it up in a moment.", WAITS],
    ["pausing", "It stops before its next step.", { state: "pausing" }],
    ["cancelling", "It is being stopped. What is committed stays.", { state: "cancelling" }],
    ["paused", "Paused on request.", { ...WAITS, state: "paused", waits_for: "asked" }],
    ["paused", "The plan's budget is reached.", { ...WAITS, state: "paused", waits_for: "budget_reached" }],
    ["paused", "No model has quota left.", { ...WAITS, state: "paused", waits_for: "quota_reset" }],
    ["paused", "It waits: a new reason.", { ...WAITS, state: "paused", waits_for: "a_new_reason" }],
    ["interrupted", "The process that drove it is gone. Resume it", { ...WAITS, interrupted: true }],
    [
      "interrupted",
      "No process takes it up. Resume it.",
      { ...WAITS, state: "queued", interrupted: true, started_at: null },
    ],
    ["succeeded", "Every phase is done.", { ...ENDED, state: "succeeded", end_reason: "completed" }],
    ["stopped", "It was stopped on request.", { ...ENDED, state: "cancelled", end_reason: "cancelled" }],
    ...(
      [
        ["attempts_exhausted", "A phase used up its attempts."],
        ["baseline_red", "The untouched commit fails its own checks, so nothing was spent."],
        ["setup_failed", "The plan's setup failed."],
        ["provider_refused", "A provider refused the request."],
        ["unavailable", "Something outside Autopack was missing."],
        ["branch_moved", "Somebody else moved the run's branch."],
        ["budget_reached", "The plan's budget is reached."],
        ["quota_reached", "No quota was left for critical work"],
        ["time_limit", "A time limit was reached."],
        ["stalled", "Nothing moved for too long."],
        ["internal_error", "Autopack itself failed. This is a defect."],
        ["of_a_newer_service", "of a newer service."],
      ] as const
    ).map(([end_reason, reason]): [string, string, Partial<Run>] => [
      "failed",
      reason,
      { ...ENDED, state: "failed", end_reason },
    ]),
  ])("is said in words, with its reason: %s, %s", (state, reason, changes) => {
    show(changes);
    expect(screen.getByText(state)).toBeTruthy();
    expect(said()).toContain(reason);
  });

  it("needs no reason while it works", () => {
    show();
    expect(screen.getByText("in progress")).toBeTruthy();
    expect(screen.getByText("Tier 1 / Phase 2 · Core: Task store")).toBeTruthy();
    expect(said()).toContain("1 of 5 phases · 20 %");
    expect(screen.getByRole("progressbar", { name: "Progress" }).getAttribute("aria-valuetext")).toBe(
      "1 of 5 phases done",
    );
    expect(screen.queryByText("needs you")).toBeNull();
  });

  it("says when it goes on by itself, and is not red", () => {
    const five = new Date();
    five.setHours(14, 5, 0, 0);
    show({ ...WAITS, state: "scheduled", waits_for: "quota_reset", resumes_at: five.toISOString() });
    const badge = screen.getByText("scheduled · resumes 14:05").parentElement;
    expect(badge?.className).toContain("text-wait");
    expect(badge?.className).not.toContain("bad");
    expect(said()).toContain("It goes on by itself when there is room again.");
  });

  it("says that somebody is needed, that nothing holds what runs, and the particulars of an end", () => {
    show({
      ...ENDED,
      state: "failed",
      end_reason: "setup_failed",
      end_detail: "`npm ci` failed\u202e",
      needs_you: true,
      sandboxed: false,
    });
    expect(screen.getByText("needs you")).toBeTruthy();
    expect(screen.getByText("no sandbox")).toBeTruthy();
    expect(screen.getByText("`npm ci` failed\\u202e")).toBeTruthy();
  });
});

describe("what one does with an ended run", () => {
  const done = { ...ENDED, state: "succeeded", end_reason: "completed", completed_phases: 5 };

  it("is to merge it, by a command that can be copied", () => {
    show(done);
    expect(said()).toContain("The work is on autopack/run_20260303_101500_ab12.");
    expect(screen.getByText("autopack merge run_20260303_101500_ab12")).toBeTruthy();
    expect(screen.getByRole("button", { name: "Copy" })).toBeTruthy();
    expect(screen.getByText("5 phases done")).toBeTruthy();
  });

  it.each<[RegExp, Partial<Run>]>([
    [/Its work was merged .*\d\d:\d\d\./, { merged_at: at(9) }],
    [/Its branch and workspace were deleted .*\d\d:\d\d\./, { discarded_at: at(9) }],
    [/Nothing was committed; the repository is as it was\./, { head_commit: run().base_commit }],
    [/Nothing was committed; the repository is as it was\./, { head_commit: null }],
  ])("is nothing where %s", (text, changes) => {
    show({ ...done, ...changes });
    expect(screen.getByText(text)).toBeTruthy();
    expect(screen.queryByRole("button", { name: "Copy" })).toBeNull();
  });

  it("is not asked before the end", () => {
    show({ ...WAITS, state: "paused", waits_for: "asked" });
    expect(screen.queryByText(/autopack merge/)).toBeNull();
  });
});

describe("what a run used", () => {
  it.each([
    [1_580_000, "79 %", "bg-good"],
    [1_600_000, "80 %", "bg-warn"],
    [1_799_000, "89 %", "bg-warn"],
    [1_800_000, "90 %", "bg-bad"],
    [2_100_000, "105 %", "bg-bad"],
  ])("warns by its budget, in words and by colour: %i tokens, %s", (used, share, look) => {
    show({ tokens_used: used, usage: spend({ tokens: used }) });
    expect(fact("Tokens")).toContain(`of 2.00M budget · ${share}`);
    const bar = screen.getByRole("progressbar", { name: "Token budget" });
    expect(bar.getAttribute("aria-valuetext")).toBe(`${share} used`);
    expect(bar.firstElementChild?.className).toContain(look);
  });

  it("warns by its budget of dollars, too", () => {
    show({ cost_usd: "4.60", usage: spend({ cost_usd: "4.60" }) });
    expect(fact("Cost")).toBe("Cost$4.60of $5.00 budget · 92 %");
    expect(screen.getByRole("progressbar", { name: "Cost budget" }).firstElementChild?.className).toContain(
      "bg-bad",
    );
  });

  it("has no share of a budget where there is none", () => {
    show({ token_budget: null, cost_budget_usd: null });
    expect(fact("Tokens")).toBe("Tokens24.1k");
    expect(fact("Cost")).toBe("Cost$0.1234");
  });

  it("is never zero where nothing is known", () => {
    const usage = spend({ ...NOTHING, calls: 2, unknown_calls: 2, unknown_tokens: 9_000 });
    show({ usage, tokens_used: 0, cost_usd: null });
    expect(fact("Tokens")).toBe("Tokenstokens unknownof 2.00M budget · share unknown");
    expect(fact("Cost")).toBe("Costcost unknownof $5.00 budget · share unknown");
    expect(screen.queryByRole("progressbar", { name: /budget/ })).toBeNull();
  });

  it("is at least what is known", () => {
    show({ usage: spend({ unknown_calls: 1, unknown_tokens: 9_000 }), tokens_used: 400_000 });
    expect(fact("Tokens")).toBe("Tokens≥ 24.1kof 2.00M budget · ≥ 20 %");
    expect(fact("Cost")).toBe("Cost≥ $0.1234of $5.00 budget · ≥ 2 %");
  });

  it("has no price where none is known, and no dollars that nobody paid", () => {
    const { unmount } = show({ cost_usd: null, usage: spend({ cost_usd: null, unpriced_calls: 4 }) });
    expect(fact("Cost")).toBe("Costno priceof $5.00 budget · share unknown");
    unmount();
    show({ usage: spend({ simulated: true }), cost_budget_usd: null });
    expect(fact("Cost")).toBe("Cost~$0.1234 sim.");
  });

  it("says what was found and left out", () => {
    show({ issue_counts: { major: 2, minor: 1 }, skipped_phases: 1, unverified_phases: 2 });
    expect(fact("Attempts")).toBe("Attempts32 major, 1 minor issue1 phase skipped2 verified by nothing");
  });
});

describe("the time of a run", () => {
  const pass = (seconds: number) => act(() => vi.advanceTimersByTimeAsync(seconds * 1_000));
  beforeEach(() => void vi.useFakeTimers({ now: new Date("2026-03-03T10:20:31Z") }));
  afterEach(() => void vi.useRealTimers());

  it("goes on while it works, and its waits are said apart", async () => {
    show({ elapsed_seconds: 330, working_seconds: 200 });
    expect(fact("Working time")).toBe("Working time3 min 20 s5 min 30 s with waits");
    await pass(5);
    expect(fact("Working time")).toBe("Working time3 min 25 s5 min 35 s with waits");
  });

  it("stands still while nobody works, and is none before the start", async () => {
    const { unmount } = show({ ...WAITS, state: "paused", waits_for: "asked" });
    await pass(60);
    expect(fact("Working time")).toBe("Working time5 min 00 s");
    unmount();
    show({ ...WAITS, state: "queued", started_at: null, elapsed_seconds: null, working_seconds: null });
    expect(fact("Working time")).toBe("Working time–");
    expect(said()).toContain("started not yet");
  });

  it("has a neutral word after five minutes without anything new, that names what it waits for", async () => {
    const activity = {
      what: "verify",
      doing: "pytest -q",
      phase_id: "store",
      tokens: null,
      since: "2026-03-03T10:20:31Z",
    };
    let move: (to: Run) => void = () => undefined;
    const Moving = () => {
      const [shown, setShown] = useState(run({ activity }));
      move = setShown;
      return <RunSummary run={shown} />;
    };
    renderPage(<Moving />, {});
    await pass(300);
    expect(screen.queryByText(/Nothing new/)).toBeNull();
    await pass(2);
    const notice = screen.getByText(/Nothing new for 5 min 02 s\. It waits for: verifying, pytest -q\./);
    expect(notice.className).toContain("text-muted");
    act(() => move(run({ activity: { ...activity, doing: "ruff check", since: "2026-03-03T10:25:32Z" } })));
    expect(screen.queryByText(/Nothing new/)).toBeNull();
    expect(screen.getByText("ruff check")).toBeTruthy();
  });

  it("says what it does, with the tokens of the conversation so far, and hides no sign of it", () => {
    show({
      activity: {
        ...run().activity,
        doing: "edit a\u200bb",
        since: "2026-03-03T10:20:23Z",
      } as Run["activity"],
    });
    expect(said()).toContain("Builderedit a\\u200bb8.2k tokens · 8 s");
  });
});
