import { render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it } from "vitest";
import { modelUsage, UNKNOWN, usage } from "../../testing/usageFixtures";
import { ModelsTable } from "./ModelsTable";

const MODELS = [
  modelUsage("qwen", { tokens: 0, cost_usd: null, unpriced_calls: 4 }, "local"),
  modelUsage("opus", { tokens: 3_000, prompt_tokens: 1_000, cost_usd: "1.00" }),
  modelUsage("luna", { tokens: 1_000, prompt_tokens: 4_000, cost_usd: "2.00" }, "openai"),
  modelUsage("lost", UNKNOWN, "glm"),
  modelUsage("opus", { tokens: 500, cost_usd: "9.00", simulated: true }),
];

function show() {
  render(<ModelsTable usage={usage({ models: MODELS })} subscribed={new Set()} />);
  return within(screen.getByRole("table"));
}

const names = () => screen.getAllByRole("rowheader").flatMap((one) => one.firstChild?.textContent ?? []);

it("shows tokens, cost and share of each model, and what of them is not known", () => {
  const table = show();
  const cells = (name: RegExp) =>
    within(table.getAllByRole("row", { name })[0] as HTMLElement)
      .getAllByRole("cell")
      .map((cell) => cell.textContent);
  expect(cells(/^luna/)).toEqual(["openai", "4.0k", "4.1k", "$2.00", "25 %"]);
  expect(cells(/^lost/)).toEqual(["glm", "unknown", "unknown", "cost unknown", "–"]);
  expect(cells(/^qwen/)[3]).toBe("no price");
});

it("sorts by a column, both ways, and leaves what is unknown and simulated at their ends", async () => {
  const table = show();
  expect(names()).toEqual([
    "Real",
    "opus",
    "luna",
    "qwen",
    "lost",
    "Simulated: a script answered, nobody was charged",
    "opus",
  ]);

  await userEvent.click(table.getByRole("button", { name: "Cost" }));
  expect(names().slice(1, 4)).toEqual(["luna", "opus", "qwen"]);
  const heading = () => table.getByRole("columnheader", { name: "Cost" });
  expect(heading().getAttribute("aria-sort")).toBe("descending");

  await userEvent.click(table.getByRole("button", { name: "Cost" }));
  expect(names().slice(1, 4)).toEqual(["opus", "luna", "qwen"]);
  expect(heading().getAttribute("aria-sort")).toBe("ascending");
  expect(table.getByRole("columnheader", { name: "Share" }).hasAttribute("aria-sort")).toBe(false);
});
