import { screen, within } from "@testing-library/react";
import { expect, test } from "vitest";
import { renderPage } from "../../testing/page";
import { checkedPhase, checkedPlan, estimate } from "../../testing/planFixtures";
import { PlanLook } from "./PlanLook";

test("the look says tiers and phases, the models and why, and what to be careful about", () => {
  const phases = [
    checkedPhase(1, { verified: false }),
    checkedPhase(2, { same_family: true, tier_name: "Finish" }),
    checkedPhase(3, {
      tier_name: "Finish",
      builder: { model: "my-own", reason: "category docs", key_set: false },
    }),
  ];
  renderPage(
    <PlanLook plan={checkedPlan(0, { tiers: 2, phases, warnings: ["The budget is less than that."] })} />,
    {},
  );
  expect(screen.getByText("2 tiers, 3 phases. Nothing is started yet.")).toBeTruthy();
  expect(screen.getByText("No estimate").parentElement?.textContent).toBe(
    "No estimate: no finished phase of a run yet.",
  );
  const cautions = within(screen.getByRole("list", { name: "Look at this first" })).getAllByRole("listitem");
  expect(cautions.map((one) => one.textContent)).toEqual([
    "No key is set for my-own. Without it the run does not start.",
    "The budget is less than that.",
    "1 phase not verified: no command of the plan checks what is built.",
    "1 phase with Builder and Auditor of the same family: models.yaml has no other.",
  ]);
  const first = screen.getByText("Phase number 1").closest("li");
  expect(first?.textContent).toContain("Not verified");
  expect(first?.textContent).toContain("complexity low maps builder to gpt-6-luna");
  expect(screen.getByText("Phase number 2").closest("li")?.textContent).toContain("Same family");
  expect(screen.getByText("Phase number 3").closest("li")?.textContent).toContain("no key");
  const row = within(screen.getByRole("table", { name: "Models" })).getByRole("row", { name: /gpt-6-luna/ });
  expect(within(row).getAllByRole("cell")[0]?.textContent).toBe("2");
});

test("an estimate says what it rests on, and leaves an unknown cost unknown", () => {
  renderPage(<PlanLook plan={checkedPlan(3, { estimate: estimate() })} />, {});
  expect(screen.getByText("~120.0k tokens · ~$3.40 est. · ~14 min")).toBeTruthy();
  expect(screen.getByText("~300.0k tokens · cost unknown · ~40 min")).toBeTruthy();
  expect(screen.getByText(/2 by phases of the same category and complexity/)).toBeTruthy();
  expect(screen.getByText(/1 phase had nothing to judge by: not in the sums/)).toBeTruthy();
});

test("a simulated estimate says that nobody pays", () => {
  renderPage(<PlanLook plan={checkedPlan(3, { estimate: estimate({ simulated: true }) })} />, {});
  expect(screen.getByText(/~\$3.40 est. \(simulated, nobody pays\)/)).toBeTruthy();
});

test("more than twelve phases are folded, and shown a hundred at a time", async () => {
  const page = renderPage(<PlanLook plan={checkedPlan(130)} />, {});
  expect(screen.queryByText("Phase number 1")).toBeNull();
  await page.user.click(screen.getByText("Show all 130 phases"));
  await screen.findByText("Phase number 100");
  expect(screen.queryByText("Phase number 101")).toBeNull();
  await page.user.click(screen.getByRole("button", { name: "Show 30 more of 30" }));
  expect(screen.getByText("Phase number 130")).toBeTruthy();
});
