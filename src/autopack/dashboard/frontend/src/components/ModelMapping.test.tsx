import { screen, waitFor, within } from "@testing-library/react";
import { expect, test } from "vitest";
import { run } from "../testing/fixtures";
import { cell, choices, decision, mapping } from "../testing/modelFixtures";
import { type Answers, Refusal, renderPage } from "../testing/page";
import { ModelMapping } from "./ModelMapping";

const RUN = run();
const answer = (model: string, changes = {}) => ({
  ...{ role: "builder", category: "docs", complexity: "low", model, scope: "run", run_id: RUN.run_id },
  ...{ changed: true, notices: [] },
  ...changes,
});

function show(answers: Answers = {}, of: typeof RUN | null = RUN) {
  return renderPage(<ModelMapping run={of} />, {
    "GET /dashboard/models": mapping(),
    "GET /dashboard/models/choices": choices,
    "GET /dashboard/events": "",
    ...answers,
  });
}

const builder = () => screen.findByRole<HTMLSelectElement>("combobox", { name: "Model: builder, docs, low" });

test("a model chosen for this run is asked for with the run, and confirmed", async () => {
  const page = show({ "POST /dashboard/models/override": answer("claude-sonnet-5-5") });
  await page.user.selectOptions(await builder(), "claude-sonnet-5-5");
  const dialog = screen.getByRole("dialog", { name: "Change the model?" });
  expect(dialog.textContent).toContain("For phases that begin later. The one in hand keeps its models.");
  expect(dialog.textContent).toContain("Changes models.yaml, for runs created later.");
  expect(page.asked.some((one) => one.method === "POST")).toBe(false);

  await page.user.click(within(dialog).getByRole("button", { name: "Apply for this run only" }));

  await screen.findByText("This run: builder, docs, low is now claude-sonnet-5-5");
  expect(screen.queryByRole("dialog")).toBeNull();
  expect(page.asked.find((one) => one.method === "POST")?.body).toEqual({
    role: "builder",
    category: "docs",
    complexity: "low",
    model: "claude-sonnet-5-5",
    scope: "run",
    run_id: RUN.run_id,
  });
});

test("a global default is asked for without a run, and the service's notices are shown", async () => {
  const notices = ["OPENAI_API_KEY is not set here."];
  const page = show({
    "POST /dashboard/models/override": answer("gpt-6.1-terra", { scope: "global", notices }),
  });
  await page.user.selectOptions(await builder(), "gpt-6.1-terra");
  expect(screen.getByText(/The key of openai is not set/)).toBeTruthy();
  await page.user.click(screen.getByRole("button", { name: "Apply as global default" }));

  await screen.findByText("OPENAI_API_KEY is not set here.");
  expect(page.asked.find((one) => one.method === "POST")?.body).toMatchObject({
    scope: "global",
    run_id: null,
  });
});

test("a refusal is said in the dialog, which stays", async () => {
  const page = show({
    "POST /dashboard/models/override": new Refusal(
      409,
      "conflict",
      "models.yaml can't be used.",
      "Mend line 3.",
    ),
  });
  await page.user.selectOptions(await builder(), "claude-sonnet-5-5");
  await page.user.click(screen.getByRole("button", { name: "Apply as global default" }));
  const alert = await within(screen.getByRole("dialog")).findByRole("alert");
  expect(alert.textContent).toContain("models.yaml can't be used.");
  expect(alert.textContent).toContain("Mend line 3.");
});

test("the cell keeps its model where the change is called off", async () => {
  const page = show();
  const select = await builder();
  await page.user.selectOptions(select, "claude-sonnet-5-5");
  await page.user.click(screen.getByRole("button", { name: "Cancel" }));
  expect(select.value).toBe("gpt-6-luna");
});

test.each([
  ["a run that succeeded", run({ state: "succeeded" })],
  ["a run whose work was discarded", run({ state: "failed", discarded_at: "2026-03-03T11:00:00Z" })],
  ["no run", null],
])("%s gets no model of its own", async (_, of) => {
  const page = show({}, of);
  await page.user.selectOptions(await builder(), "claude-sonnet-5-5");
  expect(screen.getByRole("button", { name: "Apply as global default" })).toBeTruthy();
  expect(screen.queryByRole("button", { name: "Apply for this run only" })).toBeNull();
});

test("a run that failed may have another model: a retry takes it", async () => {
  const page = show({}, run({ state: "failed" }));
  await page.user.selectOptions(await builder(), "claude-sonnet-5-5");
  expect(screen.getByRole("button", { name: "Apply for this run only" })).toBeTruthy();
});

test("an override of the run is marked, and reset for the run", async () => {
  const mine = cell({ scope: "run", source: "run_override", overridden: true, model: "claude-sonnet-5-5" });
  const page = show({
    "GET /dashboard/models": [mine, ...mapping().slice(1)],
    "DELETE /dashboard/models/override": answer("gpt-6-luna"),
  });
  await builder();
  expect(screen.getByText("1 for this run")).toBeTruthy();
  await page.user.click(screen.getByRole("button", { name: "Reset: builder, docs, low" }));
  await page.user.click(within(screen.getByRole("dialog")).getByRole("button", { name: "Reset" }));

  await screen.findByText("This run: builder, docs, low is gpt-6-luna again");
  const query = page.asked.find((one) => one.method === "DELETE")?.query;
  expect(Object.fromEntries(query ?? [])).toEqual({
    role: "builder",
    category: "docs",
    complexity: "low",
    scope: "run",
    run_id: RUN.run_id,
  });
});

test("a line of models.yaml for one cell is reset where new runs are shown, not where a run is", async () => {
  const own = cell({ source: "category_complexity", overridden: true, model: "claude-sonnet-5-5" });
  const page = show({
    "GET /dashboard/models": [own, ...mapping().slice(1)],
    "DELETE /dashboard/models/override": answer("", { model: null, scope: "global" }),
  });
  await builder();
  expect(screen.getByText("Set here")).toBeTruthy();
  expect(screen.queryByRole("button", { name: "Reset: builder, docs, low" })).toBeNull();

  await page.user.click(screen.getByRole("radio", { name: "New runs" }));
  await page.user.click(await screen.findByRole("button", { name: "Reset: builder, docs, low" }));
  await page.user.click(within(screen.getByRole("dialog")).getByRole("button", { name: "Reset" }));

  await screen.findByText("New runs: builder, docs, low follows the wider rule again");
  const query = page.asked.find((one) => one.method === "DELETE")?.query;
  expect(query?.get("scope")).toBe("global");
  expect(query?.has("run_id")).toBe(false);
});

test("the switch asks for the mapping of the run, or of new runs", async () => {
  const page = show();
  await builder();
  const asked = () => page.asked.filter((one) => one.path === "/dashboard/models");
  expect(asked().at(-1)?.query.get("run_id")).toBe(RUN.run_id);
  await page.user.click(screen.getByRole("radio", { name: "New runs" }));
  await waitFor(() => expect(asked().at(-1)?.query.has("run_id")).toBe(false));
});

test("models are grouped by provider, one without a key says so, and a model off the list is there", async () => {
  const odd = cell({ model: "my-own" });
  show({ "GET /dashboard/models": [odd, ...mapping().slice(1)] });
  const select = await builder();
  await waitFor(() => expect(within(select).getByRole("group", { name: "anthropic" })).toBeTruthy());
  expect(within(select).getByRole("option", { name: "gpt-6.1-terra (no key)" })).toBeTruthy();
  expect(select.value).toBe("my-own");
});

test("categories of the run's plan come first, with their phases", async () => {
  const phase = { category: "tests", complexity: "high" };
  show({
    [`GET /dashboard/runs/${RUN.run_id}/outline`]: { tiers: [{ phases: [phase, phase] }] },
  });
  await waitFor(() => expect(screen.getAllByText("2 phases").length).toBeGreaterThan(0));
  const names = screen
    .getAllByRole("group")
    .flatMap((one) => one.querySelector("summary")?.textContent ?? []);
  expect(names[0]).toContain("tests");
  expect(names[1]).toContain("docs");
});

test("a category that is fail-fast is marked, and says what that means", async () => {
  show({ "GET /dashboard/models": mapping().map((row) => ({ ...row, fail_fast: row.category === "docs" })) });
  await builder();
  expect(screen.getByText("Fail-fast")).toBeTruthy();
  expect(screen.getByText(/the work never goes to another model/)).toBeTruthy();
});

test("why a cell gets its model is asked of the run, and shown with every candidate", async () => {
  const page = show({ "POST /routing/explain": decision() });
  await builder();
  await page.user.click(screen.getByRole("button", { name: "Why this model: builder, docs, low" }));
  const dialog = screen.getByRole("dialog", { name: "Why this model?" });
  await within(dialog).findByText(/took claude-sonnet-5-5/);
  const items = within(dialog).getAllByRole("listitem");
  expect(items[0]?.textContent).toContain("gpt-6-lunanot taken");
  expect(items[1]?.textContent).toContain("claude-sonnet-5-5taken");
  expect(page.asked.find((one) => one.path === "/routing/explain")?.body).toEqual({
    role: "builder",
    category: "docs",
    complexity: "low",
    run_id: RUN.run_id,
  });
});

test("many categories can be filtered by their names and their models", async () => {
  const names = Array.from({ length: 12 }, (_, number) => `category_${number}`);
  const page = show({ "GET /dashboard/models": mapping(names) });
  const field = await screen.findByRole("searchbox", { name: "Filter by category or model" });
  await page.user.type(field, "_11");
  expect(screen.queryByText("category_3")).toBeNull();
  expect(screen.getByText("category_11")).toBeTruthy();
  await page.user.clear(field);
  await page.user.type(field, "nothing");
  expect(screen.getByText("No category or model has that in its name.")).toBeTruthy();
});

test("a helper has one row of its own", async () => {
  const page = show();
  await page.user.click(await screen.findByText("Helpers"));
  await page.user.selectOptions(
    await screen.findByRole("combobox", { name: "Model: helper planner" }),
    "claude-haiku-5-5",
  );
  expect(screen.getByRole("dialog").textContent).toContain("helper planner");
});

test("a mapping that can't be had is said, with a way to ask again", async () => {
  let broken = true;
  const page = show({
    "GET /dashboard/models": () =>
      broken ? new Refusal(422, "invalid_input", "models.yaml can't be used.") : mapping(),
  });
  await screen.findByText("models.yaml can't be used.");
  broken = false;
  await page.user.click(screen.getByRole("button", { name: "Try again" }));
  await builder();
});

test("what was known stays while asking again fails", async () => {
  let broken = false;
  const page = show({
    "GET /dashboard/models": () => (broken ? new Refusal(503, "unavailable", "No database.") : mapping()),
  });
  await builder();
  broken = true;
  await page.queries.invalidateQueries({ queryKey: ["models"] });
  await screen.findByText("What is shown may be old.");
  expect(await builder()).toBeTruthy();
});
