import { act, screen, waitFor, within } from "@testing-library/react";
import axe from "axe-core";
import { describe, expect, it } from "vitest";
import { type Attempt, type PhaseDetail, runKeys } from "../../api/runs";
import { run, spend } from "../../testing/fixtures";
import { decision } from "../../testing/modelFixtures";
import { type Answers, Refusal, renderPage } from "../../testing/page";
import { at, attempt, check, NOTHING, output, phaseDetail } from "../../testing/runFixtures";
import { PhaseDetails } from "./PhaseDetails";

const RUN = run().run_id;
const PHASE = `GET /dashboard/runs/${RUN}/phases/1`;

function show(answer: PhaseDetail | Refusal | (() => PhaseDetail), answers: Answers = {}) {
  return renderPage(<PhaseDetails run={RUN} phase={1} />, { [PHASE]: answer, ...answers });
}

/** One attempt, open. */
async function showOne(changes: Partial<Attempt> = {}, more: Partial<PhaseDetail> = {}) {
  const page = show(phaseDetail([attempt(1, changes)], more));
  await screen.findByText("Attempt 1");
  return page;
}

const summaries = () => screen.getAllByText(/^Attempt \d/).map((one) => one.closest("summary")?.textContent);
const part = (name: string, number = 1) => screen.getByRole("region", { name: `${name}, attempt ${number}` });

describe("the attempts at a phase", () => {
  it("stand newest first, the newest open", async () => {
    const rejected = attempt(1, { outcome: "rejected", summary: "A first try." });
    show(phaseDetail([rejected, attempt(2, { started_at: at(3), ended_at: at(4) })]));
    await screen.findByText("Attempt 2");
    expect(summaries()).toEqual([
      expect.stringMatching(/^Attempt 2 of 3committed.* · 1 min 00 s24\.1k tokens · \$0\.1234$/),
      expect.stringMatching(/^Attempt 1 of 3rejected.* · 2 min 00 s24\.1k tokens · \$0\.1234$/),
    ]);
    expect(screen.getByText("Wrote the task store.")).toBeTruthy();
    expect(screen.queryByText("A first try.")).toBeNull();
  });

  it("stay open when a newer one begins", async () => {
    const answers = [
      phaseDetail([attempt(1)]),
      phaseDetail([
        attempt(1),
        attempt(2, { outcome: "open", ended_at: null, summary: "", usage: spend(NOTHING) }),
      ]),
    ];
    const { queries } = show(() => answers.shift() as PhaseDetail);
    await screen.findByText("Wrote the task store.");
    await act(() => queries.invalidateQueries({ queryKey: runKeys.one(RUN) }));
    await screen.findByText("Attempt 2");
    expect(summaries()[0]).toMatch(/^Attempt 2 of 3under way[^·]*$/);
    expect(screen.getByText("Wrote the task store.")).toBeTruthy();
  });

  it("are told apart by who hears the page instead of seeing it", async () => {
    const failed = { failure: "It failed.", failure_output: "E", outcome: "verification_failed" };
    const { user, container } = show(phaseDetail([attempt(1, failed), attempt(2, failed)]));
    await user.click(await screen.findByText("Attempt 1"));
    for (const what of ["What the next attempt is shown of it", "The end of its output"]) {
      for (const summary of await screen.findAllByText(what)) await user.click(summary);
    }
    await waitFor(() =>
      expect(screen.getAllByRole("group", { name: "The end of its output" })).toHaveLength(2),
    );
    const { violations } = await axe.run(container, {
      rules: { "color-contrast": { enabled: false } }, // jsdom draws nothing
    });
    expect(violations.map((one) => `${one.id}: ${one.nodes[0]?.html}`)).toEqual([]);
  });

  it("are none yet, or can't be had: both is said", async () => {
    const { unmount } = show(phaseDetail([]));
    expect(await screen.findByText("Not begun yet. It may have 3 attempts.")).toBeTruthy();
    unmount();
    show(new Refusal(503, "database_locked", "The database is locked.", "Try again in a moment."));
    expect((await screen.findByRole("alert")).textContent).toContain("Try again in a moment.");
  });

  it("say why one was not accepted, and what the next is shown of it", async () => {
    const { user } = await showOne({
      outcome: "verification_failed",
      failure: "`pytest -q` ended with exit code 1",
      failure_output: "assert 1 == 2",
      verdict: null,
    });
    expect(screen.getByText("verification failed")).toBeTruthy();
    expect(part("Why it was not accepted").textContent).toContain("`pytest -q` ended with exit code 1");
    expect(screen.queryByText("assert 1 == 2")).toBeNull();
    await user.click(screen.getByText("What the next attempt is shown of it"));
    expect(await screen.findByText("assert 1 == 2")).toBeTruthy();
  });

  it("say what each role used, and never zero for what is not known", async () => {
    const unknown = spend({ ...NOTHING, calls: 1, unknown_calls: 1 });
    await showOne({
      usage: unknown,
      usage_by_role: [
        { role: "builder", model: "gpt-6-luna", usage: unknown },
        { role: "auditor", model: "local", usage: spend({ cost_usd: null, unpriced_calls: 4 }) },
      ],
    });
    expect(summaries()[0]).toMatch(/tokens unknown · cost unknown$/);
    const used = within(part("What it used")).getAllByRole("listitem");
    expect(used.map((one) => one.textContent)).toEqual([
      "builder · gpt-6-lunatokens unknown · cost unknown",
      "auditor · local24.1k tokens · no price",
    ]);
  });
});

describe("why an attempt had its models", () => {
  it("is said of each, with all that were considered", async () => {
    const { user } = await showOne();
    const why = within(part("Models, and why these"));
    expect(why.getByText(/took claude-sonnet-5-5$/)).toBeTruthy();
    expect(why.getByText("complexity low maps auditor to it")).toBeTruthy();
    expect(why.queryByText("the first fallback")).toBeNull();
    await user.click(why.getByText("2 models considered"));
    const [no, yes] = await why.findAllByRole("listitem");
    expect(no?.textContent).toContain("gpt-6-luna openai is above its soft limit");
    expect(within(no as HTMLElement).getByLabelText("Not taken")).toBeTruthy();
    expect(within(yes as HTMLElement).getByLabelText("Taken")).toBeTruthy();
  });

  it("names a script that answered, and an Auditor of the Builder's family", async () => {
    const { model } = decision();
    await showOne({ builder: decision({ same_family: true, model: { ...model, simulated: true } }) });
    const why = within(part("Models, and why these"));
    expect(why.getByText("simulated")).toBeTruthy();
    expect(why.getByText("same family")).toBeTruthy();
  });

  it("is not known before they are chosen", async () => {
    await showOne({ builder: null, auditor: null });
    expect(screen.queryByText("Models, and why these")).toBeNull();
  });
});

describe("what ran on a change", () => {
  const ran = () => within(part("What ran")).getAllByRole("listitem");

  it.each<[string, string, Parameters<typeof check>[0]]>([
    ["Passed", "verify · exit code 0 · 3 s · tree 3f0c2d3e4b", {}],
    ["Failed", "verify · exit code 2 · 3 s · tree 3f0c2d3e4b", { exit_code: 2 }],
    ["Failed", "verify · out of time · 1 min 05 s · tree", { timed_out: true, duration_seconds: 65 }],
    [
      "Failed",
      "verify · over its limit of memory (2 GiB of 1 GiB) · 3 s",
      { exceeded: "memory", exceeded_by: "2 GiB of 1 GiB" },
    ],
    [
      "Failed",
      "exit code 1 · 3 s · 9 passed, 2 failed, 1 error, 3 skipped",
      { exit_code: 1, counts: { passed: 9, failed: 2, errors: 1, skipped: 3 } },
    ],
  ])("%s: %s", async (sign, text, changes) => {
    await showOne({ checks: [check(changes)] });
    const [one] = ran();
    expect(within(one as HTMLElement).getByLabelText(sign)).toBeTruthy();
    expect(one?.textContent).toContain("pytest -q");
    expect(one?.textContent).toContain(text);
  });

  it("has the end of its output, each command its own, hidden signs and all", async () => {
    const { user } = await showOne(
      { checks: [check({}, "setup"), check()] },
      {
        outputs: [
          output({ step: "setup", lines: [] }),
          output({ lines: ["\u001b[32m12 passed\u001b[0m", "done\u202e"], left_out: 1_400 }),
        ],
      },
    );
    const [setup, verify] = ran();
    expect(within(setup as HTMLElement).queryByText("The end of its output")).toBeNull();
    await user.click(within(verify as HTMLElement).getByText("The end of its output"));
    const shown = await screen.findByRole("group", { name: "The end of its output" });
    expect(shown.textContent).toBe("… 1,400 lines before\n12 passed\ndone\\u202e");
    expect(shown.tabIndex).toBe(0);
  });

  it("says where its output is gone", async () => {
    const { user } = await showOne({}, { outputs: [output({ lines: [], gone: true })] });
    await user.click(screen.getByText("Its output is gone"));
    expect(await screen.findByText(/was removed from Autopack's folder by hand/)).toBeTruthy();
  });

  it("may be the same command twice", async () => {
    await showOne({ checks: [check(), check()] }, { outputs: [output(), output()] });
    expect(ran()).toHaveLength(2);
  });
});

it("shows the Auditor's verdict and each thing it found", async () => {
  await showOne({
    outcome: "rejected",
    verdict: {
      decision: "reject",
      summary: "It writes outside its folder\u200b.",
      issues: [
        { severity: "major", file: "todo/store.py", line: 12, text: "Paths are not checked." },
        { severity: "minor", file: "", line: null, text: "No test for it." },
      ],
    },
  });
  const verdict = part("What the Auditor says");
  expect(verdict.querySelector("p")?.textContent).toBe("rejectedIt writes outside its folder\\u200b.");
  expect(
    within(verdict)
      .getAllByRole("listitem")
      .map((one) => one.textContent),
  ).toEqual(["major todo/store.py:12 Paths are not checked.", "minor  No test for it."]);
});

it("shows the notes that its prompts carried, also those that are withdrawn", async () => {
  const note = { note_id: "3f9c2a1b", attempt: 1, role: "builder", delivered_at: at(1), lesson: false };
  await showOne(
    {},
    {
      notes: [
        { ...note, author: "Ada", text: "Backend only." },
        { ...note, note_id: "2", role: "auditor", author: null, text: null },
      ],
    },
  );
  const notes = within(screen.getByRole("region", { name: "Notes received" })).getAllByRole("listitem");
  expect(notes.map((one) => one.textContent)).toEqual([
    "Ada, to the builder of attempt 1: Backend only.",
    "someone, to the auditor of attempt 1: taken out of the file since",
  ]);
});

describe("what an attempt changed", () => {
  const DIFF = `GET /dashboard/runs/${RUN}/diff`;
  const diff = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-old\n+new\u202e\n same\n";
  const open = async (answer: unknown, detail = phaseDetail([attempt(1)])) => {
    const page = show(detail, { [DIFF]: answer });
    const summary = await screen.findByText("What it changed");
    const asked = () => page.asked.filter((one) => one.path.endsWith("/diff"));
    expect(asked()).toHaveLength(0);
    await page.user.click(summary);
    return { ...page, summary, diffs: asked };
  };
  const lines = () => [
    ...(screen.getByRole("group", { name: "The change" }).querySelectorAll("pre > span") ?? []),
  ];

  it("is asked for when it is opened, once, whatever happens to the run", async () => {
    const { user, queries, diffs, summary, asked } = await open(diff);
    await screen.findByText("+new\\u202e");
    expect(diffs().map((one) => [one.query.get("phase"), one.query.get("attempt")])).toEqual([["1", "1"]]);
    await act(() => queries.invalidateQueries({ queryKey: runKeys.one(RUN) }));
    await act(() => queries.invalidateQueries());
    await act(() => queries.refetchQueries({ type: "active" }));
    await user.click(summary);
    await waitFor(() => expect(screen.queryByRole("group", { name: "The change" })).toBeNull());
    await user.click(summary);
    await screen.findByText("+new\\u202e");
    expect(asked.filter((one) => one.path.endsWith("/phases/1")).length).toBeGreaterThan(2);
    expect(diffs()).toHaveLength(1);
  });

  it("is told by signs, not by colour alone", async () => {
    await open(diff);
    await screen.findByText("-old");
    expect(lines().map((one) => one.textContent)).toEqual([
      "diff --git a/x b/x",
      "--- a/x",
      "+++ b/x",
      "@@ -1 +1 @@",
      "-old",
      "+new\\u202e",
      " same",
    ]);
  });

  it("is cut where it is long, and there at the press of a button", async () => {
    const long = Array.from({ length: 1_000 }, (_, line) => `+line ${line}\n`).join("");
    const { user } = await open(long);
    await screen.findByText("+line 399");
    expect(lines()).toHaveLength(400);
    await user.click(screen.getByRole("button", { name: "Show all 1,000 lines: 600 more" }));
    expect(lines()).toHaveLength(1_000);
    expect(screen.queryByRole("button", { name: /Show all/ })).toBeNull();
  });

  it("may be nothing, and may not be had", async () => {
    const { unmount } = await open("");
    expect(await screen.findByText("It changed nothing.")).toBeTruthy();
    unmount();
    const { user, diffs } = await open(new Refusal(404, "not_found", "The diff is gone."));
    expect((await screen.findByRole("alert")).textContent).toContain("The diff is gone.");
    await user.click(screen.getByRole("button", { name: "Try again" }));
    await waitFor(() => expect(diffs()).toHaveLength(2));
  });

  it("is not there before there is any", async () => {
    await showOne({ outcome: "open", diff_sha: null });
    expect(screen.queryByText("What it changed")).toBeNull();
  });
});
