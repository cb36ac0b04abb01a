/** The mapping as the page shows it: by category, then complexity, with both roles side by side. Pure. */

import type { Cell, Mapping, ModelChoice } from "../../api/models";

export type Pair = { complexity: string; builder: Mapping | undefined; auditor: Mapping | undefined };
export type Category = { name: string; failFast: boolean; pairs: readonly Pair[]; phases: Phases };

/** How many phases of the run's plan are of each complexity; empty where none is, or it is not known. */
export type Phases = Readonly<Record<string, number>>;

type Planned = {
  tiers: readonly { phases: readonly { category: string; complexity: string }[] }[];
};

/** By category, in the order in which the plan comes to them. */
export function plannedPhases(outline: Planned | undefined): ReadonlyMap<string, Phases> {
  const found = new Map<string, Record<string, number>>();
  for (const phase of outline?.tiers.flatMap((tier) => tier.phases) ?? []) {
    const counts = found.get(phase.category) ?? {};
    counts[phase.complexity] = (counts[phase.complexity] ?? 0) + 1;
    found.set(phase.category, counts);
  }
  return found;
}

/** Categories of the plan first, then the others in their own order. */
export function byCategory(
  rows: readonly Mapping[],
  planned: ReadonlyMap<string, Phases>,
): readonly Category[] {
  const pairs = new Map<string, Map<string, Pair>>();
  for (const row of rows) {
    if (row.role !== "builder" && row.role !== "auditor") continue;
    const complexities = pairs.get(row.category) ?? new Map<string, Pair>();
    const pair = complexities.get(row.complexity) ?? {
      complexity: row.complexity,
      builder: undefined,
      auditor: undefined,
    };
    complexities.set(row.complexity, { ...pair, [row.role]: row });
    pairs.set(row.category, complexities);
  }
  const names = [
    ...[...planned.keys()].filter((name) => pairs.has(name)),
    ...[...pairs.keys()].filter((name) => !planned.has(name)),
  ];
  return names.map((name) => {
    const found = [...(pairs.get(name)?.values() ?? [])];
    return {
      name,
      failFast: found.some((pair) => pair.builder?.fail_fast || pair.auditor?.fail_fast),
      pairs: found,
      phases: planned.get(name) ?? {},
    };
  });
}

export function helpers(rows: readonly Mapping[]): readonly Mapping[] {
  return rows.filter((row) => row.role.startsWith("agent:"));
}

export function rowsOf(category: Category): readonly Mapping[] {
  return category.pairs.flatMap((pair) =>
    [pair.builder, pair.auditor].filter((row): row is Mapping => row !== undefined),
  );
}

/** Whether a category has what is looked for: in its own name, or in that of a model. */
export function matches(category: Category, wanted: string): boolean {
  const text = wanted.trim().toLowerCase();
  return (
    category.name.toLowerCase().includes(text) ||
    rowsOf(category).some((row) => row.model.toLowerCase().includes(text))
  );
}

/** The model that does the other half of the same work. */
export function counterpart(rows: readonly Mapping[], cell: Mapping): Mapping | undefined {
  const other = cell.role === "builder" ? "auditor" : cell.role === "auditor" ? "builder" : null;
  return rows.find(
    (row) => row.role === other && row.category === cell.category && row.complexity === cell.complexity,
  );
}

type Place = Pick<Cell, "role" | "category" | "complexity">;

/** `builder, docs, low`, or `helper planner`. */
export function cellName({ role, category, complexity }: Place): string {
  return role.startsWith("agent:") ? `helper ${agentName(role)}` : `${role}, ${category}, ${complexity}`;
}

export function agentName(role: string): string {
  return role.replace(/^agent:/, "");
}

/** Choices by provider; a model that a cell has and the list lacks is the first, by itself. */
export function byProvider(
  choices: readonly ModelChoice[],
  current: string,
): { missing: string | null; providers: readonly [string, readonly ModelChoice[]][] } {
  const providers = new Map<string, ModelChoice[]>();
  for (const choice of choices) {
    const members = providers.get(choice.provider) ?? [];
    members.push(choice);
    providers.set(choice.provider, members);
  }
  return {
    missing: choices.some((choice) => choice.model === current) ? null : current,
    providers: [...providers],
  };
}
