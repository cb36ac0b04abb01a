import { useQuery } from "@tanstack/react-query";
import clsx from "clsx";
import { Coins } from "lucide-react";
import { useState } from "react";
import { type RunUsage, runUsageOptions, type Spend } from "../../api/runs";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { Fact } from "../../ui/Fact";
import { Loading } from "../../ui/Loading";
import { ProblemNote } from "../../ui/ProblemNote";
import { Scrollable } from "../../ui/Scrollable";
import { Dollars, Tokens } from "../../ui/SpendText";
import { count, tokens, usd } from "../../words/format";
import { visible } from "../../words/visible";

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
  const failed = data.failed_attempts.usage;
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
      <Rows caption="By tier" head={["Tier"]} rows={tierRows(data)} />
      <dl className="grid gap-3 sm:grid-cols-2">
        <Fact name="An accepted phase costs, failed attempts included">
          <PerPhase {...data} />
        </Fact>
        <Fact name="Went into attempts that were not accepted">
          {failed.calls === 0 ? (
            "nothing"
          ) : (
            <>
              <Tokens spend={failed} /> · <Dollars spend={failed} />
            </>
          )}
        </Fact>
      </dl>
    </div>
  );
}

type Booked = { usage: Spend; refused_calls: number; released_calls: number };
type Row = { key: string; names: readonly string[]; booked: Booked };

/** Each tier, and what is in none: together they are the whole. */
function tierRows({ tiers, gone, beside }: RunUsage): Row[] {
  return [
    ...tiers.map((one) => ({
      key: `tier ${one.index}`,
      names: [`${one.index} · ${visible(one.name)}`],
      booked: one.booked,
    })),
    ...gone.map((one) => ({
      key: `gone ${one.id}`,
      names: [`${visible(one.name || one.id)}, no longer in the plan`],
      booked: one.booked,
    })),
    ...beside.map((one) => ({
      key: `beside ${one.role} ${one.model} ${one.simulated}`,
      names: [`${one.role}, for no phase`],
      booked: one.booked,
    })),
  ];
}

function PerPhase({ accepted, booked, real }: RunUsage) {
  const { tokens_per_phase, cost_usd_per_phase, whole } = accepted;
  if (tokens_per_phase === null) return "no phase is accepted yet";
  const { calls, unknown_calls } = booked.usage;
  const nothingKnown = calls > 0 && calls === unknown_calls;
  const atLeast = whole ? "" : "≥ ";
  const notional = real === null && calls > 0;
  return (
    <>
      {nothingKnown ? "tokens unknown" : `${atLeast}${tokens(tokens_per_phase)} tokens`}
      {" · "}
      {cost_usd_per_phase === null ? (
        <span className="text-warn">{nothingKnown ? "cost unknown" : "no price"}</span>
      ) : (
        <span className={notional ? "text-muted italic" : undefined}>
          {`${atLeast}${notional ? "~" : ""}${usd(cost_usd_per_phase)}${notional ? " sim." : ""}`}
        </span>
      )}
    </>
  );
}

function Rows({ caption, head, rows }: { caption: string; head: readonly string[]; rows: readonly Row[] }) {
  if (rows.length === 0) return null;
  return (
    <Scrollable label={caption}>
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
              <th
                key={name}
                scope="col"
                className={clsx("py-1 pl-3 text-right font-medium", name === "Calls" && "max-sm:hidden")}
              >
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ key, names, booked }) => (
            <tr key={key} className="border-line border-b last:border-0">
              {names.map((name, column) =>
                column === 0 ? (
                  <th key={head[column]} scope="row" className="py-1 pr-3 font-normal whitespace-nowrap">
                    {name}
                  </th>
                ) : (
                  <td key={head[column]} className="py-1 pr-3 wrap-break-word">
                    {name}
                  </td>
                ),
              )}
              <td
                className="py-1 pl-3 text-right max-sm:hidden"
                title={`${count(booked.refused_calls, "call")} refused, ${booked.released_calls} without an answer`}
              >
                {booked.usage.calls}
              </td>
              <td className="py-1 pl-3 text-right whitespace-nowrap">
                <Tokens spend={booked.usage} unit={false} />
              </td>
              <td className="py-1 pl-3 text-right whitespace-nowrap">
                <Dollars spend={booked.usage} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scrollable>
  );
}
