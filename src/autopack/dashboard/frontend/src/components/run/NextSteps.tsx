import { useState } from "react";
import type { Run } from "../../api/runs";
import { CopyButton } from "../../ui/CopyButton";
import { clock } from "../../words/format";
import { hasEnded } from "../../words/states";

/** What to type to have the work of a run that has ended: taking it is done in the repository, not here. */
export function NextSteps({ run }: { run: Run }) {
  const [byHand, setByHand] = useState(false);
  if (!hasEnded(run.state)) return null;
  if (run.discarded_at !== null)
    return <Told>Its branch and workspace were deleted {clock(run.discarded_at)}.</Told>;
  if (run.merged_at !== null) return <Told>Its work was merged {clock(run.merged_at)}.</Told>;
  if (run.head_commit === null || run.head_commit === run.base_commit) {
    return <Told>Nothing was committed; the repository is as it was.</Told>;
  }
  const command = `autopack merge ${run.run_id}`;
  return (
    <div className="mt-3 flex flex-wrap items-center gap-2 rounded-lg bg-sunken px-3 py-2">
      <p className="w-full">
        The work is on <code className="font-mono text-xs wrap-anywhere">{run.branch}</code>. In the
        repository:
      </p>
      <code
        className={`grow basis-60 font-mono text-xs wrap-anywhere ${byHand ? "select-all rounded bg-warn-soft px-1" : ""}`}
      >
        {command}
      </code>
      <CopyButton text={command} onFailure={() => setByHand(true)}>
        Copy
      </CopyButton>
    </div>
  );
}

function Told({ children }: { children: React.ReactNode }) {
  return <p className="mt-3 text-muted">{children}</p>;
}
