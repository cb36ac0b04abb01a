import { useQuery } from "@tanstack/react-query";
import { Check, CircleAlert, Clock, Minus, TriangleAlert } from "lucide-react";
import { type Decision, explainOptions, type Mapping } from "../../api/models";
import { Badge } from "../../ui/Badge";
import { Dialog } from "../../ui/Dialog";
import { Loading } from "../../ui/Loading";
import { ProblemNote } from "../../ui/ProblemNote";
import { clock, fully } from "../../words/format";
import { cellName } from "./cells";

type Props = { row: Mapping; run: string | null; onClose(): void };

/** Which model a call would get at this moment, and what was made of every other. */
export function WhyDialog({ row, run, onClose }: Props) {
  const { role, category, complexity } = row;
  const asked = useQuery(explainOptions({ role, category, complexity, run_id: run }));
  return (
    <Dialog title="Why this model?" onClose={onClose}>
      <p className="text-muted">
        <span className="inline-block first-letter:uppercase">{cellName(row)}</span>, if it began now
        {run === null ? " in a new run" : " in this run"}. No call is made.
      </p>
      {asked.isPending ? (
        <Loading what="the decision" />
      ) : asked.isError ? (
        <ProblemNote error={asked.error} retry={asked.refetch} className="mt-3" />
      ) : (
        <Answer decision={asked.data} />
      )}
    </Dialog>
  );
}

function Answer({ decision }: { decision: Decision }) {
  return (
    <div className="mt-3 space-y-3">
      <div role="status" className="space-y-1">
        <Verdict decision={decision} />
        <p className="wrap-anywhere">{sentence(decision.reason)}</p>
      </div>
      {decision.same_family && (
        <p className="flex gap-2 rounded-lg bg-warn-soft p-2.5">
          <TriangleAlert aria-hidden className="mt-0.5 size-4 shrink-0 text-warn" />
          Builder and Auditor would be of one family, {decision.model.family}.
        </p>
      )}
      {decision.candidates.length > 0 && (
        <section className="space-y-1.5">
          <h3 className="font-medium">What was considered</h3>
          <ol className="divide-y divide-line rounded-lg border border-line">
            {decision.candidates.map((one) => (
              <li key={`${one.model} ${one.why}`} className="flex gap-2 px-3 py-2">
                {one.taken ? (
                  <Check aria-hidden className="mt-0.5 size-4 shrink-0 text-good" />
                ) : (
                  <Minus aria-hidden className="mt-0.5 size-4 shrink-0 text-muted" />
                )}
                <div className="min-w-0">
                  <p className="flex flex-wrap gap-x-2 wrap-anywhere">
                    <span className={one.taken ? "font-semibold" : undefined}>{one.model}</span>
                    <span className={one.taken ? "text-good" : "text-muted"}>
                      {one.taken ? "taken" : "not taken"}
                    </span>
                  </p>
                  <p className="text-muted wrap-anywhere">{sentence(one.why)}</p>
                </div>
              </li>
            ))}
          </ol>
        </section>
      )}
    </div>
  );
}

function Verdict({ decision: { verdict, model, until } }: { decision: Decision }) {
  if (verdict === "wait") {
    return (
      <p
        className="flex flex-wrap items-center gap-2 font-semibold text-base"
        title={until ? fully(until) : undefined}
      >
        <Clock aria-hidden className="size-4 text-wait" />
        {until === null ? "It would wait" : `It would wait until ${clock(until)}`}
      </p>
    );
  }
  if (verdict === "fail") {
    return (
      <p className="flex flex-wrap items-center gap-2 font-semibold text-base">
        <CircleAlert aria-hidden className="size-4 text-bad" />
        No model may take it now
      </p>
    );
  }
  return (
    <p className="flex flex-wrap items-center gap-2 font-semibold text-base wrap-anywhere">
      {model.name}
      <Badge>{`${model.provider} · quota ${model.pool}`}</Badge>
      {model.simulated && <Badge title="A script answers in its place.">simulated</Badge>}
    </p>
  );
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;
}
