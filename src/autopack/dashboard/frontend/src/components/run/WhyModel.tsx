import { CircleCheck, CircleMinus } from "lucide-react";
import type { Schemas } from "../../api/client";
import { Badge } from "../../ui/Badge";
import { Fold } from "../../ui/Fold";
import { visible } from "../../words/visible";

/** The model of a role, the reason, and every other that was considered. */
export function WhyModel({ decision }: { decision: Schemas["Decision"] }) {
  return (
    <div>
      <p className="flex flex-wrap items-center gap-x-2 gap-y-1">
        <span className="capitalize">{decision.role}</span>
        <span className="font-medium font-mono text-xs wrap-anywhere">{decision.model.name}</span>
        {decision.model.simulated && <Badge>simulated</Badge>}
        {decision.same_family && (
          <Badge tone="warn" title="The policy has no Auditor of another family than the Builder's.">
            same family
          </Badge>
        )}
      </p>
      <p className="text-muted wrap-anywhere">{visible(decision.reason)}</p>
      {decision.candidates.length > 1 && (
        <Fold summary={`${decision.candidates.length} models considered`}>
          {() => (
            <ul className="space-y-1">
              {decision.candidates.map((one) => (
                <li key={`${one.model} ${one.why}`} className="flex gap-2">
                  {one.taken ? (
                    <CircleCheck aria-label="Taken" className="mt-0.5 size-4 shrink-0 text-good" />
                  ) : (
                    <CircleMinus aria-label="Not taken" className="mt-0.5 size-4 shrink-0 text-muted" />
                  )}
                  <span className="min-w-0 wrap-anywhere">
                    <span className="font-mono text-xs">{one.model}</span>{" "}
                    <span className="text-muted">{visible(one.why)}</span>
                  </span>
                </li>
              ))}
            </ul>
          )}
        </Fold>
      )}
    </div>
  );
}
