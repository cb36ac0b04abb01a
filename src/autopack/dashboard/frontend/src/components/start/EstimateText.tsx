import { count, duration, tokens, usd } from "../../words/format";
import type { CheckedPlan, Estimate } from "./look";

/** What a plan would take, as earlier runs tell it, or why nothing can be said. Never looks like a bill. */
export function EstimateText({ plan }: { plan: CheckedPlan }) {
  const { estimate } = plan;
  if (estimate === undefined || estimate === null) {
    return (
      <p className="text-muted">
        <span className="font-medium text-ink">No estimate</span>
        {`: ${plan.estimate_reason ?? "this service gives none"}.`}
      </p>
    );
  }
  return (
    <div className="space-y-1">
      <dl className="grid gap-x-3 gap-y-0.5 sm:grid-cols-[auto_1fr]">
        <dt className="font-medium">Estimate</dt>
        <dd className="text-muted italic">
          <Need of={estimate.expected} simulated={estimate.simulated} />
        </dd>
        <dt className="font-medium">Rarely more than</dt>
        <dd className="text-muted italic">
          <Need of={estimate.high} simulated={estimate.simulated} />
        </dd>
      </dl>
      <p className="text-muted text-xs">{basis(estimate)}</p>
    </div>
  );
}

type NeedProps = { of: Estimate["expected"]; simulated: boolean };

function Need({ of: { tokens: number, cost_usd, minutes }, simulated }: NeedProps) {
  const dollars =
    cost_usd === null
      ? "cost unknown"
      : `~${usd(cost_usd)} est.${simulated ? " (simulated, nobody pays)" : ""}`;
  return `~${tokens(number)} tokens · ${dollars} · ${minutes < 1 ? "1 min or less" : `~${duration(minutes * 60).replace(/ min \d\d s$/, " min")}`}`;
}

const LEVELS = [
  ["category", "of the same category and complexity"],
  ["complexity", "of the same complexity"],
  ["any", "of any kind"],
] as const;

function basis({ covered }: Estimate): string {
  const known = LEVELS.filter(([level]) => covered[level] > 0).map(
    ([level, kind]) => `${covered[level]} by phases ${kind}`,
  );
  const left =
    covered.none > 0 ? ` ${count(covered.none, "phase")} had nothing to judge by: not in the sums.` : "";
  return `Phases judged by what earlier runs took: ${known.join(", ")}.${left}`;
}
