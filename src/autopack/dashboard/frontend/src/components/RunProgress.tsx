import type { Run } from "../api/runs";
import { Panel } from "../ui/Panel";

/** Where a run is, and what it did. */
export function RunProgress({ run, phase }: { run: Run; phase: number | null }) {
  return (
    <Panel title={run.plan}>
      {run.run_id} {phase}
    </Panel>
  );
}
