/** A plan as it was looked at before it is started. */

import type { Schemas } from "../../api/client";

type Need = { tokens: number; cost_usd: string | null; minutes: number };
type PhaseEstimate = {
  id: string;
  expected: Need;
  high: Need;
  level: "category" | "complexity" | "any";
  same_project: boolean;
  samples: number;
};

export type Estimate = {
  expected: Need;
  high: Need;
  simulated: boolean;
  covered: Record<"category" | "complexity" | "any" | "none", number>;
  phases: readonly PhaseEstimate[];
};

export type ChosenModel = Schemas["ChosenModel"] & { key_set?: boolean };
export type CheckedPhase = Schemas["CheckedPhase"] & { builder: ChosenModel; auditor: ChosenModel };
export type CheckedPlan = Omit<Schemas["CheckedPlan"], "phases"> & {
  phases: readonly CheckedPhase[];
  estimate?: Estimate | null;
  estimate_reason?: string | null;
  warnings?: readonly string[];
};
export type Project = Schemas["Project"] & {
  plans?: readonly { path: string; name: string | null }[];
};

export const USUAL_PATH = ".autopack/plan.yaml";

export type Tier = { name: string; phases: readonly CheckedPhase[] };

/** Phases by tier; two tiers of one name that follow each other look like one, as they do in the plan's text. */
export function byTier(phases: readonly CheckedPhase[]): readonly Tier[] {
  const tiers: { name: string; phases: CheckedPhase[] }[] = [];
  for (const phase of phases) {
    const last = tiers.at(-1);
    if (last?.name === phase.tier_name) last.phases.push(phase);
    else tiers.push({ name: phase.tier_name, phases: [phase] });
  }
  return tiers;
}

export type ModelShare = { model: string; builds: number; audits: number; keySet: boolean };

/** Every model of a plan, and how many phases it builds and audits; those with the most work first. */
export function modelShares(phases: readonly CheckedPhase[]): readonly ModelShare[] {
  const found = new Map<string, ModelShare>();
  const add = (chosen: ChosenModel, builds: number, audits: number) => {
    const before = found.get(chosen.model) ?? { model: chosen.model, builds: 0, audits: 0, keySet: true };
    found.set(chosen.model, {
      model: chosen.model,
      builds: before.builds + builds,
      audits: before.audits + audits,
      keySet: before.keySet && chosen.key_set !== false,
    });
  };
  for (const phase of phases) {
    add(phase.builder, 1, 0);
    add(phase.auditor, 0, 1);
  }
  return [...found.values()].sort((one, other) => other.builds + other.audits - one.builds - one.audits);
}

export type ProblemLine = { line: string | null; text: string };

/** What is wrong with a plan's file, line by line; the file's name, which all begin with, is said once. */
export function problemLines(message: string): { file: string | null; lines: readonly ProblemLine[] } {
  const found = message
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => ({ whole: line, parts: /^(.+?\.ya?ml):(\d+): (.+)$/.exec(line) }));
  const file = found[0]?.parts?.[1] ?? null;
  return {
    file,
    lines: found.map(({ whole, parts }) =>
      parts !== null && parts[1] === file
        ? { line: parts[2] ?? null, text: parts[3] ?? whole }
        : { line: null, text: whole },
    ),
  };
}

/** The plan that is likely meant: the usual file, or where a project has others only, the first. */
export function pathToTry(project: Project | undefined): string {
  const plans = project?.plans ?? [];
  return plans.some((plan) => plan.path === USUAL_PATH) ? USUAL_PATH : (plans[0]?.path ?? USUAL_PATH);
}
