/** Models as the service tells of them. */

import type { Decision, Mapping, ModelChoice } from "../api/models";

export function cell(changes: Partial<Mapping> = {}): Mapping {
  return {
    role: "builder",
    category: "docs",
    complexity: "low",
    model: "gpt-6-luna",
    scope: "global",
    source: "complexity",
    overridden: false,
    fail_fast: false,
    ...changes,
  };
}

/** Both roles at each complexity of some categories, and a helper. */
export function mapping(categories = ["docs", "tests"]): Mapping[] {
  const cells = categories.flatMap((category) =>
    ["low", "medium", "high"].flatMap((complexity) => [
      cell({ category, complexity }),
      cell({ role: "auditor", category, complexity, model: "claude-haiku-5-5" }),
    ]),
  );
  const helper = cell({
    role: "agent:planner",
    category: "*",
    complexity: "*",
    source: "agent",
    model: "gpt-6-luna",
  });
  return [...cells, helper];
}

export function choice(model: string, changes: Partial<ModelChoice> = {}): ModelChoice {
  const provider = model.startsWith("claude") ? "anthropic" : "openai";
  return {
    model,
    provider,
    family: model.startsWith("claude") ? "claude" : "gpt",
    pool: provider,
    priced: true,
    key_set: true,
    ...changes,
  };
}

export const choices = {
  models: [
    choice("gpt-6-luna"),
    choice("claude-haiku-5-5"),
    choice("claude-sonnet-5-5"),
    choice("gpt-6.1-terra", { key_set: false }),
  ],
};

export function decision(changes: Partial<Decision> = {}): Decision {
  return {
    role: "builder",
    category: "docs",
    complexity: "low",
    verdict: "go",
    model: {
      name: "claude-sonnet-5-5",
      provider: "anthropic",
      kind: "anthropic",
      family: "claude",
      base_url: null,
      api_key_env: "ANTHROPIC_API_KEY",
      simulated: false,
      pool: "anthropic",
      agent: null,
    },
    source: "complexity",
    same_family: false,
    reason:
      "complexity low maps builder to gpt-6-luna (openai is above its soft limit); took claude-sonnet-5-5",
    candidates: [
      { model: "gpt-6-luna", taken: false, why: "openai is above its soft limit" },
      { model: "claude-sonnet-5-5", taken: true, why: "the first fallback" },
    ],
    until: null,
    ...changes,
  };
}
