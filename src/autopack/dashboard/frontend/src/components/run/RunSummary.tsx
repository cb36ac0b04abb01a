import { Hourglass, ShieldOff, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import type { Run } from "../../api/runs";
import { useNow } from "../../live/useNow";
import { Badge } from "../../ui/Badge";
import { Bar } from "../../ui/Bar";
import { Fact } from "../../ui/Fact";
import { Dollars, Tokens } from "../../ui/SpendText";
import {
  clock,
  count,
  duration,
  fully,
  percent,
  secondsBetween,
  share,
  tokens,
  usd,
  whole,
  words,
} from "../../words/format";
import { capTone, hasEnded, reason, standing } from "../../words/states";
import { visible } from "../../words/visible";
import { NextSteps } from "./NextSteps";

/** The run in one look: its state and why, where it is, how far, what it does now, and what it used. */
export function RunSummary({ run }: { run: Run }) {
  const { label, tone } = standing(run);
  return (
    <section aria-labelledby="run-name" className="rounded-xl border border-line bg-surface p-4 shadow-card">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <h1 id="run-name" className="min-w-0 font-semibold text-xl wrap-anywhere">
          {visible(run.plan)}
        </h1>
        <Badge tone={tone} className="text-sm">
          {label}
        </Badge>
        {run.needs_you && (
          <Badge tone="warn" icon={<TriangleAlert />}>
            needs you
          </Badge>
        )}
        {!run.sandboxed && (
          <Badge
            tone="warn"
            icon={<ShieldOff />}
            title="What models write runs with the rights of whoever started it."
          >
            no sandbox
          </Badge>
        )}
      </div>
      <p className="mt-0.5 text-muted text-xs wrap-anywhere">
        {visible(run.project)} · <span className="font-mono">{run.run_id}</span> · started{" "}
        <time dateTime={run.started_at ?? run.created_at} title={fully(run.started_at ?? run.created_at)}>
          {run.started_at === null ? "not yet" : clock(run.started_at)}
        </time>
      </p>
      <Why run={run} />
      <div className="mt-3 flex flex-wrap items-baseline justify-between gap-x-4">
        <p className="font-medium">{where(run)}</p>
        <p className="text-muted">
          {whole(run.completed_phases)} of {count(run.total_phases, "phase")} ·{" "}
          {percent(run.percent_complete)}
        </p>
      </div>
      <Bar
        className="mt-1.5 h-2.5"
        value={run.percent_complete}
        label="Progress"
        text={`${whole(run.completed_phases)} of ${count(run.total_phases, "phase")} done`}
        tone={run.state === "failed" ? "bad" : run.state === "succeeded" ? "good" : "run"}
      />
      <Now run={run} />
      <Facts run={run} />
      <NextSteps run={run} />
    </section>
  );
}

/** `Tier 2 / Phase 4 · Core: Task store`; after the end what came of it. */
export function where(run: Run): string {
  if (run.current_phase_index === null) {
    return hasEnded(run.state) ? `${count(run.completed_phases, "phase")} done` : "Before the first phase";
  }
  const names = visible(`${run.current_tier_name}: ${run.current_phase_name}`);
  return `Tier ${run.current_tier_index} / Phase ${run.current_phase_index} · ${names}`;
}

function Why({ run }: { run: Run }) {
  const why = reason(run);
  if (why === null) return null;
  return (
    <div className="mt-2">
      <p>{why}</p>
      {run.end_detail !== "" && run.state !== "succeeded" && (
        <p className="mt-0.5 text-muted wrap-anywhere">{visible(run.end_detail)}</p>
      )}
    </div>
  );
}

const STALL_SECONDS = 300;
const DOES: Record<string, string> = {
  builder: "Builder",
  auditor: "Auditor",
  clone: "Cloning",
  setup: "Setup",
  baseline: "Baseline",
  verify: "Verifying",
};

/** What it is at in this moment, and a neutral word where that takes long. */
function Now({ run }: { run: Run }) {
  const { activity } = run;
  const now = useNow(activity !== null);
  if (activity === null) return null;
  const since = Math.max(0, secondsBetween(activity.since, now));
  const what = DOES[activity.what] ?? words(activity.what);
  return (
    <div className="mt-3 flex flex-wrap items-center gap-x-2 gap-y-1 rounded-lg bg-run-soft px-3 py-2">
      <span aria-hidden className="size-2 shrink-0 animate-pulse rounded-full bg-run" />
      <span className="font-medium text-run">{what}</span>
      <span className="min-w-0 grow basis-40 truncate font-mono text-xs" title={visible(activity.doing)}>
        {visible(activity.doing)}
      </span>
      <span className="text-muted text-xs">
        {activity.tokens !== null && `${tokens(activity.tokens)} tokens · `}
        {duration(since)}
      </span>
      {since > STALL_SECONDS && (
        <p className="flex w-full gap-1.5 text-muted">
          <Hourglass aria-hidden className="mt-0.5 size-4 shrink-0" />
          Nothing new for {duration(since)}. It waits for: {what.toLowerCase()}
          {activity.doing !== "" && `, ${visible(activity.doing)}`}. The plan's time limits end it if it stays
          so.
        </p>
      )}
    </div>
  );
}

function Facts({ run }: { run: Run }) {
  const runs = run.driven && !hasEnded(run.state);
  const now = useNow(runs);
  const elapsed = runs && run.started_at !== null ? secondsBetween(run.started_at, now) : run.elapsed_seconds;
  const rest = elapsed !== null && run.elapsed_seconds !== null ? elapsed - run.elapsed_seconds : 0;
  const working = run.working_seconds === null ? null : run.working_seconds + Math.max(0, rest);
  const knownTokens = run.usage.calls === 0 || run.usage.calls > run.usage.unknown_calls;
  return (
    <dl className="mt-3 grid grid-cols-2 gap-x-4 gap-y-2.5 sm:grid-cols-4">
      <Fact name="Working time">
        {working === null ? "–" : duration(working)}
        {elapsed !== null && working !== null && elapsed - working >= 60 && (
          <Small>{duration(elapsed)} with waits</Small>
        )}
      </Fact>
      <Fact name="Tokens">
        <Tokens spend={run.usage} unit={false} />
        {run.token_budget !== null && (
          <Budget
            name="Token budget"
            text={tokens(run.token_budget)}
            used={knownTokens ? run.tokens_used / run.token_budget : null}
            atLeast={run.usage.unknown_calls > 0}
          />
        )}
      </Fact>
      <Fact name="Cost">
        <Dollars spend={run.usage} />
        {run.cost_budget_usd !== null && (
          <Budget
            name="Cost budget"
            text={usd(run.cost_budget_usd)}
            used={run.cost_usd === null ? null : Number(run.cost_usd) / Number(run.cost_budget_usd)}
            atLeast={run.usage.unknown_calls > 0 || run.usage.unpriced_calls > 0}
          />
        )}
      </Fact>
      <Fact name="Attempts">
        {whole(run.attempts)}
        {(run.issue_counts.major > 0 || run.issue_counts.minor > 0) && (
          <Small>
            {run.issue_counts.major} major, {count(run.issue_counts.minor, "minor issue")}
          </Small>
        )}
        {run.skipped_phases > 0 && <Small>{count(run.skipped_phases, "phase")} skipped</Small>}
        {run.unverified_phases > 0 && <Small>{whole(run.unverified_phases)} verified by nothing</Small>}
      </Fact>
    </dl>
  );
}

type BudgetProps = { name: string; text: string; used: number | null; atLeast: boolean };

/** How much of a budget is used; null where nothing is known, which is not nothing. */
function Budget({ name, text, used, atLeast }: BudgetProps) {
  const percents = used === null ? null : used * 100;
  const said = percents === null ? "share unknown" : `${atLeast ? "≥ " : ""}${share(percents)}`;
  return (
    <>
      <Small>
        of {text} budget · {said}
      </Small>
      {percents !== null && (
        <Bar
          value={percents / 100}
          label={name}
          text={`${said} used`}
          tone={capTone(percents)}
          className="mt-1 h-1.5"
        />
      )}
    </>
  );
}

function Small({ children }: { children: ReactNode }) {
  return <span className="block font-normal text-muted text-xs">{children}</span>;
}
