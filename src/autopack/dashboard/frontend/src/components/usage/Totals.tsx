import type { Spend } from "../../api/runs";
import type { Pool, Usage } from "../../api/usage";
import { Badge } from "../../ui/Badge";
import { Dollars, explained, Tokens } from "../../ui/SpendText";
import { clock, count, fully, tokens } from "../../words/format";
import { added } from "./series";
import { PERIODS } from "./words";

/** What the whole period took: paid by the call, by a subscription, and apart from both what a script answered. */
export function Totals({ usage }: { usage: Usage }) {
  const { simulated, since } = usage;
  const span = PERIODS[usage.period as keyof typeof PERIODS]?.span ?? "all time";
  const subscription = realOf(usage, "subscription");
  const byTheCall = subscription === undefined ? (usage.real ?? undefined) : realOf(usage, "api");
  return (
    <div className="space-y-3 px-4 pb-4">
      <p className="text-muted">
        In {span}
        {since !== null && (
          <>
            , since{" "}
            <time dateTime={since} title={fully(since)}>
              {clock(since)}
            </time>
          </>
        )}
      </p>
      {usage.real === null && simulated === null ? (
        <div className="space-y-1">
          <p className="font-medium text-base">No call was made in {span}.</p>
          <p>Choose a longer period, or start a run: what each model call takes is counted here at once.</p>
        </div>
      ) : (
        <div className="grid grid-cols-[repeat(auto-fit,minmax(min(100%,18rem),1fr))] gap-x-8 gap-y-4">
          {byTheCall !== undefined && <Total title="Real calls" spend={byTheCall} />}
          {subscription !== undefined && (
            <Total title="On a subscription" note="list prices" spend={subscription} listPrice />
          )}
          {simulated !== null && (
            <Total title="Simulated calls" note="nobody was charged" spend={simulated} />
          )}
        </div>
      )}
    </div>
  );
}

function realOf(usage: Usage, billing: Pool["billing"]): Spend | undefined {
  return usage.pools
    .filter((pool) => pool.billing === billing)
    .reduce<Spend | undefined>((sum, { real }) => (real === null ? sum : added(sum, real)), undefined);
}

type TotalProps = { title: string; note?: string; spend: Spend; listPrice?: boolean };

function Total({ title, note, spend, listPrice = false }: TotalProps) {
  return (
    <section aria-label={title} title={explained(spend, listPrice)}>
      <h3 className="flex items-center gap-2 text-muted">
        {title}
        {note !== undefined && <Badge>{note}</Badge>}
      </h3>
      <p className="flex flex-wrap items-baseline gap-x-4 font-semibold text-xl">
        <Tokens spend={spend} />
        <Dollars spend={spend} listPrice={listPrice} />
        <span className="font-normal text-muted text-sm">{count(spend.calls, "call")}</span>
      </p>
      {spend.unknown_calls > 0 && (
        <p className="text-warn">
          {count(spend.unknown_calls, "call")} of unknown usage: at most {tokens(spend.unknown_tokens)} tokens
          more.
        </p>
      )}
      {spend.unpriced_calls > 0 && (
        <p className="text-warn">
          {count(spend.unpriced_calls, "call")} without a known price: give the model one in models.yaml, then
          run <code className="font-mono">autopack usage reprice</code>.
        </p>
      )}
    </section>
  );
}
