import { ChevronRight } from "lucide-react";
import { type ReactNode, useState } from "react";
import type { Attempt, PhaseDetail } from "../../api/runs";
import { Badge } from "../../ui/Badge";
import { SpendText } from "../../ui/SpendText";
import { clock, duration, fully, secondsBetween, words } from "../../words/format";
import { outcomeTone } from "../../words/states";
import { visible } from "../../words/visible";
import { Checks } from "./Checks";
import { Diff } from "./Diff";
import { VerdictNote } from "./VerdictNote";
import { WhyModel } from "./WhyModel";

type Props = {
  run: string;
  phase: number;
  attempt: Attempt;
  allowed: number;
  outputs: PhaseDetail["outputs"];
  newest: boolean;
};

/** One try: who did it and why they, what ran, what the Auditor said, what was changed, and what it cost. */
export function AttemptDetails({ run, phase, attempt, allowed, outputs, newest }: Props) {
  const [open, setOpen] = useState(newest);
  const { builder, auditor } = attempt;
  return (
    <details
      open={open}
      onToggle={(event) => setOpen(event.currentTarget.open)}
      className="group/attempt rounded-lg border border-line bg-surface"
    >
      <summary className="flex flex-wrap items-center gap-x-2.5 gap-y-1 px-3 py-2 marker:content-none">
        <ChevronRight
          aria-hidden
          className="size-4 text-muted transition-transform group-open/attempt:rotate-90"
        />
        <span className="font-medium">
          Attempt {attempt.number} <span className="font-normal text-muted">of {allowed}</span>
        </span>
        <Badge tone={outcomeTone(attempt.outcome)}>
          {attempt.outcome === "open" ? "at work" : words(attempt.outcome)}
        </Badge>
        <span className="text-muted text-xs" title={fully(attempt.started_at)}>
          {clock(attempt.started_at)}
          {attempt.ended_at !== null &&
            ` · ${duration(secondsBetween(attempt.started_at, attempt.ended_at))}`}
        </span>
        <span className="ml-auto text-xs">
          {attempt.usage.calls > 0 && <SpendText spend={attempt.usage} />}
        </span>
      </summary>
      {open && (
        <div className="space-y-3 border-line border-t px-3 py-3">
          {attempt.failure !== "" && (
            <Part name="Why it was not accepted">
              <p className="wrap-anywhere">{visible(attempt.failure)}</p>
              {attempt.failure_output !== "" && (
                <Folded summary="What the next attempt is shown of it">
                  <pre className="verbatim max-h-80 overflow-y-auto rounded-md bg-sunken p-2">
                    {visible(attempt.failure_output)}
                  </pre>
                </Folded>
              )}
            </Part>
          )}
          {attempt.summary !== "" && (
            <Part name="What the Builder says it did">
              <p className="whitespace-pre-line wrap-anywhere">{visible(attempt.summary)}</p>
            </Part>
          )}
          {builder !== null && (
            <Part name="Models, and why these">
              <div className="space-y-2">
                <WhyModel decision={builder} />
                {auditor !== null && <WhyModel decision={auditor} />}
              </div>
            </Part>
          )}
          {attempt.checks.length > 0 && (
            <Part name="What ran">
              <Checks checks={attempt.checks} outputs={outputs} />
            </Part>
          )}
          {attempt.verdict !== null && (
            <Part name="What the Auditor says">
              <VerdictNote verdict={attempt.verdict} />
            </Part>
          )}
          {attempt.diff_sha !== null && <Diff run={run} phase={phase} attempt={attempt.number} />}
          <Spent attempt={attempt} />
        </div>
      )}
    </details>
  );
}

function Spent({ attempt }: { attempt: Attempt }) {
  if (attempt.usage_by_role.length === 0) return null;
  return (
    <Part name="What it used">
      <ul className="space-y-0.5">
        {attempt.usage_by_role.map((one) => (
          <li key={`${one.role} ${one.model}`} className="flex flex-wrap justify-between gap-x-3">
            <span>
              {one.role} <span className="text-muted">· {one.model}</span>
            </span>
            <SpendText spend={one.usage} />
          </li>
        ))}
      </ul>
    </Part>
  );
}

export function Part({ name, children }: { name: string; children: ReactNode }) {
  return (
    <section aria-label={name}>
      <h4 className="mb-0.5 font-medium text-muted text-xs">{name}</h4>
      {children}
    </section>
  );
}

export function Folded({ summary, children }: { summary: string; children: ReactNode }) {
  return (
    <details className="group/folded">
      <summary className="flex w-fit items-center gap-1 py-1 text-accent marker:content-none">
        <ChevronRight aria-hidden className="size-3.5 transition-transform group-open/folded:rotate-90" />
        {summary}
      </summary>
      {children}
    </details>
  );
}
