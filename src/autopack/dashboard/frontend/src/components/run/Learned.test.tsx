import { screen, within } from "@testing-library/react";
import { expect, it } from "vitest";
import type { Postmortem } from "../../api/lessons";
import { run, spend } from "../../testing/fixtures";
import { Refusal, renderPage } from "../../testing/page";
import { Learned } from "./Learned";

const RUN = run().run_id;
const GET = `GET /dashboard/runs/${RUN}/postmortem`;

function learned(changes: Partial<Postmortem> = {}): Postmortem {
  return {
    run_id: RUN,
    state: "made",
    reason: "",
    built: "The store is there.",
    failed: "The first attempt lost the log.",
    lessons: [
      { id: "aaaaaaaa", text: "Compare bytes.", state: "proposed" },
      { id: "bbbbbbbb", text: "Use UTC.", state: "accepted" },
    ],
    model: "claude-haiku-5-5",
    simulated: false,
    written_at: "2026-03-03T10:30:00Z",
    phases: [
      { index: 1, id: "store", name: "The store", state: "completed", attempts: 2, usage: spend() },
      {
        index: 2,
        id: "cli",
        name: "The commands",
        state: "failed",
        attempts: 1,
        usage: spend({ calls: 1, unknown_calls: 1, tokens: 0, cost_usd: null }),
      },
    ],
    beside: [],
    as_of: 7,
    ...changes,
  };
}

it("shows the account, and what each phase cost with what is not known of it", async () => {
  renderPage(<Learned run={RUN} />, { [GET]: learned() });
  const region = await screen.findByRole("region", { name: "What was learned" });
  expect(await within(region).findByText("The store is there.")).toBeTruthy();
  expect(within(region).getByText("The first attempt lost the log.")).toBeTruthy();
  const rows = within(within(region).getByRole("table", { name: "Cost by phase" })).getAllByRole("row");
  expect(rows.map((row) => row.textContent)[2]).toContain("unknown");
});

it("accepts and dismisses a lesson, and shows what became of it", async () => {
  let now = learned();
  const decided = (id: string, state: "accepted" | "dismissed") => () => {
    now = learned({ lessons: now.lessons.map((one) => (one.id === id ? { ...one, state } : one)) });
    return now.lessons.find((one) => one.id === id);
  };
  const page = renderPage(<Learned run={RUN} />, {
    [GET]: () => now,
    [`POST /dashboard/runs/${RUN}/lessons/aaaaaaaa`]: decided("aaaaaaaa", "accepted"),
    [`POST /dashboard/runs/${RUN}/lessons/bbbbbbbb`]: decided("bbbbbbbb", "dismissed"),
  });
  await page.user.click(await screen.findByRole("button", { name: "Accept", description: /Compare bytes/ }));
  expect(await screen.findAllByText("accepted")).toHaveLength(2);
  expect(screen.getAllByRole("button", { name: "Accept", pressed: true })).toHaveLength(2);
  await page.user.click(screen.getByRole("button", { name: "Dismiss", description: /Use UTC/ }));
  expect(
    await screen.findByRole("button", { name: "Dismiss", description: /Use UTC/, pressed: true }),
  ).toBeTruthy();
  const sent = page.asked.filter(({ method }) => method === "POST").map(({ body }) => body);
  expect(sent).toEqual([{ decision: "accepted" }, { decision: "dismissed" }]);
});

it("says why a lesson could not be decided about", async () => {
  const page = renderPage(<Learned run={RUN} />, {
    [GET]: learned(),
    [`POST /dashboard/runs/${RUN}/lessons/aaaaaaaa`]: new Refusal(409, "conflict", "lessons.md is full."),
  });
  await page.user.click(await screen.findByRole("button", { name: "Accept", description: /Compare bytes/ }));
  expect((await screen.findByRole("alert")).textContent).toContain("lessons.md is full.");
});

it.each([
  [{ state: "writing" }, "It is being written."],
  [{ state: "not_made", reason: "a key is not set" }, "It was not written: a key is not set."],
] as const)("says where it is: %o", async (changes, said) => {
  renderPage(<Learned run={RUN} />, { [GET]: learned({ ...changes, lessons: [] }) });
  expect(await screen.findByText(said)).toBeTruthy();
  expect(screen.queryByRole("button", { name: "Accept" })).toBeNull();
});

it("is not there where a run has none", async () => {
  const page = renderPage(<Learned run={RUN} />, { [GET]: learned({ state: "none" }) });
  await expect.poll(() => screen.queryByRole("region")).toBeNull();
  expect(page.asked).toHaveLength(1);
});
