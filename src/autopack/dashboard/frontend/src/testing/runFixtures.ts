/** A run's phases, attempts and usage as tests begin with them. Typed by the API's document. */

import type { Attempt, Outline, PhaseDetail, PhaseOutline, RunUsage } from "../api/runs";
import { run, spend } from "./fixtures";
import { decision } from "./modelFixtures";

type Check = Attempt["checks"][number];
type AttemptOutline = PhaseOutline["attempts"][number];

export const NOTHING = {
  calls: 0,
  tokens: 0,
  prompt_tokens: 0,
  completion_tokens: 0,
  cache_read_tokens: 0,
  cost_usd: null,
};

/** An instant of the run: so many minutes after it began. */
export function at(minute: number): string {
  return new Date(Date.UTC(2026, 2, 3, 10, 15 + minute, 1)).toISOString();
}

export function stage(name: AttemptOutline["stages"][number]["stage"], from: number, to: number | null) {
  return { stage: name, started_at: at(from), ended_at: to === null ? null : at(to) };
}

export function attemptOutline(number: number, changes: Partial<AttemptOutline> = {}): AttemptOutline {
  return {
    number,
    outcome: "committed",
    builder: "gpt-6-luna",
    auditor: "claude-haiku-5-5",
    started_at: at(0),
    ended_at: at(2),
    stages: [stage("building", 0, 1), stage("verifying", 1, 2)],
    ...changes,
  };
}

export function phaseOutline(index: number, changes: Partial<PhaseOutline> = {}): PhaseOutline {
  return {
    index,
    id: `phase-${index}`,
    name: `Phase number ${index}`,
    category: "docs",
    complexity: "low",
    state: "pending",
    verified: true,
    started_at: null,
    ended_at: null,
    usage: spend(NOTHING),
    attempts: [],
    ...changes,
  };
}

/** One tier of these phases. */
export function outline(phases: PhaseOutline[], changes: Partial<Outline> = {}): Outline {
  const completed = phases.filter((one) => one.state === "completed" || one.state === "skipped").length;
  return {
    run_id: run().run_id,
    tiers: [{ index: 1, name: "Core", completed, usage: spend(), phases }],
    waits: [],
    as_of: 42,
    ...changes,
  };
}

export function wait(from: number, to: number | null, changes: Partial<Outline["waits"][number]> = {}) {
  return {
    what: "paused",
    reason: "asked",
    started_at: at(from),
    ended_at: to === null ? null : at(to),
    ...changes,
  };
}

export function check(changes: Partial<Check["evidence"]> = {}, step = "verify"): Check {
  return {
    step,
    evidence: {
      argv: ["sh", "-c", "pytest -q"],
      exit_code: 0,
      duration_seconds: 3.2,
      output_sha: "a".repeat(64),
      tree: "3f0c2d3e4b5a69788796a5b4c3d2e1f001020304",
      counts: null,
      timed_out: false,
      exceeded: "",
      exceeded_by: "",
      truncated: false,
      ...changes,
    },
  };
}

export function output(
  changes: Partial<PhaseDetail["outputs"][number]> = {},
): PhaseDetail["outputs"][number] {
  return {
    attempt: 1,
    step: "verify",
    command: "pytest -q",
    lines: ["12 passed in 3.10s"],
    left_out: 0,
    gone: false,
    ...changes,
  };
}

export function attempt(number: number, changes: Partial<Attempt> = {}): Attempt {
  return {
    number,
    outcome: "committed",
    complexity: "low",
    builder: decision(),
    auditor: decision({ role: "auditor", reason: "complexity low maps auditor to it", candidates: [] }),
    base_commit: "1f0c2d3e4b5a69788796a5b4c3d2e1f001020304",
    tree: "3f0c2d3e4b5a69788796a5b4c3d2e1f001020304",
    commit: "4f0c2d3e4b5a69788796a5b4c3d2e1f001020304",
    diff_sha: "d".repeat(64),
    checks: [check()],
    verdict: { decision: "approve", issues: [], summary: "It does what the phase asks." },
    summary: "Wrote the task store.",
    failure: "",
    failure_output: "",
    usage: spend(),
    usage_by_role: [{ role: "builder", model: "gpt-6-luna", usage: spend() }],
    started_at: at(0),
    ended_at: at(2),
    ...changes,
  };
}

export function phaseDetail(attempts: Attempt[], changes: Partial<PhaseDetail> = {}): PhaseDetail {
  return {
    run_id: run().run_id,
    phase: {
      index: 1,
      id: "phase-1",
      name: "Phase number 1",
      category: "docs",
      complexity: "low",
      state: "completed",
      attempts_allowed: 3,
      verified: true,
      commit: null,
      summary: "",
      usage: spend(),
      attempts,
      started_at: at(0),
      ended_at: null,
    },
    outputs: attempts.flatMap((one) => one.checks.map(() => output({ attempt: one.number }))),
    notes: [],
    waits: [],
    as_of: 42,
    ...changes,
  };
}

export function booked(changes: Parameters<typeof spend>[0] = {}) {
  return { usage: spend(changes), refused_calls: 0, released_calls: 0, open_calls: 0, open_tokens: 0 };
}

export function roleUsage(changes: Partial<RunUsage["roles"][number]> = {}): RunUsage["roles"][number] {
  return {
    role: "builder",
    provider: "openai",
    model: "gpt-6-luna",
    simulated: false,
    booked: booked(),
    ...changes,
  };
}

export function runUsage(changes: Partial<RunUsage> = {}): RunUsage {
  return {
    run_id: run().run_id,
    booked: booked(),
    real: spend(),
    simulated: null,
    tiers: [{ index: 1, name: "Core", booked: booked(), phases: [] }],
    gone: [],
    beside: [],
    roles: [roleUsage()],
    failed_attempts: booked(NOTHING),
    accepted: { phases: 1, tokens_per_phase: 24_100, cost_usd_per_phase: "0.1234", whole: true },
    ...changes,
  };
}
