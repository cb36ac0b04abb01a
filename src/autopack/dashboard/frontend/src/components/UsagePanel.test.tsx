import { screen, waitFor, within } from "@testing-library/react";
import { expect, it } from "vitest";
import { usageKeys } from "../api/usage";
import { spend } from "../testing/fixtures";
import { type Answers, Refusal, renderPage } from "../testing/page";
import { EMPTY, modelUsage, part, pool, series, usage } from "../testing/usageFixtures";
import UsagePanel from "./UsagePanel";

const USAGE = "GET /dashboard/usage";

function show(answers: Answers = {}, at = "/view/usage") {
  const all = { [USAGE]: usage(), "GET /dashboard/usage/series": series([]), ...answers };
  return renderPage(<UsagePanel />, all, at);
}

it("asks for the week, and for the period that is chosen, and keeps that in the address", async () => {
  const { asked, user, location } = show();
  expect(await screen.findByText(/In the last 7 days/)).toBeDefined();
  expect(asked.find((one) => one.path === "/dashboard/usage")?.query.get("period")).toBe("week");

  await user.click(screen.getByRole("radio", { name: "Month" }));

  await waitFor(() => expect(asked.filter((one) => one.query.get("period") === "month")).toHaveLength(2));
  expect(location.history?.at(-1)).toBe("/view/usage?period=month");
});

it("takes the period of the address, and the week where that names none", async () => {
  show({}, "/view/usage?period=day");
  expect(screen.getByRole<HTMLInputElement>("radio", { name: "Day" }).checked).toBe(true);
});

it("says that there was no call, and what to do", async () => {
  show({ [USAGE]: usage(EMPTY) });
  expect(await screen.findByText("No call was made in the last 7 days.")).toBeDefined();
  expect(screen.getByText(/Choose a longer period, or start a run/)).toBeDefined();
  expect(screen.getByText(/There is no quota yet/)).toBeDefined();
});

it("shows an error with what to do, and asks again", async () => {
  const broken = new Refusal(503, "unavailable", "The database can't be read.", "Look at `autopack doctor`.");
  let answer: unknown = broken;
  const { user } = show({ [USAGE]: () => answer });
  expect((await screen.findByRole("alert")).textContent).toContain("autopack doctor");
  answer = usage();

  await user.click(screen.getByRole("button", { name: "Try again" }));

  expect(await screen.findByRole("region", { name: "Quotas" })).toBeDefined();
});

it("keeps what it had where it can't be asked anew, and says that it may be old", async () => {
  let answer: unknown = usage();
  const { queries } = show({ [USAGE]: () => answer });
  await screen.findByRole("region", { name: "Quotas" });
  answer = new Refusal(500, "internal", "It broke.");

  await queries.invalidateQueries({ queryKey: usageKeys.all });

  expect(await screen.findByText("What is shown may be old.")).toBeDefined();
  expect(screen.getByRole("heading", { name: "anthropic" })).toBeDefined();
});

it("warns of a models.yaml that can't be used", async () => {
  show({ [USAGE]: usage({ policy_problem: "line 3: no such key" }) });
  const warning = (await screen.findByText("line 3: no such key")).closest("[role=status]");
  expect(warning?.textContent).toContain("last good version counts");
});

it("never adds up what was paid by the call, by a subscription, and what a script answered", async () => {
  const max = pool({ pool: "claude-max", billing: "subscription", real: spend({ cost_usd: "7.00" }) });
  const answer = usage({
    real: spend({ cost_usd: "8.00" }),
    simulated: spend({ cost_usd: "0.5", simulated: true }),
    pools: [pool({ real: spend({ cost_usd: "1.00" }) }), max],
  });
  show({ [USAGE]: answer, "GET /dashboard/models/choices": { models: [] } });
  const total = async (name: string) => (await screen.findByRole("region", { name })).textContent;
  expect(await total("Real calls")).toContain("$1.00");
  expect(await total("On a subscription")).toContain("~$7.00");
  expect(await total("Simulated calls")).toContain("~$0.5000 sim.");
});

it("marks the dollars of a model that a subscription pays for as list prices", async () => {
  const max = pool({ pool: "claude-max", billing: "subscription" });
  const choice = { model: "claude-opus-5-5", provider: "anthropic", family: "claude", pool: "claude-max" };
  show({
    [USAGE]: usage({ pools: [max], models: [modelUsage("claude-opus-5-5", { cost_usd: "3.00" })] }),
    "GET /dashboard/models/choices": { models: [{ ...choice, priced: true, key_set: true }] },
    "GET /dashboard/usage/series": series([[part("claude-opus-5-5", { cost_usd: "3.00" })]]),
  });
  const row = await screen.findByRole("row", { name: /claude-opus-5-5/ });
  await waitFor(() => expect(within(row).getByText("~$3.00")).toBeDefined());
});

it("tells what went into core work from what helpers took", async () => {
  const classes = [
    { role_class: "core", simulated: false, usage: spend({ tokens: 3_000 }) },
    { role_class: "aux", simulated: false, usage: spend({ tokens: 1_000 }) },
  ];
  show({ [USAGE]: usage({ role_classes: classes }) });
  const panel = within(await screen.findByRole("region", { name: "Core and helpers" }));
  expect(panel.getByRole("progressbar", { name: "Core: Builder and Auditor" }).ariaValueText).toBe(
    "75 % of tokens",
  );
  expect(panel.getByRole("progressbar", { name: "Helpers" }).ariaValueText).toBe("25 % of tokens");
});
