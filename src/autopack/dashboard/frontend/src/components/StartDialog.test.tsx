import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { useState } from "react";
import { expect, test } from "vitest";
import { run } from "../testing/fixtures";
import { type Answers, type Asked, Refusal, renderPage } from "../testing/page";
import { checkedPlan, project } from "../testing/planFixtures";
import { StartDialog } from "./StartDialog";

function Page() {
  const [open, setOpen] = useState(true);
  return open ? <StartDialog onClose={() => setOpen(false)} /> : <p>closed</p>;
}

const STARTED = { run_id: "run_new", state: "queued", notices: [] };

function show(answers: Answers = {}) {
  const page = renderPage(<Page />, {
    "GET /projects": { projects: [project()] },
    "GET /dashboard/runs": { runs: [] },
    "POST /plans/check": checkedPlan(2),
    "POST /runs/start": STARTED,
    ...answers,
  });
  const sent = (path: string): Asked[] => page.asked.filter((one) => one.path === path);
  return { ...page, sent };
}

const path = () => screen.findByRole<HTMLInputElement>("combobox", { name: "Plan" });
const startButton = () => screen.getByRole<HTMLButtonElement>("button", { name: "Start" });

async function look(user: ReturnType<typeof show>["user"]) {
  await path();
  await user.click(screen.getByRole("button", { name: "Look at the plan" }));
  await screen.findByText(/Nothing is started yet/);
}

test("a plan is looked at, then started under a key, and the page goes to its run", async () => {
  const page = show();
  await path();
  expect(startButton().disabled).toBe(true);
  await look(page.user);
  expect(page.sent("/plans/check")[0]?.body).toEqual({ project: 1, plan_path: ".autopack/plan.yaml" });
  expect(page.sent("/runs/start")).toEqual([]);

  await page.user.click(startButton());

  await screen.findByText("todo-cli is started");
  expect(screen.getByText("closed")).toBeTruthy();
  expect(page.location.history?.at(-1)).toBe("/view/runs/run_new");
  const [asked] = page.sent("/runs/start");
  expect(asked?.body).toEqual({
    project: 1,
    plan_path: ".autopack/plan.yaml",
    digest: "0123456789abcdef",
    accept_red_baseline: false,
  });
  expect(asked?.headers.get("Idempotency-Key")).toMatch(/^[0-9a-f]{32}$/);
});

test("another path makes the look stale", async () => {
  const page = show();
  await look(page.user);
  await page.user.type(await path(), "2");
  expect(screen.queryByText(/Nothing is started yet/)).toBeNull();
  expect(screen.getByText(/You chose another project or plan/)).toBeTruthy();
  expect(startButton().disabled).toBe(true);
});

test("another project makes the look stale", async () => {
  const page = show({
    "GET /projects": { projects: [project(), project({ id: 2, name: "blog", path: "/srv/blog" })] },
  });
  await look(page.user);
  await page.user.selectOptions(screen.getByRole("combobox", { name: "Project" }), "blog");
  expect(startButton().disabled).toBe(true);
});

test("an answer that comes after the path was changed starts nothing", async () => {
  let answer: (plan: unknown) => void = () => undefined;
  const page = show({ "POST /plans/check": () => new Promise((resolve) => (answer = resolve)) });
  await path();
  await page.user.click(screen.getByRole("button", { name: "Look at the plan" }));
  await waitFor(() => expect(page.sent("/plans/check")).toHaveLength(1));
  await page.user.type(await path(), "2");
  answer(checkedPlan(2));
  await screen.findByText(/You chose another project or plan/);
  expect(startButton().disabled).toBe(true);
});

test("pressed twice at once, it starts once", async () => {
  const page = show({ "POST /runs/start": () => new Promise((resolve) => setTimeout(resolve, 20, STARTED)) });
  await look(page.user);
  const button = startButton();
  fireEvent.click(button);
  fireEvent.click(button);
  await screen.findByText("closed");
  expect(page.sent("/runs/start")).toHaveLength(1);
});

test("after a lost answer the same plan is asked for under the same key", async () => {
  let lost = true;
  const page = show({
    "POST /runs/start": () => {
      if (lost) throw new TypeError("cut");
      return STARTED;
    },
  });
  await look(page.user);
  await page.user.click(startButton());
  await screen.findByText("The service does not answer.");
  lost = false;
  await page.user.click(startButton());
  await screen.findByText("closed");
  const keys = page.sent("/runs/start").map((one) => one.headers.get("Idempotency-Key"));
  expect(keys).toHaveLength(2);
  expect(keys[0]).toBe(keys[1]);
});

test("a red baseline is accepted where it is ticked, under a key of its own", async () => {
  let refuses = true;
  const page = show({
    "POST /runs/start": () =>
      refuses ? new Refusal(503, "unavailable", "No sandbox.", "Install it.") : STARTED,
  });
  await look(page.user);
  await page.user.click(startButton());
  await screen.findByText("No sandbox.");
  refuses = false;
  await page.user.click(screen.getByRole("checkbox", { name: "Start even if the checks fail already" }));
  await page.user.click(startButton());
  await screen.findByText("closed");
  const [usual, red] = page.sent("/runs/start");
  expect(red?.body).toMatchObject({ accept_red_baseline: true });
  expect(red?.headers.get("Idempotency-Key")).not.toBe(usual?.headers.get("Idempotency-Key"));
});

test("a broken plan is told problem by problem, with its lines", async () => {
  const message = [
    "/srv/todo/plan.yaml:1: schema_version: is missing; add 'schema_version: 1'",
    "/srv/todo/plan.yaml:12: tiers[0].phases[0].id: is missing",
  ].join("\n");
  const page = show({ "POST /plans/check": new Refusal(422, "invalid_input", message) });
  await path();
  await page.user.click(screen.getByRole("button", { name: "Look at the plan" }));
  const alert = await screen.findByRole("alert");
  expect(alert.textContent).toContain("2 problems in /srv/todo/plan.yaml");
  const items = within(alert).getAllByRole("listitem");
  expect(items[1]?.textContent).toBe("Line 12tiers[0].phases[0].id: is missing");
  expect(startButton().disabled).toBe(true);
});

test("a problem goes when the path is mended", async () => {
  const page = show({ "POST /plans/check": new Refusal(404, "not_found", "There is no file x.yaml.") });
  await path();
  await page.user.click(screen.getByRole("button", { name: "Look at the plan" }));
  await screen.findByText("There is no file x.yaml.");
  await page.user.type(await path(), "2");
  expect(screen.queryByText("There is no file x.yaml.")).toBeNull();
});

test("a project whose folder is gone can't be chosen", async () => {
  show({ "GET /projects": { projects: [project({ there: false }), project({ id: 2, name: "blog" })] } });
  const select = await screen.findByRole<HTMLSelectElement>("combobox", { name: "Project" });
  expect(select.value).toBe("2");
  const gone = within(select).getByRole<HTMLOptionElement>("option", { name: "todo (folder not there)" });
  expect(gone.disabled).toBe(true);
});

test("where every folder is gone it is said which", async () => {
  show({ "GET /projects": { projects: [project({ there: false })] } });
  await screen.findByText(/Not there: \/srv\/todo/);
  expect(screen.getByRole<HTMLButtonElement>("button", { name: "Look at the plan" }).disabled).toBe(true);
});

test("without a project it is said how to have one", async () => {
  let projects: unknown[] = [];
  const page = show({ "GET /projects": () => ({ projects }) });
  const dialog = await screen.findByRole("dialog", { name: "Start a run" });
  await within(dialog).findByText(/No project is registered yet/);
  expect(dialog.textContent).toContain("autopack init");
  expect(dialog.textContent).toContain("autopack project add DIR");
  projects = [project()];
  await page.user.click(screen.getByRole("button", { name: "Look again" }));
  expect((await path()).value).toBe(".autopack/plan.yaml");
});

test("the project of the latest run is chosen, and a plan of it that there is", async () => {
  const blog = project({ id: 2, name: "blog", path: "/srv/blog" });
  const todo = project({ plans: [{ path: ".autopack/second.yaml", name: "second" }] });
  show({
    "GET /projects": { projects: [blog, todo] },
    "GET /dashboard/runs": { runs: [run({ repository: "/srv/todo" })] },
  });
  const field = await path();
  await waitFor(() => expect(field.value).toBe(".autopack/second.yaml"));
  expect(screen.getByRole<HTMLSelectElement>("combobox", { name: "Project" }).value).toBe("1");
});

test("what the service says of a started run is passed on", async () => {
  const page = show({ "POST /runs/start": { ...STARTED, notices: ["Unsandboxed."] } });
  await look(page.user);
  await page.user.click(startButton());
  await screen.findByText("Unsandboxed.");
});
