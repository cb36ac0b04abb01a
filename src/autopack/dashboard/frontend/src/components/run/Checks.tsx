import { CircleCheck, CircleX } from "lucide-react";
import type { Attempt, PhaseDetail } from "../../api/runs";
import { duration, words } from "../../words/format";
import { visible } from "../../words/visible";
import { Folded } from "./AttemptDetails";

type Check = Attempt["checks"][number];

/** The commands that ran on the change: how each ended, on which tree, and the end of what it said. */
export function Checks({ checks, outputs }: { checks: readonly Check[]; outputs: PhaseDetail["outputs"] }) {
  return (
    <ul className="space-y-2">
      {checks.map(({ step, evidence }, place) => {
        const passed = evidence.exit_code === 0 && !evidence.timed_out && evidence.exceeded === "";
        const output = outputs[place];
        return (
          <li key={`${step} ${evidence.output_sha} ${evidence.argv.join(" ")}`}>
            <p className="flex flex-wrap items-baseline gap-x-2">
              {passed ? (
                <CircleCheck aria-label="Passed" className="size-4 shrink-0 translate-y-0.5 text-good" />
              ) : (
                <CircleX aria-label="Failed" className="size-4 shrink-0 translate-y-0.5 text-bad" />
              )}
              <code className="min-w-0 font-mono text-xs wrap-anywhere">
                {visible(evidence.argv.at(-1) ?? "")}
              </code>
              <span className="text-muted text-xs">
                {step} · {ending(evidence)} · {duration(evidence.duration_seconds)}
                {evidence.counts !== null && ` · ${counted(evidence.counts)}`} · tree{" "}
                <span className="font-mono">{evidence.tree.slice(0, 10)}</span>
              </span>
            </p>
            {output !== undefined && (output.lines.length > 0 || output.gone) && (
              <Folded summary={output.gone ? "Its output is gone" : "The end of its output"}>
                {output.gone ? (
                  <p className="text-muted">The output was removed from Autopack's folder by hand.</p>
                ) : (
                  <pre className="verbatim max-h-96 overflow-y-auto rounded-md bg-sunken p-2">
                    {output.left_out > 0 && `… ${output.left_out} lines before\n`}
                    {visible(output.lines.join("\n"))}
                  </pre>
                )}
              </Folded>
            )}
          </li>
        );
      })}
    </ul>
  );
}

function ending(evidence: Check["evidence"]): string {
  if (evidence.timed_out) return "out of time";
  if (evidence.exceeded !== "") return `over its limit of ${words(evidence.exceeded)}`;
  return `exit code ${evidence.exit_code}`;
}

function counted(counts: NonNullable<Check["evidence"]["counts"]>): string {
  const said = [`${counts.passed} passed`];
  if (counts.failed > 0) said.push(`${counts.failed} failed`);
  if (counts.errors > 0) said.push(`${counts.errors} errors`);
  if (counts.skipped > 0) said.push(`${counts.skipped} skipped`);
  return said.join(", ");
}
