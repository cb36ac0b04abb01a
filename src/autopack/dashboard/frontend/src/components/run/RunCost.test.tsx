import { screen, within } from "@testing-library/react";
import { expect, it } from "vitest";
import type { RunUsage } from "../../api/runs";
import { run, spend } from "../../testing/fixtures";
import { Refusal, renderPage } from "../../testing/page";
import { booked, NOTHING, roleUsage, runUsage } from "../../testing/runFixtures";
import { RunCost } from "./RunCost";

const USAGE = `GET /dashboard/runs/${run().run_id}/usage`;

async function open(answer: RunUsage | Refusal) {
  const page = renderPage(<RunCost run={run().run_id} />, { [USAGE]: answer });
  expect(page.asked).toHaveLength(0);
  await page.user.click(screen.getByRole("button", { name: "Where it went" }));
  return page;
}

const rowsOf = async (caption: string) =>
  within(await screen.findByRole("table", { name: caption }))
    .getAllByRole("row")
    .slice(1)
    .map((row) => [...row.children].map((cell) => cell.textContent));
const fact = async (name: RegExp) => (await screen.findByText(name)).nextElementSibling?.textContent;

it("says by role and model what a run used, unknown and unpriced calls as such", async () => {
  const unknown = { ...NOTHING, calls: 1, unknown_calls: 1 };
  await open(
    runUsage({
      roles: [
        roleUsage(),
        roleUsage({ role: "auditor", model: "local", booked: booked({ cost_usd: null, unpriced_calls: 4 }) }),
        roleUsage({ role: "agent:planner", booked: booked(unknown) }),
      ],
    }),
  );
  expect(await rowsOf("By role and model")).toEqual([
    ["builder", "gpt-6-luna", "4", "24.1k", "$0.1234"],
    ["auditor", "local", "4", "24.1k", "no price"],
    ["agent:planner", "gpt-6-luna", "1", "tokens unknown", "cost unknown"],
  ]);
  expect(screen.getByRole("group", { name: "By role and model" }).tabIndex).toBe(0);
});

it("splits the whole by tier, with what is in none", async () => {
  const gone = { id: "old", index: null, name: "Old phase", state: null, booked: booked(), attempts: [] };
  await open(runUsage({ gone: [gone], beside: [roleUsage({ role: "agent:planner" })] }));
  expect((await rowsOf("By tier")).map(([name]) => name)).toEqual([
    "1 · Core",
    "Old phase, no longer in the plan",
    "agent:planner, for no phase",
  ]);
});

it("says what an accepted phase costs, and what failed attempts took", async () => {
  await open(runUsage({ failed_attempts: booked({ tokens: 1_200, cost_usd: "0.01" }) }));
  expect(await fact(/An accepted phase costs/)).toBe("24.1k tokens · $0.1234");
  expect(await fact(/not accepted$/)).toBe("1.2k tokens · $0.0100");
});

const accepted = (changes: Partial<RunUsage["accepted"]>) => ({ ...runUsage().accepted, ...changes });

it.each<[string, Partial<RunUsage>]>([
  ["no phase is accepted yet", { accepted: accepted({ tokens_per_phase: null, cost_usd_per_phase: null }) }],
  ["≥ 24.1k tokens · ≥ $0.1234", { accepted: accepted({ whole: false }) }],
  ["≥ 24.1k tokens · no price", { accepted: accepted({ whole: false, cost_usd_per_phase: null }) }],
  ["24.1k tokens · ~$0.1234 sim.", { real: null, simulated: spend({ simulated: true }) }],
  [
    "tokens unknown · cost unknown",
    {
      booked: booked({ ...NOTHING, calls: 2, unknown_calls: 2 }),
      accepted: accepted({ whole: false, tokens_per_phase: 0, cost_usd_per_phase: null }),
    },
  ],
])("an accepted phase costs: %s", async (text, changes) => {
  await open(runUsage(changes));
  expect(await fact(/An accepted phase costs/)).toBe(text);
  expect(await fact(/not accepted$/)).toBe("nothing");
});

it("says why it can't be said, and asks again", async () => {
  const { user, asked } = await open(new Refusal(503, "database_locked", "The database is locked."));
  expect((await screen.findByRole("alert")).textContent).toContain("The database is locked.");
  await user.click(screen.getByRole("button", { name: "Try again" }));
  expect(asked).toHaveLength(2);
});
