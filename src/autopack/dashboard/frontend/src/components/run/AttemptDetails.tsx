import { type ReactNode, useState } from "react";
import type { Attempt, PhaseDetail } from "../../api/runs";
import { Badge } from "../../ui/Badge";
import { Fold } from "../../ui/Fold";
import { SpendText } from "../../ui/SpendText";
import { Verbatim } from "../../ui/Verbatim";
import { clock, duration, fully, secondsBetween } from "../../words/format";
import { outcomeTone, outcomeWords } from "../../words/states";
import { flowing, visible } from "../../words/visible";
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
  // One that was open stays so when a newer one begins: it may be read.
  const [startsOpen] = useState(newest);
  return (
    <Fold look="card" startsOpen={startsOpen} summary={<Gist attempt={attempt} allowed={allowed} />}>
      {() => <All run={run} phase={phase} attempt={attempt} outputs={outputs} />}
    </Fold>
  );
}

function Gist({ attempt, allowed }: Pick<Props, "attempt" | "allowed">) {
  return (
    <>
      <span className="font-medium">
        Attempt {attempt.number} <span className="font-normal text-muted">of {allowed}</span>
      </span>
      <Badge tone={outcomeTone(attempt.outcome)}>{outcomeWords(attempt.outcome)}</Badge>
      <span className="text-muted text-xs" title={fully(attempt.started_at)}>
        {clock(attempt.started_at)}
        {attempt.ended_at !== null && ` · ${duration(secondsBetween(attempt.started_at, attempt.ended_at))}`}
      </span>
      <span className="ml-auto text-xs">
        {attempt.usage.calls > 0 && <SpendText spend={attempt.usage} />}
      </span>
    </>
  );
}

function All({ run, phase, attempt, outputs }: Pick<Props, "run" | "phase" | "attempt" | "outputs">) {
  const { builder, auditor, diff_sha } = attempt;
  return (
    <div className="space-y-3">
      {attempt.failure !== "" && (
        <Part attempt={attempt} name="Why it was not accepted">
          <p className="wrap-anywhere">{visible(attempt.failure)}</p>
          {attempt.failure_output !== "" && (
            <Fold summary="What the next attempt is shown of it">
              {() => <Verbatim label="What the next attempt is shown of it" text={attempt.failure_output} />}
            </Fold>
          )}
        </Part>
      )}
      {attempt.summary !== "" && (
        <Part attempt={attempt} name="What the Builder says it did">
          <p className="whitespace-pre-line wrap-anywhere">{flowing(visible(attempt.summary))}</p>
        </Part>
      )}
      {builder !== null && (
        <Part attempt={attempt} name="Models, and why these">
          <div className="space-y-2">
            <WhyModel decision={builder} />
            {auditor !== null && <WhyModel decision={auditor} />}
          </div>
        </Part>
      )}
      {attempt.checks.length > 0 && (
        <Part attempt={attempt} name="What ran">
          <Checks checks={attempt.checks} outputs={outputs} />
        </Part>
      )}
      {attempt.verdict !== null && (
        <Part attempt={attempt} name="What the Auditor says">
          <VerdictNote verdict={attempt.verdict} />
        </Part>
      )}
      {diff_sha !== null && (
        <Fold summary="What it changed">
          {() => <Diff change={{ run, phase, attempt: attempt.number, sha: diff_sha }} />}
        </Fold>
      )}
      <Spent attempt={attempt} />
    </div>
  );
}

function Spent({ attempt }: { attempt: Attempt }) {
  if (attempt.usage_by_role.length === 0) return null;
  return (
    <Part attempt={attempt} name="What it used">
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

type PartProps = { name: string; attempt: Attempt; children: ReactNode };

function Part({ name, attempt, children }: PartProps) {
  return (
    <section aria-label={`${name}, attempt ${attempt.number}`}>
      <h4 className="mb-0.5 font-medium text-muted text-xs">{name}</h4>
      {children}
    </section>
  );
}
