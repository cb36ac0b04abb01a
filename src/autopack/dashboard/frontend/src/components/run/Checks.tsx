import { CircleCheck, CircleX } from "lucide-react";
import type { Attempt, PhaseDetail } from "../../api/runs";
import { Fold } from "../../ui/Fold";
import { Verbatim } from "../../ui/Verbatim";
import { count, duration, words } from "../../words/format";
import { visible } from "../../words/visible";

type Check = Attempt["checks"][number];

/** The commands that ran on the change: how each ended, on which tree, and the end of what it said. */
export function Checks({ checks, outputs }: { checks: readonly Check[]; outputs: PhaseDetail["outputs"] }) {
  return (
    <ul className="space-y-2">
      {checks.map(({ step, evidence }, place) => {
        const passed = evidence.exit_code === 0 && !evidence.timed_out && evidence.exceeded === "";
        const output = outputs[place];
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: what ran is only ever added to
          <li key={place}>
            <div className="flex gap-2">
              {passed ? (
                <CircleCheck aria-label="Passed" className="mt-0.5 size-4 shrink-0 text-good" />
              ) : (
                <CircleX aria-label="Failed" className="mt-0.5 size-4 shrink-0 text-bad" />
              )}
              <p className="flex min-w-0 flex-wrap items-baseline gap-x-2">
                <code className="min-w-0 font-mono text-xs wrap-anywhere">
                  {visible(evidence.argv.at(-1) ?? "")}
                </code>
                <span className="text-muted text-xs">
                  {step} · {ending(evidence)} · {duration(evidence.duration_seconds)}
                  {evidence.counts !== null && ` · ${counted(evidence.counts)}`} · tree{" "}
                  <span className="font-mono">{evidence.tree.slice(0, 10)}</span>
                </span>
              </p>
            </div>
            {output !== undefined && (output.lines.length > 0 || output.gone) && (
              <Fold summary={output.gone ? "Its output is gone" : "The end of its output"}>
                {() =>
                  output.gone ? (
                    <p className="text-muted">The output was removed from Autopack's folder by hand.</p>
                  ) : (
                    <Verbatim label="The end of its output" text={textOf(output)} />
                  )
                }
              </Fold>
            )}
          </li>
        );
      })}
    </ul>
  );
}

function textOf({ left_out, lines }: PhaseDetail["outputs"][number]): string {
  return (left_out > 0 ? [`… ${count(left_out, "line")} before`, ...lines] : lines).join("\n");
}

function ending(evidence: Check["evidence"]): string {
  if (evidence.timed_out) return "out of time";
  if (evidence.exceeded !== "") {
    const by = evidence.exceeded_by === "" ? "" : ` (${visible(evidence.exceeded_by)})`;
    return `over its limit of ${words(evidence.exceeded)}${by}`;
  }
  return `exit code ${evidence.exit_code}`;
}

function counted(counts: NonNullable<Check["evidence"]["counts"]>): string {
  const said = [`${counts.passed} passed`];
  if (counts.failed > 0) said.push(`${counts.failed} failed`);
  if (counts.errors > 0) said.push(count(counts.errors, "error"));
  if (counts.skipped > 0) said.push(`${counts.skipped} skipped`);
  return said.join(", ");
}
