/** Projects and plans as the service tells of them. */

import type { CheckedPhase, CheckedPlan, Estimate, Project } from "../components/start/look";

export function project(changes: Partial<Project> = {}): Project {
  return {
    id: 1,
    name: "todo",
    path: "/srv/todo",
    there: true,
    created_at: "2026-03-01T09:00:00Z",
    plans: [],
    ...changes,
  };
}

export function checkedPhase(index: number, changes: Partial<CheckedPhase> = {}): CheckedPhase {
  return {
    index,
    id: `phase-${index}`,
    name: `Phase number ${index}`,
    tier_name: "Core",
    category: "docs",
    complexity: "low",
    verified: true,
    builder: { model: "gpt-6-luna", reason: "complexity low maps builder to gpt-6-luna", key_set: true },
    auditor: {
      model: "claude-haiku-5-5",
      reason: "complexity low maps auditor to claude-haiku-5-5",
      key_set: true,
    },
    same_family: false,
    attempts: 3,
    files: [],
    ...changes,
  };
}

export function checkedPlan(phases: number, changes: Partial<CheckedPlan> = {}): CheckedPlan {
  return {
    name: "todo-cli",
    digest: "0123456789abcdef",
    tiers: 1,
    phases: Array.from({ length: phases }, (_, place) => checkedPhase(place + 1)),
    estimate: null,
    estimate_reason: "no finished phase of a run yet",
    warnings: [],
    ...changes,
  };
}

export function estimate(changes: Partial<Estimate> = {}): Estimate {
  return {
    expected: { tokens: 120_000, cost_usd: "3.40", minutes: 14.5 },
    high: { tokens: 300_000, cost_usd: null, minutes: 40 },
    simulated: false,
    covered: { category: 2, complexity: 0, any: 0, none: 1 },
    phases: [],
    ...changes,
  };
}
