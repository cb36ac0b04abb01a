import type { Run } from "../api/runs";
import { Panel } from "../ui/Panel";

/** What a person adds: where the run stands, to paste into a chat, and notes that later prompts carry. */
export function InterventionHelpers({ run }: { run: Run }) {
  return <Panel title="Notes and context">{run.run_id}</Panel>;
}
