import type { Run } from "../api/runs";
import { Panel } from "../ui/Panel";

/** Which model builds and which audits, by category and complexity; for this run or for all new ones. */
export function ModelMapping({ run }: { run: Run }) {
  return <Panel title="Models">{run.run_id}</Panel>;
}
