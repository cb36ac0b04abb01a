import { screen, waitFor, within } from "@testing-library/react";
import { beforeEach, expect, it, vi } from "vitest";
import { Refusal, renderPage } from "../../testing/page";
import { part, series, UNKNOWN } from "../../testing/usageFixtures";
import { OverTime } from "./OverTime";

const SERIES = "GET /dashboard/usage/series";
const NOBODY = new Set<string>();

function show(answer: unknown, at = "/") {
  return renderPage(<OverTime period="week" subscribed={NOBODY} />, { [SERIES]: answer }, at);
}

const legend = async () =>
  within(await screen.findByRole("list", { name: "Legend, with sums" }))
    .getAllByRole("listitem")
    .map((item) => item.textContent);

beforeEach(() => {
  const rect = { x: 0, y: 0, width: 800, height: 300, top: 0, left: 0, right: 800, bottom: 300 };
  vi.spyOn(HTMLElement.prototype, "getBoundingClientRect").mockReturnValue(rect as DOMRect);
});

it("draws what was used, names it with its sum, and says it as a table too", async () => {
  const { container } = show(
    series([
      [part("opus", { tokens: 3_000 }), part("luna", { tokens: 500 })],
      [part("opus", { tokens: 1_000 })],
    ]),
  );
  expect(await legend()).toEqual(["opus4.0k tokens", "luna500 tokens"]);
  await waitFor(() => expect(container.querySelectorAll(".recharts-bar-rectangle path")).toHaveLength(3), {
    timeout: 5_000,
  });
  const table = screen.getByRole("table", { name: /Tokens by model in the last 7 days/, hidden: true });
  const rows = within(table).getAllByRole("row", { hidden: true });
  expect(rows.map((row) => [...row.children].slice(1).map((cell) => cell.textContent))).toEqual([
    ["opus", "luna"],
    ["3.0k", "500"],
    ["1.0k", "–"],
  ]);
});

it("asks for what it is to be cut by", async () => {
  const { asked, user, location } = show(series([[part("opus")]]));
  await legend();
  await user.selectOptions(screen.getByRole("combobox", { name: "Parts of the chart" }), "By provider");
  await waitFor(() => expect(asked.at(-1)?.query.get("by")).toBe("provider"));
  expect(location.history?.at(-1)).toBe("/?by=provider");
});

it("marks times with calls of unknown usage, and never draws them as nothing", async () => {
  show(series([[part("opus", { tokens: 3_000 }), part("luna", UNKNOWN)]]));
  expect(await legend()).toEqual(["opus3.0k tokens", "lunatokens unknown"]);
  expect(screen.getByText(/marks times with calls that did not say/)).toBeDefined();
  expect(await screen.findAllByText("?")).toHaveLength(2);
});

it("says that no price is known instead of drawing an empty chart", async () => {
  show(series([[part("qwen", { cost_usd: null, unpriced_calls: 4 })]]), "/?in=usd");
  expect(await screen.findByText(/No call has a known price. That is not zero/)).toBeDefined();
  expect(await legend()).toEqual(["qwenno price"]);
});

it("keeps real and simulated calls apart", async () => {
  const { user } = show(
    series([[part("opus", { tokens: 3_000 }), part("opus", { tokens: 700, simulated: true })]]),
  );
  expect(await legend()).toEqual(["opus3.0k tokens"]);
  await user.click(screen.getByRole("radio", { name: "Simulated" }));
  expect(await legend()).toEqual(["opus (simulated)700 tokens"]);
});

it("says that there is nothing to draw, and what went wrong", async () => {
  const empty = show(series([[], []]));
  expect(await screen.findByText(/there is nothing to draw/)).toBeDefined();
  expect(screen.queryByRole("radio", { name: "Simulated" })).toBeNull();
  empty.unmount();
  show(new Refusal(500, "internal", "It broke."));
  expect((await screen.findByRole("alert")).textContent).toContain("It broke.");
});
