/** What the parts of usage are called on the page. */

import type { Schemas } from "../../api/client";
import type { Period, Pool, QuotaWindow, SeriesBy } from "../../api/usage";
import { tokens, usd, words } from "../../words/format";

export const PERIODS: Record<Period, { label: string; span: string }> = {
  day: { label: "Day", span: "the last 24 hours" },
  week: { label: "Week", span: "the last 7 days" },
  month: { label: "Month", span: "the last 30 days" },
};

/** What the chart can be cut by: everything that the service knows. */
export const SERIES_BY: Record<SeriesBy, string> = {
  provider: "Provider",
  model: "Model",
  role_class: "Core and helpers",
  role: "Role",
  run: "Run",
};

export type SeriesPart = Schemas["SeriesPart"];

const ROLE_CLASSES: Record<string, string> = { core: "Core: Builder and Auditor", aux: "Helpers" };

export function roleClassName(name: string): string {
  return ROLE_CLASSES[name] ?? words(name);
}

/** How a part of a series is called; `title` is the plan of a run that is known. */
export function partName(
  by: SeriesBy,
  { name, other }: Pick<SeriesPart, "name" | "other">,
  title?: string,
): string {
  if (other) return "All others";
  if (name === null) return "Calls of no run";
  if (by === "role_class") return roleClassName(name);
  if (by === "role") return name.charAt(0).toUpperCase() + words(name).slice(1);
  return title === undefined || title === name ? name : `${title} · ${name.replace(/^run_/, "")}`;
}

export function amount(value: number | string, unit: QuotaWindow["unit"]): string {
  return unit === "tokens" ? tokens(Number(value)) : usd(String(value));
}

/** What is used of each window with a cap, and of those that the account tells of, in percent. */
export function usedShares(pool: Pool): number[] {
  const ours = pool.windows.flatMap(({ percent }) => (percent === null ? [] : [percent]));
  return [...ours, ...pool.account.map(({ percent }) => percent)];
}

export function windowName({ window, unit }: QuotaWindow): string {
  const name = window.charAt(0).toUpperCase() + window.slice(1);
  return `${name}, ${unit === "tokens" ? "tokens" : "dollars"}`;
}
