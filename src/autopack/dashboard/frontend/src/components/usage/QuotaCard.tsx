import { useId } from "react";
import type { Pool } from "../../api/usage";
import { Badge } from "../../ui/Badge";
import { SpendText } from "../../ui/SpendText";
import { count, tokens, usd } from "../../words/format";
import { AccountSays } from "./AccountSays";
import { QuotaWindow } from "./QuotaWindow";

/** One quota: what was used of it, and where it stands against each of its caps. */
export function QuotaCard({ pool, now }: { pool: Pool; now: string }) {
  const heading = useId();
  const subscription = pool.billing === "subscription";
  const capped = pool.windows.some((window) => window.cap !== null);
  return (
    <section aria-labelledby={heading} className="min-w-0 grow space-y-3 rounded-lg border border-line p-3">
      <header className="space-y-1">
        <div className="flex flex-wrap items-center justify-between gap-2">
          <h3 id={heading} className="min-w-0 font-semibold wrap-anywhere">
            {pool.pool}
          </h3>
          {subscription && <Badge tone="wait">subscription · list prices</Badge>}
        </div>
        <Used pool={pool} listPrice={subscription} />
        {pool.reserved.calls > 0 && <p className="text-muted">{reserved(pool)}</p>}
      </header>
      {pool.windows.map((window) => (
        <QuotaWindow key={`${window.window} ${window.unit}`} pool={pool} window={window} now={now} />
      ))}
      {pool.account.length > 0 && <AccountSays pool={pool} now={now} />}
      {!capped && <NoCap pool={pool} />}
    </section>
  );
}

function Used({ pool, listPrice }: { pool: Pool; listPrice: boolean }) {
  if (pool.real === null && pool.simulated === null) {
    return <p className="text-muted">No call in this period</p>;
  }
  return (
    <>
      {pool.real !== null && (
        <p>
          <SpendText spend={pool.real} listPrice={listPrice} />
        </p>
      )}
      {pool.simulated !== null && (
        <p>
          <SpendText spend={pool.simulated} /> <span className="text-muted">(simulated)</span>
        </p>
      )}
    </>
  );
}

function reserved({ reserved: { calls, tokens: most, cost_usd } }: Pool): string {
  const dollars = cost_usd === null ? "no known price" : usd(cost_usd);
  return `${count(calls, "call")} under way: at most ${tokens(most)} tokens, ${dollars}`;
}

function NoCap({ pool }: { pool: Pool }) {
  const section = pool.billing === "subscription" ? "pools" : "providers";
  return (
    <details className="rounded-lg bg-sunken px-3 py-1.5">
      <summary className="flex items-center justify-between gap-2 pointer-coarse:min-h-11">
        <span>No cap configured</span>
        <span className="text-accent underline">How to set one</span>
      </summary>
      <div className="space-y-2 py-2">
        <p>
          In <code className="font-mono">models.yaml</code> (
          <code className="font-mono">autopack doctor</code> says where it is), for instance:
        </p>
        <pre className="verbatim">{`${section}:\n  ${pool.pool}:\n    weekly_cap_tokens: 20_000_000`}</pre>
        <p className="text-muted">It counts at once, also for runs under way.</p>
      </div>
    </details>
  );
}
