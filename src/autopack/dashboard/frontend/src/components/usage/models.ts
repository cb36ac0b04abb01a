/** Rows of the models' table, and their order. Pure. */

import type { Spend } from "../../api/runs";
import type { Usage } from "../../api/usage";

export type Column = "model" | "provider" | "prompt" | "completion" | "cost" | "share";
export type Order = { column: Column; descending: boolean };
export type ModelRow = {
  key: string;
  model: string;
  provider: string;
  simulated: boolean;
  spend: Spend;
  /** Percent of the tokens of all models of its kind, real or simulated; null where its own are unknown. */
  share: number | null;
};

export function rowsOf(models: Usage["models"]): ModelRow[] {
  const whole = (simulated: boolean) =>
    models.filter((one) => one.simulated === simulated).reduce((sum, one) => sum + one.usage.tokens, 0);
  const wholes = { real: whole(false), simulated: whole(true) };
  return models.map(({ model, provider, simulated, usage: spend }) => {
    const all = simulated ? wholes.simulated : wholes.real;
    const known = spend.calls > spend.unknown_calls && all > 0;
    return {
      key: `${provider} ${model} ${simulated}`,
      model,
      provider,
      simulated,
      spend,
      share: known ? (spend.tokens / all) * 100 : null,
    };
  });
}

/** What is unknown comes last, in either direction: it is neither much nor little. */
export function sorted(rows: readonly ModelRow[], { column, descending }: Order): ModelRow[] {
  const direction = descending ? -1 : 1;
  return [...rows].sort((one, two) => {
    const [a, b] = [sortedBy(one, column), sortedBy(two, column)];
    if (a === null || b === null) return Number(a === null) - Number(b === null);
    const order = typeof a === "string" || typeof b === "string" ? String(a).localeCompare(String(b)) : a - b;
    return order * direction || one.key.localeCompare(two.key);
  });
}

function sortedBy(row: ModelRow, column: Column): number | string | null {
  const { spend } = row;
  const known = spend.calls > spend.unknown_calls;
  switch (column) {
    case "model":
      return row.model;
    case "provider":
      return row.provider;
    case "prompt":
      return known ? spend.prompt_tokens : null;
    case "completion":
      return known ? spend.completion_tokens : null;
    case "cost":
      return spend.cost_usd === null ? null : Number(spend.cost_usd);
    case "share":
      return row.share;
  }
}
