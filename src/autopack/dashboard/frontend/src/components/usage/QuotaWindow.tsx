import { TriangleAlert } from "lucide-react";
import type { Pool, QuotaWindow as Window } from "../../api/usage";
import { Badge } from "../../ui/Badge";
import { fully, share } from "../../words/format";
import { blockedBecause, comesBack, forecast, isBlocked, projectedPercent, standingOf } from "./forecast";
import { Meter } from "./Meter";
import { amount, windowName } from "./words";

/** One window of a quota: how much of its cap is used, and when there is room again. */
export function QuotaWindow({ pool, window, now }: { pool: Pool; window: Window; now: string }) {
  const { percent, cap, account_cap, unit } = window;
  const { label, tone } = standingOf(window);
  return (
    <div className="space-y-1.5 border-line border-t pt-2.5">
      <div className="flex flex-wrap items-center justify-between gap-x-2">
        <h4 className="font-medium">{windowName(window)}</h4>
        <span className="flex items-center gap-2">
          <Badge tone={tone} icon={tone === "warn" || tone === "bad" ? <TriangleAlert /> : undefined}>
            {label}
          </Badge>
          {percent !== null && <span className="font-semibold text-lg">{share(percent)}</span>}
        </span>
      </div>
      {percent !== null && cap !== null && (
        <Meter
          label={`${pool.pool}: ${windowName(window)}`}
          tone={tone === "neutral" ? "good" : tone}
          spent={percent}
          reserved={window.percent_reserved ?? 0}
          projected={projectedPercent(window, now) ?? 0}
          softLimit={pool.soft_limit_percent}
          keptFree={pool.kept_free_percent}
        />
      )}
      <p title="As the cap counts it: tokens weighed by their kind, calls of unknown usage as they were reserved, and the whole of the oldest hour.">
        {amount(window.spent, unit)}
        {cap === null ? " used · only shown" : ` of ${amount(cap, unit)}`}
        {account_cap !== null && cap !== null && Number(account_cap) !== Number(cap) && (
          <span className="text-muted">, Autopack's share of the account's {amount(account_cap, unit)}</span>
        )}
      </p>
      {isBlocked(window) && (
        <p className="text-bad">
          {blockedBecause(window)} Give the model a price in models.yaml, then run{" "}
          <code className="font-mono">autopack usage reprice</code>.
        </p>
      )}
      <p className="text-muted">
        <span title={title(window.resets_at ?? window.oldest_leaves_at)}>{comesBack(window, now)}</span>{" "}
        <span title={title(window.exhausted_at)} className={window.exhausted_at === null ? "" : "text-warn"}>
          {forecast(window, now)}
        </span>
      </p>
    </div>
  );
}

function title(instant: string | null): string | undefined {
  return instant === null ? undefined : fully(instant);
}
