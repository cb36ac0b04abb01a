import { useQuery } from "@tanstack/react-query";
import { Coins } from "lucide-react";
import { useState } from "react";
import { runUsageOptions } from "../../api/runs";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { Loading } from "../../ui/Loading";
import { ProblemNote } from "../../ui/ProblemNote";
import { Dollars, tokensText } from "../../ui/SpendText";
import { tokens, usd } from "../../words/format";

/** A button, and behind it what the run used by role and model, and what an accepted phase costs. */
export function RunCost({ run }: { run: string }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button kind="quiet" icon={<Coins />} onClick={() => setOpen(true)}>
        Where it went
      </Button>
      {open && (
        <Dialog title="Where tokens and dollars went" onClose={() => setOpen(false)} wide>
          <Split run={run} />
        </Dialog>
      )}
    </>
  );
}

function Split({ run }: { run: string }) {
  const { data, error, isPending, refetch } = useQuery(runUsageOptions(run));
  if (isPending) return <Loading what="usage" />;
  if (data === undefined) return <ProblemNote error={error} retry={refetch} />;
  const { accepted, failed_attempts } = data;
  const atLeast = accepted.whole ? "" : "≥ ";
  return (
    <div className="space-y-4">
      <Rows
        caption="By role and model"
        head={["Role", "Model"]}
        rows={data.roles.map((one) => ({
          key: `${one.role} ${one.model} ${one.simulated}`,
          names: [one.role, one.model],
          booked: one.booked,
        }))}
      />
      <Rows
        caption="By tier"
        head={["Tier"]}
        rows={data.tiers.map((one) => ({
          key: String(one.index),
          names: [`${one.index} · ${one.name}`],
          booked: one.booked,
        }))}
      />
      <dl className="grid gap-3 sm:grid-cols-2">
        <div>
          <dt className="text-muted text-xs">An accepted phase costs, failed attempts included</dt>
          <dd className="font-medium">
            {accepted.tokens_per_phase === null
              ? "no phase is accepted yet"
              : `${atLeast}${tokens(accepted.tokens_per_phase)} tokens · ${
                  accepted.cost_usd_per_phase === null
                    ? "no price"
                    : atLeast + usd(accepted.cost_usd_per_phase)
                }`}
          </dd>
        </div>
        <div>
          <dt className="text-muted text-xs">Went into attempts that were not accepted</dt>
          <dd className="font-medium">
            {tokensText(failed_attempts.usage)} · <Dollars spend={failed_attempts.usage} />
          </dd>
        </div>
      </dl>
    </div>
  );
}

type Booked = { usage: Parameters<typeof tokensText>[0]; refused_calls: number; released_calls: number };
type Row = { key: string; names: readonly string[]; booked: Booked };

function Rows({ caption, head, rows }: { caption: string; head: readonly string[]; rows: readonly Row[] }) {
  if (rows.length === 0) return null;
  return (
    <div className="overflow-x-auto">
      <table className="w-full text-left">
        <caption className="pb-1 text-left font-medium">{caption}</caption>
        <thead className="text-muted text-xs">
          <tr className="border-line border-b">
            {head.map((name) => (
              <th key={name} scope="col" className="py-1 pr-3 font-medium">
                {name}
              </th>
            ))}
            {["Calls", "Tokens", "Cost"].map((name) => (
              <th key={name} scope="col" className="py-1 pl-3 text-right font-medium">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ key, names, booked }) => (
            <tr key={key} className="border-line border-b last:border-0">
              {names.map((name, column) => (
                <td key={head[column]} className="py-1 pr-3 wrap-anywhere">
                  {name}
                </td>
              ))}
              <td
                className="py-1 pl-3 text-right"
                title={`${booked.refused_calls} refused, ${booked.released_calls} without an answer`}
              >
                {booked.usage.calls}
              </td>
              <td className="py-1 pl-3 text-right whitespace-nowrap">
                {tokensText(booked.usage).replace(" tokens", "")}
              </td>
              <td className="py-1 pl-3 text-right whitespace-nowrap">
                <Dollars spend={booked.usage} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
