import { KeyRound, ShieldQuestionMark, TriangleAlert, UsersRound } from "lucide-react";
import type { ReactNode } from "react";
import { count } from "../../words/format";
import { EstimateText } from "./EstimateText";
import { type CheckedPlan, type ModelShare, modelShares } from "./look";
import { NoKey } from "./NoKey";
import { PlanPhases } from "./PlanPhases";

/** What a plan would do: how much it is, what it would take, and who would do it. */
export function PlanLook({ plan }: { plan: CheckedPlan }) {
  const unverified = plan.phases.filter((phase) => !phase.verified).length;
  const sameFamily = plan.phases.filter((phase) => phase.same_family).length;
  const shares = modelShares(plan.phases);
  const noKey = shares.filter((one) => !one.keySet).map((one) => one.model);
  return (
    <section aria-label={`The plan ${plan.name}`} className="space-y-3 border-line border-t pt-3">
      <div role="status">
        <h3 className="font-semibold text-base wrap-anywhere">{plan.name}</h3>
        <p className="text-muted">{`${count(plan.tiers, "tier")}, ${count(plan.phases.length, "phase")}. Nothing is started yet.`}</p>
      </div>
      <EstimateText plan={plan} />
      {(unverified > 0 || sameFamily > 0 || noKey.length > 0 || (plan.warnings ?? []).length > 0) && (
        <ul aria-label="Look at this first" className="space-y-1 rounded-lg bg-warn-soft p-2.5">
          {noKey.length > 0 && (
            <Caution icon={<KeyRound />}>
              {`No key is set for ${noKey.join(", ")}. Without it the run does not start.`}
            </Caution>
          )}
          {(plan.warnings ?? []).map((text) => (
            <Caution key={text} icon={<TriangleAlert />}>
              {text}
            </Caution>
          ))}
          {unverified > 0 && (
            <Caution icon={<ShieldQuestionMark />}>
              {`${count(unverified, "phase")} not verified: no command of the plan checks what is built.`}
            </Caution>
          )}
          {sameFamily > 0 && (
            <Caution icon={<UsersRound />}>
              {`${count(sameFamily, "phase")} with Builder and Auditor of the same family: models.yaml has no other.`}
            </Caution>
          )}
        </ul>
      )}
      <Models shares={shares} />
      <PlanPhases plan={plan} />
    </section>
  );
}

function Caution({ icon, children }: { icon: ReactNode; children: string }) {
  return (
    <li className="flex gap-2 wrap-anywhere">
      <span aria-hidden className="mt-0.5 shrink-0 text-warn [&>svg]:size-4">
        {icon}
      </span>
      {children}
    </li>
  );
}

function Models({ shares }: { shares: readonly ModelShare[] }) {
  return (
    <table className="w-full">
      <caption className="pb-1 text-left font-medium">Models</caption>
      <thead className="text-muted text-xs">
        <tr className="border-line border-b">
          <th scope="col" className="py-1 text-left font-medium">
            Model
          </th>
          <th scope="col" className="w-20 py-1 text-right font-medium">
            Builds
          </th>
          <th scope="col" className="w-20 py-1 text-right font-medium">
            Audits
          </th>
        </tr>
      </thead>
      <tbody>
        {shares.map((one) => (
          <tr key={one.model} className="border-line border-b">
            <th scope="row" className="py-1 text-left font-normal wrap-anywhere">
              {one.model}
              {!one.keySet && <NoKey />}
            </th>
            <td className="py-1 text-right">{one.builds}</td>
            <td className="py-1 text-right">{one.audits}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
