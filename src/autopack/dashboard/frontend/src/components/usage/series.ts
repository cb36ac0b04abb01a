/** The data of the chart over time, prepared before anything is drawn. Pure. */

import type { Spend } from "../../api/runs";
import type { Period, Series } from "../../api/usage";
import { partName } from "./words";

export type Unit = "tokens" | "usd";

/** One colour of the chart. */
export type Strand = {
  key: string;
  name: string;
  colour: string;
  simulated: boolean;
  listPrice: boolean;
  whole: Spend;
};
export type Column = { start: string; end: string; label: string; parts: ReadonlyMap<string, Spend> };
export type Chart = { strands: Strand[]; columns: Column[] };

/** The service names so many at most, and sums all others. */
const MOST_NAMES = 8;
const REST_COLOUR = "var(--series-9)";
const NAMELESS_COLOUR = "var(--edge)";

/** The series as strands and columns, in the service's order; `subscribed` are models of subscriptions. */
export function chartOf(series: Series, subscribed: ReadonlySet<string> = new Set()): Chart {
  const ranks = new Map(series.names.map(({ name }, rank) => [name, rank]));
  const titles = new Map(series.names.map(({ name, title }) => [name, title]));
  const strands = new Map<string, Strand & { rank: number }>();
  const columns = series.buckets.map((bucket) => {
    const parts = new Map<string, Spend>();
    for (const part of bucket.parts) {
      const { name, other } = part;
      const rank = other ? MOST_NAMES + 1 : name === null ? MOST_NAMES : (ranks.get(name) ?? MOST_NAMES);
      const key = `${rank}${part.simulated ? "s" : ""}`;
      parts.set(key, added(parts.get(key), part.usage));
      const known = strands.get(key);
      strands.set(key, {
        key,
        rank,
        name: partName(series.by, part, titles.get(name ?? "")),
        colour: colourOf(rank),
        simulated: part.simulated,
        listPrice: series.by === "model" && subscribed.has(name ?? ""),
        whole: added(known?.whole, part.usage),
      });
    }
    const { start, end } = bucket;
    return { start, end, label: bucketLabel(series.period, start), parts };
  });
  const inOrder = [...strands.values()].sort(
    (one, two) => Number(one.simulated) - Number(two.simulated) || one.rank - two.rank,
  );
  return { strands: inOrder, columns };
}

function colourOf(rank: number): string {
  if (rank < MOST_NAMES) return `var(--series-${rank + 1})`;
  return rank === MOST_NAMES ? NAMELESS_COLOUR : REST_COLOUR;
}

/** What a bar shows: nothing where nothing is known, which is not the same as zero. */
export function shownValue(spend: Spend | undefined, unit: Unit): number | undefined {
  if (spend === undefined || spend.calls === spend.unknown_calls) return undefined;
  if (unit === "tokens") return spend.tokens;
  return spend.cost_usd === null ? undefined : Number(spend.cost_usd);
}

/** Calls of which the chart does not know how much to show. */
export function unknownCalls(column: Column, unit: Unit): number {
  const calls = [...column.parts.values()].map(
    (spend) => spend.unknown_calls + (unit === "usd" ? spend.unpriced_calls : 0),
  );
  return calls.reduce((sum, one) => sum + one, 0);
}

/** Whether these are figures that nobody was charged for: a script answered, or dollars are list prices. */
export function isNotional(strand: Strand, unit: Unit): boolean {
  return strand.simulated || (strand.listPrice && unit === "usd");
}

/** How much of a column is known. */
export function heightOf(column: Column, unit: Unit): number {
  return [...column.parts.values()].reduce((sum, spend) => sum + (shownValue(spend, unit) ?? 0), 0);
}

/** The real calls of a chart, or the simulated ones: they are never added up, in a bar neither. */
export function ofKind(chart: Chart, simulated: boolean): Chart {
  const strands = chart.strands.filter((strand) => strand.simulated === simulated);
  const keys = new Set(strands.map((strand) => strand.key));
  const columns = chart.columns.map((column) => ({
    ...column,
    parts: new Map([...column.parts].filter(([key]) => keys.has(key))),
  }));
  return { strands, columns };
}

export function added(one: Spend | undefined, two: Spend): Spend {
  if (one === undefined) return two;
  return {
    calls: one.calls + two.calls,
    tokens: one.tokens + two.tokens,
    prompt_tokens: one.prompt_tokens + two.prompt_tokens,
    completion_tokens: one.completion_tokens + two.completion_tokens,
    cache_read_tokens: one.cache_read_tokens + two.cache_read_tokens,
    cache_write_tokens: one.cache_write_tokens + two.cache_write_tokens,
    reasoning_tokens: one.reasoning_tokens + two.reasoning_tokens,
    cost_usd: dollars(one.cost_usd, two.cost_usd),
    unpriced_calls: one.unpriced_calls + two.unpriced_calls,
    unknown_calls: one.unknown_calls + two.unknown_calls,
    unknown_tokens: one.unknown_tokens + two.unknown_tokens,
    unknown_cost_usd: unknownDollars(one, two),
    simulated: one.simulated || two.simulated,
  };
}

function dollars(one: string | null, two: string | null): string | null {
  if (one === null || two === null) return one ?? two;
  return (Number(one) + Number(two)).toFixed(9);
}

/** The most that the unknown calls can have cost; null where that of any of them is not known. */
function unknownDollars(one: Spend, two: Spend): string | null {
  if (one.unknown_calls === 0) return two.unknown_cost_usd;
  if (two.unknown_calls === 0) return one.unknown_cost_usd;
  if (one.unknown_cost_usd === null || two.unknown_cost_usd === null) return null;
  return dollars(one.unknown_cost_usd, two.unknown_cost_usd);
}

/** `14:00` in a day, `Tue 06:00` in a week, in the reader's zone; in a month `5 Mar`, which is a day in UTC. */
export function bucketLabel(period: Period, start: string): string {
  const at = new Date(start);
  if (period === "month") {
    return at.toLocaleDateString("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
  }
  const time = at.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  return period === "day" ? time : `${at.toLocaleDateString("en-GB", { weekday: "short" })} ${time}`;
}
