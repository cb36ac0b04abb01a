import { screen } from "@testing-library/react";
import { expect, test } from "vitest";
import type { Decision } from "../../api/models";
import { cell, decision } from "../../testing/modelFixtures";
import { Refusal, renderPage } from "../../testing/page";
import { WhyDialog } from "./WhyDialog";

function show(answer: Decision | Refusal | (() => Decision | Refusal), run: string | null = null) {
  return renderPage(<WhyDialog row={cell()} run={run} onClose={() => undefined} />, {
    "POST /routing/explain": answer,
  });
}

test("a decision to wait says until when", async () => {
  const until = new Date();
  until.setHours(14, 5, 0, 0);
  show(decision({ verdict: "wait", until: until.toISOString() }));
  await screen.findByText("It would wait until 14:05");
});

test("where no model may take the work, that is what it says", async () => {
  show(decision({ verdict: "fail" }));
  await screen.findByText("No model may take it now");
});

test("an Auditor of the Builder's family is pointed out", async () => {
  show(decision({ same_family: true }));
  await screen.findByText(/Builder and Auditor would be of one family, claude/);
});

test("a simulated model is called that", async () => {
  show(decision({ model: { ...decision().model, simulated: true } }));
  await screen.findByText("simulated");
});

test("for new runs no run is asked of", async () => {
  const page = show(decision());
  await screen.findByText(/in a new run/);
  expect(page.asked.find((one) => one.path === "/routing/explain")?.body).toMatchObject({ run_id: null });
});

test("a question that is refused can be asked again", async () => {
  let refuses = true;
  const page = show(() => (refuses ? new Refusal(503, "unavailable", "No database.") : decision()));
  await screen.findByText("No database.");
  refuses = false;
  await page.user.click(screen.getByRole("button", { name: "Try again" }));
  await screen.findByText(/took claude-sonnet-5-5/);
});
