import type { Pool, Usage } from "../../api/usage";
import { Panel } from "../../ui/Panel";
import { QuotaCard } from "./QuotaCard";
import { usedShares } from "./words";

/** A card for each quota, the fullest first; those without a cap of which no account tells come last. */
export function Quotas({ usage }: { usage: Usage }) {
  const pools = [...usage.pools].sort((one, two) => fullest(two) - fullest(one));
  return (
    <Panel title="Quotas">
      {pools.length === 0 ? (
        <p className="px-4 pb-4 text-muted">
          There is no quota yet: none is named in models.yaml, and no model was called.
        </p>
      ) : (
        <ul className="grid grid-cols-[repeat(auto-fill,minmax(min(100%,22rem),1fr))] gap-3 px-3 pb-3 sm:px-4 sm:pb-4">
          {pools.map((pool) => (
            <li key={pool.pool} className="flex break-inside-avoid">
              <QuotaCard pool={pool} now={usage.now} />
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function fullest(pool: Pool): number {
  return Math.max(-1, ...usedShares(pool));
}
