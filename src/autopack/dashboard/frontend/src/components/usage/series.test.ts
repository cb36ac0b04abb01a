import { describe, expect, it } from "vitest";
import type { Series } from "../../api/usage";
import { part, series, UNKNOWN } from "../../testing/usageFixtures";
import { added, chartOf, heightOf, shownValue, unknownCalls } from "./series";
import { partName, type SeriesPart } from "./words";

describe("the chart's data", () => {
  it("gives the eight largest names a colour, and one to all others together", () => {
    const parts = Array.from({ length: 11 }, (_, name) => part(`m${name}`, { tokens: 1_000 + name }));
    const { strands } = chartOf(series([parts]));
    expect(strands.map((strand) => strand.name)).toEqual([
      ...["m10", "m9", "m8", "m7", "m6", "m5", "m4", "m3"],
      "All others",
    ]);
    expect(strands.at(-1)?.whole.tokens).toBe(1_000 + 1_001 + 1_002);
    expect(new Set(strands.map((strand) => strand.colour)).size).toBe(9);
  });

  it("takes the rest that the service has made, and calls of no run, for what they are", () => {
    const rest: SeriesPart = { ...part(""), other: true };
    const noRun: SeriesPart = { ...part(""), name: null };
    const { strands } = chartOf(series([[part("a"), noRun, rest] as Series["buckets"][number]["parts"]]));
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
  const plans = new Map([["run_20260303_101500_ab12", "todo-cli"]]);
  expect(partName("run", { name: "run_20260303_101500_ab12" }, plans)).toBe(
    "todo-cli · 20260303_101500_ab12",
  );
  expect(partName("run", { name: "run_20260303_101500_ffff" }, plans)).toBe("run_20260303_101500_ffff");
  expect(partName("role", { name: "builder" })).toBe("Builder");
});
