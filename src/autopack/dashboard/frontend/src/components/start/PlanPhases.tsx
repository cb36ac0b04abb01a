import { ShieldQuestionMark, UsersRound } from "lucide-react";
import { useState } from "react";
import { Badge } from "../../ui/Badge";
import { Button } from "../../ui/Button";
import { count, tokens } from "../../words/format";
import { byTier, type CheckedPhase, type CheckedPlan, type ChosenModel } from "./look";
import { NoKey } from "./NoKey";

const AT_ONCE = 12;
const MORE = 100;

/** The phases of a plan, tier by tier; many are folded, and built only as they are asked for. */
export function PlanPhases({ plan }: { plan: CheckedPlan }) {
  const many = plan.phases.length > AT_ONCE;
  const [open, setOpen] = useState(false);
  if (!many) return <Tiers plan={plan} limit={AT_ONCE} />;
  return (
    <details
      open={open}
      onToggle={({ currentTarget }) => setOpen(currentTarget.open)}
      className="rounded-lg border border-line"
    >
      <summary className="flex min-h-11 items-center gap-2 px-3 font-medium marker:text-muted">
        {open ? "Phases" : `Show all ${count(plan.phases.length, "phase")}`}
      </summary>
      {open && <Paged plan={plan} />}
    </details>
  );
}

function Paged({ plan }: { plan: CheckedPlan }) {
  const [limit, setLimit] = useState(MORE);
  const left = plan.phases.length - limit;
  return (
    <div className="space-y-3 px-3 pb-3">
      <Tiers plan={plan} limit={limit} />
      {left > 0 && (
        <Button
          onClick={() => setLimit(limit + MORE)}
        >{`Show ${Math.min(left, MORE)} more of ${left}`}</Button>
      )}
    </div>
  );
}

function Tiers({ plan, limit }: { plan: CheckedPlan; limit: number }) {
  const needs = new Map(plan.estimate?.phases.map((one) => [one.id, one.expected.tokens]));
  return byTier(plan.phases.slice(0, limit)).map((tier, place) => (
    <section key={tier.phases[0]?.index} className="space-y-1.5">
      <h4 className="font-medium">
        <span className="text-muted">{`Tier ${place + 1} · `}</span>
        {tier.name}
      </h4>
      <ol className="divide-y divide-line rounded-lg border border-line">
        {tier.phases.map((phase) => (
          <Phase key={phase.id} phase={phase} expected={needs.get(phase.id)} />
        ))}
      </ol>
    </section>
  ));
}

function Phase({ phase, expected }: { phase: CheckedPhase; expected: number | undefined }) {
  return (
    <li className="space-y-1.5 px-3 py-2">
      <div className="flex flex-wrap items-baseline gap-x-2 gap-y-1">
        <span className="text-muted">{phase.index}</span>
        <span className="font-medium wrap-anywhere">{phase.name}</span>
        <span className="text-muted text-xs">{`${phase.category} · ${phase.complexity}`}</span>
        {expected !== undefined && (
          <span className="ml-auto text-muted text-xs italic">{`~${tokens(expected)} tokens est.`}</span>
        )}
      </div>
      {(!phase.verified || phase.same_family) && (
        <p className="flex flex-wrap gap-1.5">
          {!phase.verified && (
            <Badge
              tone="warn"
              icon={<ShieldQuestionMark />}
              title="No command of the plan checks what is built here: only the Auditor looks at it."
            >
              Not verified
            </Badge>
          )}
          {phase.same_family && (
            <Badge
              tone="warn"
              icon={<UsersRound />}
              title="Builder and Auditor are of one family: models.yaml has no other."
            >
              Same family
            </Badge>
          )}
        </p>
      )}
      <dl className="grid gap-x-4 gap-y-1 sm:grid-cols-2">
        <Chosen does="Builder" chosen={phase.builder} />
        <Chosen does="Auditor" chosen={phase.auditor} />
      </dl>
    </li>
  );
}

function Chosen({ does, chosen }: { does: string; chosen: ChosenModel }) {
  return (
    <div className="min-w-0">
      <dt className="inline text-muted">{`${does}: `}</dt>
      <dd className="inline font-medium wrap-anywhere">
        {chosen.model}
        {chosen.key_set === false && <NoKey />}
      </dd>
      <dd className="text-muted text-xs wrap-anywhere">{chosen.reason}</dd>
    </div>
  );
}
