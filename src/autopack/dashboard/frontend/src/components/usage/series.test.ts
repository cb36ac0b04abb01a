import { describe, expect, it } from "vitest";
import { part, series, UNKNOWN } from "../../testing/usageFixtures";
import { added, chartOf, heightOf, shownValue, unknownCalls } from "./series";
import { partName, type SeriesPart } from "./words";

describe("the chart's data", () => {
  it("keeps the service's order, and gives each name and the rest a colour of its own", () => {
    const parts = Array.from({ length: 8 }, (_, name) => part(`m${name}`, { tokens: 1_000 + name }));
    const rest: SeriesPart = { ...part(""), other: true };
    const { strands } = chartOf(series([[...parts, rest]]));
    expect(strands.map((strand) => strand.name)).toEqual([
      ...["m7", "m6", "m5", "m4", "m3", "m2", "m1", "m0"],
      "All others",
    ]);
    expect(new Set(strands.map((strand) => strand.colour)).size).toBe(9);
  });

  it("takes the rest that the service has made, and calls of no run, for what they are", () => {
    const rest: SeriesPart = { ...part(""), other: true };
    const noRun: SeriesPart = { ...part(""), name: null };
    const { strands } = chartOf(series([[part("a"), noRun, rest]]));
    expect(strands.map((strand) => strand.name)).toEqual(["a", "Calls of no run", "All others"]);
  });

  it("shows nothing, which is not zero, where nothing is known", () => {
    expect(shownValue(part("a", UNKNOWN).usage, "tokens")).toBeUndefined();
    expect(shownValue(part("a", { cost_usd: null }).usage, "usd")).toBeUndefined();
    expect(shownValue(part("a", { cost_usd: "0" }).usage, "usd")).toBe(0);
  });

  it("counts the calls of a time that it can't draw", () => {
    const [column] = chartOf(
      series([[part("a", { unpriced_calls: 2, cost_usd: "1" }), part("b", UNKNOWN)]]),
    ).columns;
    if (column === undefined) throw new Error("no column");
    expect([unknownCalls(column, "tokens"), unknownCalls(column, "usd")]).toEqual([1, 3]);
    expect([heightOf(column, "tokens"), heightOf(column, "usd")]).toEqual([24_100, 1]);
  });

  it("sums dollars of which some are not known to those that are", () => {
    const known = part("a", { cost_usd: "0.000000001" }).usage;
    expect(added(known, part("a", { cost_usd: null }).usage).cost_usd).toBe("0.000000001");
    expect(added(known, known).cost_usd).toBe("0.000000002");
  });
});

it("calls a run by its plan, where that is known", () => {
  const run = { name: "run_20260303_101500_ab12", other: false };
  expect(partName("run", run, "todo-cli")).toBe("todo-cli · 20260303_101500_ab12");
  expect(partName("run", run, run.name)).toBe(run.name);
  expect(partName("role", { name: "builder", other: false })).toBe("Builder");
});
