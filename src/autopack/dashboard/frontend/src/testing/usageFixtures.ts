/** Answers about usage as tests begin with them. Typed by the API's document. */

import type { Spend } from "../api/runs";
import type { Pool, QuotaWindow, Series, Usage } from "../api/usage";
import { spend } from "./fixtures";

export const NOW = "2026-03-03T12:00:00Z";

export function quotaWindow(changes: Partial<QuotaWindow> = {}): QuotaWindow {
  return {
    window: "week",
    unit: "tokens",
    rolling: false,
    since: "2026-03-02T00:00:00Z",
    account_cap: 2_000_000,
    cap: 1_000_000,
    spent: 400_000,
    reserved: 50_000,
    percent: 40,
    percent_reserved: 5,
    unpriced_calls: 0,
    resets_at: "2026-03-09T00:00:00Z",
    oldest_leaves_at: null,
    burn_hours: 24.5,
    burn_per_hour: 1_000,
    exhausted_at: null,
    ...changes,
  };
}

export function pool(changes: Partial<Pool> = {}): Pool {
  return {
    pool: "anthropic",
    billing: "api",
    real: spend(),
    simulated: null,
    reserved: { calls: 0, tokens: 0, cost_usd: "0" },
    soft_limit_percent: 80,
    kept_free_percent: 15,
    burn: { since: "2026-03-02T12:00:00Z", hours: 24, tokens_per_hour: 1_000, usd_per_hour: "0.01" },
    windows: [quotaWindow()],
    account: [],
    ...changes,
  };
}

export function modelUsage(model: string, used: Partial<Spend> = {}, provider = "anthropic") {
  const usage = spend(used);
  return {
    provider,
    model,
    prompt_tokens: usage.prompt_tokens,
    completion_tokens: usage.completion_tokens,
    total_tokens: usage.tokens,
    simulated: usage.simulated,
    usage,
  };
}

export function usage(changes: Partial<Usage> = {}): Usage {
  return {
    period: "week",
    since: "2026-02-24T12:00:00Z",
    now: NOW,
    real: spend(),
    simulated: null,
    providers: [],
    models: [modelUsage("claude-opus-5-5")],
    role_classes: [{ role_class: "core", simulated: false, usage: spend() }],
    pools: [pool()],
    policy_problem: null,
    ...changes,
  };
}

export const EMPTY = { real: null, models: [], role_classes: [], pools: [] } satisfies Partial<Usage>;

export function series(buckets: Series["buckets"][number]["parts"][], changes: Partial<Series> = {}): Series {
  const start = Date.parse("2026-03-02T00:00:00Z");
  const at = (bucket: number) => new Date(start + bucket * 6 * 3_600_000).toISOString();
  return {
    period: "week",
    by: "model",
    names: namesOf(buckets),
    buckets: buckets.map((parts, bucket) => ({ start: at(bucket), end: at(bucket + 1), parts })),
    ...changes,
  };
}

/** As the service names the parts: those that used the most reported tokens first. */
function namesOf(buckets: Series["buckets"][number]["parts"][]): Series["names"] {
  const sizes = new Map<string, number>();
  for (const { name, other, usage } of buckets.flat()) {
    if (!other && name !== null) sizes.set(name, (sizes.get(name) ?? 0) + usage.tokens);
  }
  return [...sizes]
    .sort((one, two) => two[1] - one[1] || one[0].localeCompare(two[0]))
    .map(([name]) => ({ name, title: name }));
}

export function part(name: string, used: Partial<Spend> = {}) {
  const usage = spend(used);
  return { name, other: false, simulated: usage.simulated, usage };
}

/** Calls that ended without saying what they took. */
export const UNKNOWN = {
  calls: 1,
  tokens: 0,
  prompt_tokens: 0,
  completion_tokens: 0,
  cache_read_tokens: 0,
  cost_usd: null,
  unknown_calls: 1,
  unknown_tokens: 9_000,
} satisfies Partial<Spend>;
