import clsx from "clsx";
import type { PhaseOutline } from "../../api/runs";
import { duration } from "../../words/format";
import { outcomeWords } from "../../words/states";
import { type Axis, workedSeconds } from "./axis";

type Attempt = PhaseOutline["attempts"][number];
type Stage = Attempt["stages"][number]["stage"];

const LOOKS: Record<Stage, string> = {
  building: "bg-run",
  verifying: "bg-run/60",
  auditing: "bg-audit",
  committing: "bg-good",
};

type Props = { phase: PhaseOutline; axis: Axis; className?: string };

/** When the attempts at a phase were worked at, each as a bar of its stages, on the run's time. */
export function Track({ phase, axis, className }: Props) {
  const waits = axis.stretches.flatMap((one) => (one.wait === null ? [] : [one.wait]));
  const said = phase.attempts.map((attempt) => {
    const worked = workedSeconds(attempt.started_at, attempt.ended_at ?? axis.end, waits);
    return `attempt ${attempt.number} ${outcomeWords(attempt.outcome)}, ${duration(worked)}`;
  });
  return (
    <span
      role="img"
      aria-label={said.length === 0 ? "not begun" : said.join("; ")}
      title={said.join("\n")}
      className={clsx("relative block h-4 overflow-hidden rounded-sm bg-sunken", className)}
    >
      {phase.attempts.map((attempt) => (
        <Bars key={attempt.number} attempt={attempt} axis={axis} />
      ))}
      {axis.stretches.map(
        (one) =>
          one.wait !== null && (
            <span
              key={one.from}
              className="striped absolute inset-y-0 bg-sunken text-wait/70"
              style={{ left: share(one.left), width: share(one.right - one.left) }}
            />
          ),
      )}
    </span>
  );
}

function Bars({ attempt, axis }: { attempt: Attempt; axis: Axis }) {
  const left = axis.at(attempt.started_at);
  const right = axis.at(attempt.ended_at ?? axis.end);
  const failed = attempt.outcome !== "open" && attempt.outcome !== "committed";
  return (
    <>
      {attempt.stages.map((stage) => {
        const from = axis.at(stage.started_at);
        const to = axis.at(stage.ended_at ?? attempt.ended_at ?? axis.end);
        return (
          <span
            key={stage.started_at + stage.stage}
            className={clsx("absolute inset-y-0.5 min-w-px", LOOKS[stage.stage])}
            style={{ left: share(from), width: share(to - from) }}
          />
        );
      })}
      <span
        className={clsx("absolute inset-y-0.5 min-w-0.5 border-r", failed ? "border-bad" : "border-surface")}
        style={{ left: share(left), width: share(right - left) }}
      />
      {failed && (
        <span
          className="absolute bottom-0 h-1 min-w-0.5 bg-bad"
          style={{ left: share(left), width: share(right - left) }}
        />
      )}
      {attempt.outcome === "committed" && (
        <span
          className="absolute bottom-0 h-1 min-w-0.5 bg-good"
          style={{ left: share(left), width: share(right - left) }}
        />
      )}
    </>
  );
}

function share(part: number): string {
  return `${(part * 100).toFixed(3)}%`;
}
